"""Which recording or receiver a camera's `position` means."""

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import assert_never

from vision.config.positions import (
    CsvPosition,
    Endpoint,
    GpsdPosition,
    GpxPosition,
    NmeaPosition,
    NmeaStreamPosition,
    PositionSettings,
    endpoint,
)
from vision.core.crs import Crs, to_wgs84
from vision.core.ports import Clock
from vision.positions.csv_file import read_csv
from vision.positions.described import DescribedPositions
from vision.positions.gpsd import WATCH, decode_gpsd
from vision.positions.gpx_file import read_gpx
from vision.positions.heard import Decoder
from vision.positions.live import LiveOptions, LivePositions
from vision.positions.nmea import NmeaDecoder, read_nmea
from vision.positions.reading import Reading
from vision.positions.recorded import RecordedPositions
from vision.positions.recording import Recording
from vision.positions.shared import SharedPositions
from vision.positions.wires import Wire, connect_tcp, listen_udp, open_serial


def build_positions(settings: PositionSettings, *, clock: Clock) -> DescribedPositions:
    """Return a source of positions; a file is read now, a receiver from `start` on.

    Args:
        settings: what the site says.
        clock: when a receiver's positions arrive.

    Raises:
        ConfigError: a file is missing or holds no usable positions.
    """
    match settings:
        case CsvPosition():
            return _recorded(read_csv(settings.path), settings)
        case GpxPosition():
            return _recorded(read_gpx(settings.path), settings)
        case NmeaPosition():
            return _recorded(read_nmea(settings.path), settings)
        case NmeaStreamPosition():
            source = partial(_wire, endpoint(settings.url))
            return _live(source, NmeaDecoder, settings.url, settings, clock)
        case GpsdPosition():
            source = partial(connect_tcp, settings.host, settings.port, WATCH)
            label = f"gpsd://{settings.host}:{settings.port}"
            return _live(source, lambda: decode_gpsd, label, settings, clock)
        case _:
            assert_never(settings)


class PositionSources:
    """Gives the cameras of one vehicle their positions.

    Cameras with the same settings share one source: a serial port or an UDP port has
    one reader, and a file need not be read twice. They may ask at the same time.
    """

    def __init__(self, *, clock: Clock) -> None:
        """Begin without a source.

        Args:
            clock: when a receiver's positions arrive.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._shared: dict[PositionSettings, SharedPositions] = {}

    def of(self, settings: PositionSettings) -> DescribedPositions:
        """Return a camera's source; it is started and stopped as if it had its own.

        Raises:
            ConfigError: a file is missing or holds no usable positions.
        """
        with self._lock:
            if settings not in self._shared:
                source = build_positions(settings, clock=self._clock)
                self._shared[settings] = SharedPositions(source)
            return self._shared[settings].lease()


def _recorded(
    recording: Recording, settings: CsvPosition | GpxPosition | NmeaPosition
) -> RecordedPositions:
    crs = Crs(settings.crs)
    if crs is not Crs.WGS84:
        readings = tuple(_in_wgs84(one, crs) for one in recording.readings)
        recording = replace(recording, readings=readings)
    return RecordedPositions(
        recording, offset_s=settings.offset_s, max_gap_s=settings.max_gap_s
    )


def _in_wgs84(one: Reading, crs: Crs) -> Reading:
    lat, lon = to_wgs84(one.lat, one.lon, crs)
    return replace(one, lat=lat, lon=lon)


def _live(
    connect: Callable[[], Wire],
    decoder: Callable[[], Decoder],
    label: str,
    settings: NmeaStreamPosition | GpsdPosition,
    clock: Clock,
) -> LivePositions:
    options = LiveOptions(
        label=label, offset_s=settings.offset_s, max_gap_s=settings.max_gap_s
    )
    rng = random.SystemRandom()
    return LivePositions(connect, decoder, options, clock=clock, rng=rng)


def _wire(source: Endpoint) -> Wire:
    """Open what an address means.

    Raises:
        OSError: it cannot be opened.
    """
    match source.kind:
        case "tcp":
            return connect_tcp(source.host, source.port)
        case "udp":
            return listen_udp(source.host, source.port)
        case "serial":
            return open_serial(source.device, source.baud)
        case _:
            assert_never(source.kind)
