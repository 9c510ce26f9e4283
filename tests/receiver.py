"""Real receivers: sentences with checksums, and servers that send them or worse."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from tests.fakes import frame
from vision.core.frame import Frame

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

Behaviour = Callable[[socket.socket], None]
"""What a server does with a connection, in a thread of its own."""


class StandingClock:
    """Wall time stands, so that a busy machine makes nothing late; waits still end."""

    def now(self) -> datetime:
        return NOON

    def monotonic_s(self) -> float:
        return time.monotonic()


def sentence(body: str) -> str:
    """Return a sentence with its checksum, without the end of the line."""
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    return f"${body}*{checksum:02X}"


def rmc(
    at: datetime,
    lat: float,
    lon: float,
    *,
    knots: float | None = 19.438,
    course_deg: float | None = 90.0,
    status: str = "A",
) -> str:
    """Return an RMC sentence."""
    clock = f"{at:%H%M%S}.{at.microsecond // 10_000:02d}"
    speed = "" if knots is None else f"{knots:.3f}"
    course = "" if course_deg is None else f"{course_deg:.2f}"
    place = f"{_angle(lat, 2)},{'NS'[lat < 0]},{_angle(lon, 3)},{'EW'[lon < 0]}"
    return sentence(f"GNRMC,{clock},{status},{place},{speed},{course},{at:%d%m%y},,,A")


def gga(at: datetime, lat: float, lon: float, *, hdop: float, quality: int = 1) -> str:
    """Return a GGA sentence."""
    clock = f"{at:%H%M%S}.{at.microsecond // 10_000:02d}"
    place = f"{_angle(lat, 2)},{'NS'[lat < 0]},{_angle(lon, 3)},{'EW'[lon < 0]}"
    return sentence(f"GNGGA,{clock},{place},{quality},12,{hdop},23.0,M,-14.0,M,,")


def taken(at: datetime, media_s: float = 0.0) -> Frame:
    """Return a picture that was taken at a moment."""
    blank = frame(at_s=media_s)
    return Frame(blank.camera_id, 0, media_s, at, blank.picture)


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[int]:
    """Serve TCP on a free port, the last behaviour again and again; yields the port."""
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def accept() -> None:
            connections = 0
            while not ending.is_set():
                with suppress(OSError):
                    connection, _ = server.accept()
                    behaviour = behaviours[min(connections, len(behaviours) - 1)]
                    connections += 1
                    with connection:
                        connection.settimeout(10)
                        behaviour(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ending.set()
        thread.join(10)


def sending(*lines: str) -> Behaviour:
    """Send lines, then wait until the other side hangs up."""

    def behave(connection: socket.socket) -> None:
        connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
        hanging(connection)

    return behave


def hanging(connection: socket.socket) -> None:
    """Send nothing more, and wait until the other side hangs up."""
    while connection.recv(4096):
        pass


def _angle(degrees: float, digits: int) -> str:
    whole, rest = divmod(abs(degrees), 1)
    return f"{int(whole):0{digits}d}{rest * 60:08.5f}"
