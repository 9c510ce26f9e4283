"""Where the vehicle that carries a camera is: a recorded drive, or a receiver."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, Field

from vision.config.base import Settings, ShippedPath
from vision.config.zones import Crs

_BAUDS = (4800, 9600, 19200, 38400, 57600, 115200, 230400)
_WANTED = (
    "expected tcp://host:port, udp://0.0.0.0:port (listens) or "
    "serial:/dev/ttyUSB0?baud=9600"
)


class _Timed(Settings):
    """What holds of every source.

    `offset_s` is added to its times: positive where its clock is behind that of the
    pictures. Between positions more than `max_gap_s` apart nothing is known.
    """

    offset_s: float = Field(default=0, ge=-4e9, le=4e9)
    max_gap_s: float = Field(default=3, gt=0, le=60)


class _Recorded(_Timed):
    """What holds of every file.

    `crs`: what its places are given in; loggers of Chinese navigation apps write
    `gcj02` or `bd09`, as their maps show it, some 500 m off.
    """

    path: ShippedPath
    crs: Crs = "wgs84"


class CsvPosition(_Recorded):
    """A table whose first line names its columns.

    Time is `t_sec` (seconds from the start of the video) or `utc`, `timestamp`, `time`
    (ISO 8601, UTC without a zone; or a number of seconds); place is `lat` and `lon`,
    WGS-84 degrees; `heading` or `course` (degrees from north), `speed` (m/s; or
    `speed_kmh`) and `accuracy` (m) may be there. The usual other names will do.
    """

    type: Literal["csv"]


class GpxPosition(_Recorded):
    """A GPX track; its times are UTC."""

    type: Literal["gpx"]


class NmeaPosition(_Recorded):
    """A log of NMEA 0183 sentences, RMC among them; its times are UTC."""

    type: Literal["nmea"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a receiver's sentences come from.

    Attributes:
        kind: how.
        host: to connect to, or the address to listen at; "" for a serial port.
        port: likewise; 0 for a serial port.
        device: path of a serial port; "" for the network.
        baud: bits per second of a serial port.
    """

    kind: Literal["tcp", "udp", "serial"]
    host: str = ""
    port: int = 0
    device: str = ""
    baud: int = 9600


def endpoint(url: str) -> Endpoint:
    """Return what an address means.

    Raises:
        ValueError: nothing can be read from there.
    """
    parts = urlsplit(url)
    kind = parts.scheme
    if kind == "serial":
        return _serial(parts.path, parts.query)
    if kind not in {"tcp", "udp"} or parts.username or parts.path.strip("/"):
        raise ValueError(_WANTED)
    port = parts.port  # a ValueError of its own where it is no number
    if not port or (kind == "tcp" and not parts.hostname):
        raise ValueError(_WANTED)
    return Endpoint("tcp" if kind == "tcp" else "udp", parts.hostname or "", port)


def _serial(device: str, query: str) -> Endpoint:
    words = parse_qs(query, strict_parsing=bool(query)).get("baud", ["9600"])
    baud = int(words[0]) if re.fullmatch(r"\d{1,9}", words[0]) else 0
    if not device.startswith("/") or baud not in _BAUDS:
        msg = f"{_WANTED} with a baud of {', '.join(map(str, _BAUDS))}"
        raise ValueError(msg)
    return Endpoint("serial", device=device, baud=baud)


def _known(url: str) -> str:
    endpoint(url)
    return url


class NmeaStreamPosition(_Timed):
    """A receiver that sends NMEA 0183 sentences now.

    `tcp://host:port` connects, `udp://0.0.0.0:port` listens (whoever can send to that
    port is believed: keep it within the vehicle), `serial:/dev/ttyUSB0?baud=9600`
    reads a serial port.
    """

    type: Literal["nmea_stream"]
    url: Annotated[str, AfterValidator(_known)]


class GpsdPosition(_Timed):
    """The daemon gpsd, which may serve several programs at once."""

    type: Literal["gpsd"]
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=2947, ge=1, le=65535)


PositionSettings = Annotated[
    CsvPosition | GpxPosition | NmeaPosition | NmeaStreamPosition | GpsdPosition,
    Field(discriminator="type"),
]
