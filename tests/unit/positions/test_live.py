"""Real servers, datagrams and a terminal; some of them behave badly."""

import itertools
import json
import logging
import os
import random
import socket
import termios
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest

from tests.receiver import (
    NOON,
    Behaviour,
    StandingClock,
    gga,
    hanging,
    rmc,
    sending,
    serving,
    taken,
)
from vision.core.backoff import Backoff
from vision.positions.gpsd import WATCH, decode_gpsd
from vision.positions.heard import Heard
from vision.positions.live import LiveOptions, LivePositions
from vision.positions.nmea import NmeaDecoder
from vision.positions.reading import Reading
from vision.positions.wires import Wire, connect_tcp, listen_udp, open_serial

PLACE = (30.5931, 114.3054)
CLOCK = StandingClock()


def positions(
    connect: Callable[[], Wire], *, silent_s: float = 30.0, offset_s: float = 0.0
) -> LivePositions:
    options = LiveOptions(
        label="receiver",
        silent_s=silent_s,
        offset_s=offset_s,
        backoff=Backoff(first_s=0.05, cap_s=0.1),
    )
    return LivePositions(
        connect, NmeaDecoder, options, clock=CLOCK, rng=random.Random(1)
    )


def tcp(port: int, *, silent_s: float = 30.0, offset_s: float = 0.0) -> LivePositions:
    connect = partial(connect_tcp, "127.0.0.1", port)
    return positions(connect, silent_s=silent_s, offset_s=offset_s)


def until(true: Callable[[], object]) -> None:
    ends_s = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends_s, "it did not come to pass in 20 s"
        time.sleep(0.01)


def drive(end: datetime, seconds: int = 5) -> list[str]:
    """Return the last seconds of a drive to the east, ten metres a second."""
    return [
        rmc(end - timedelta(seconds=i), PLACE[0], PLACE[1] - i * 1.0447e-4)
        for i in reversed(range(seconds))
    ]


def test_positions_over_tcp_answer_for_the_moments_of_pictures() -> None:
    with serving(sending(*drive(NOON))) as port:
        source = tcp(port)
        assert "not started" in source.describe()
        source.start()
        until(lambda: "5 at hand" in source.describe())
        then = source.at(taken(NOON - timedelta(seconds=2.5)))

        assert then is not None
        assert then.lat == pytest.approx(PLACE[0], abs=1e-6)
        assert then.lon == pytest.approx(PLACE[1] - 2.5 * 1.0447e-4, abs=2e-6)
        assert then.heading_deg == pytest.approx(90, abs=1)
        assert then.speed_mps == pytest.approx(10, abs=0.1)
        assert source.at(taken(NOON - timedelta(seconds=60))) is None
        assert source.at(taken(NOON + timedelta(seconds=60))) is None
        assert "latest position" in source.describe()
        assert source.why_not(taken(NOON)) == ""
        assert "60.0 s from" in source.why_not(taken(NOON + timedelta(seconds=60)))
        source.stop(5)


@pytest.mark.parametrize("years", [-20, 3])
def test_a_receiver_with_a_wrong_clock_does_as_well(years: int) -> None:
    wrong = NOON + timedelta(days=365 * years)
    with serving(sending(*drive(wrong))) as port:
        source = tcp(port)
        source.start()
        until(lambda: source.at(taken(NOON)))

        assert "its clock is" in source.describe()
        source.stop(5)


def test_an_offset_shifts_what_the_clocks_say() -> None:
    with serving(sending(*drive(NOON))) as port:
        source = tcp(port, offset_s=100)
        source.start()
        until(lambda: source.at(taken(NOON + timedelta(seconds=100))))

        assert source.at(taken(NOON)) is None
        source.stop(5)


def test_positions_over_udp_arrive_with_and_without_ends_of_lines() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = positions(partial(listen_udp, "127.0.0.1", port))
    source.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

        def told() -> object:
            for line in drive(NOON, 2):
                sender.sendto(line.encode(), ("127.0.0.1", port))
            sender.sendto(b"", ("127.0.0.1", port))
            sender.sendto(b"$GNRMC,half", ("127.0.0.1", port))
            return source.at(taken(NOON))

        until(told)
    source.stop(5)


def test_positions_over_a_serial_port() -> None:
    ours, theirs = os.openpty()
    try:
        name = os.ttyname(theirs)
        source = positions(partial(open_serial, name, 4800))
        source.start()
        until(lambda: "connected" in source.describe().partition(";")[2])
        os.write(ours, "".join(f"{line}\r\n" for line in drive(NOON)).encode())
        until(lambda: source.at(taken(NOON)))

        assert termios.tcgetattr(theirs)[4] == termios.B4800
        source.stop(5)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_serial_port_that_is_pulled_out_is_opened_again() -> None:
    terminals = [os.openpty(), os.openpty()]
    names = itertools.chain(map(os.ttyname, [terminals[0][1], terminals[1][1]]))
    source = positions(lambda: open_serial(next(names), 9600))
    source.start()
    until(lambda: "nothing came" in source.describe())
    os.close(terminals[0][1])
    os.close(terminals[0][0])
    ours, theirs = terminals[1]
    try:
        until(lambda: termios.tcgetattr(theirs)[4] == termios.B9600)
        os.write(ours, "".join(f"{line}\r\n" for line in drive(NOON)).encode())
        until(lambda: source.at(taken(NOON)))
        source.stop(5)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_port_that_somebody_has_is_told_of_in_words() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        source = positions(partial(listen_udp, "127.0.0.1", other.getsockname()[1]))
        source.start()
        until(lambda: "let gpsd listen, which serves" in source.describe())
        source.stop(5)


def test_no_serial_port_is_told_of_in_words(tmp_path: object) -> None:
    source = positions(partial(open_serial, f"{tmp_path}/ttyUSB0", 9600))
    source.start()
    until(lambda: "No such file" in source.describe())
    source.stop(5)
    none = positions(partial(open_serial, "/dev/null", 9600))
    none.start()
    until(lambda: "ioctl" in none.describe())
    none.stop(5)


def test_gpsd_is_asked_to_watch_and_heard() -> None:
    asked: list[bytes] = []

    def gpsd(connection: socket.socket) -> None:
        asked.append(connection.recv(4096))
        reports = [
            {"class": "VERSION", "release": "3.25"},
            {"class": "TPV", "mode": 1},
            {
                "class": "TPV",
                "mode": 3,
                "time": NOON.isoformat(),
                "lat": 30.5,
                "lon": 114.2,
            },
        ]
        connection.sendall("".join(json.dumps(r) + "\r\n" for r in reports).encode())
        hanging(connection)

    with serving(gpsd) as port:
        source = LivePositions(
            partial(connect_tcp, "127.0.0.1", port, WATCH),
            lambda: decode_gpsd,
            LiveOptions(label="gpsd"),
            clock=CLOCK,
            rng=random.Random(1),
        )
        source.start()
        until(lambda: source.at(taken(NOON)))
        source.stop(5)
    assert asked == [b'?WATCH={"enable":true,"json":true};\n']


def _garbage(connection: socket.socket) -> None:
    for _ in range(40):
        connection.sendall(random.Random(5).randbytes(2000))
        time.sleep(0.02)


def _endless_line(connection: socket.socket) -> None:
    for _ in range(40):
        connection.sendall(b"$GNRMC,1" * 500)
        time.sleep(0.02)


def _closes(connection: socket.socket) -> None:
    connection.sendall(b"$GNRMC,12")


def _resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize("bad", [hanging, _garbage, _endless_line, _closes, _resets])
def test_after_whatever_went_wrong_it_connects_anew(
    bad: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), serving(bad, sending(*drive(NOON))) as port:
        source = tcp(port, silent_s=0.4)
        source.start()
        until(lambda: source.at(taken(NOON)))
        source.stop(5)
    levels = [record.levelname for record in caplog.records]

    assert levels == ["WARNING", "INFO"]


def test_a_line_without_end_fills_no_memory() -> None:
    lengths: list[int] = []

    def measure(line: bytes) -> Heard:
        lengths.append(len(line))
        return Heard.OTHER

    with serving(sending("x" * 300_000)) as port:
        source = LivePositions(
            partial(connect_tcp, "127.0.0.1", port),
            lambda: measure,
            LiveOptions(label="receiver"),
            clock=CLOCK,
            rng=random.Random(1),
        )
        source.start()
        until(lambda: lengths)
        source.stop(5)

    assert lengths[0] < 30_000


def test_a_line_that_comes_and_goes_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended, count = threading.Semaphore(0), itertools.count()

    def short(connection: socket.socket) -> None:
        line = rmc(NOON + timedelta(seconds=next(count)), *PLACE)
        connection.sendall(f"{line}\r\n".encode())
        ended.release()

    with caplog.at_level(logging.INFO), serving(short) as port:
        source = tcp(port)
        source.start()
        for _ in range(8):
            assert ended.acquire(timeout=20)
        source.stop(5)

    assert len(caplog.records) <= 2


def test_without_a_fix_it_says_so() -> None:
    with serving(sending(rmc(NOON, *PLACE, status="V"))) as port:
        source = tcp(port)
        source.start()
        until(lambda: "the receiver has no fix" in source.describe())

        assert source.at(taken(NOON)) is None
        assert "no position yet" in source.why_not(taken(NOON))
        source.stop(5)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "nothing came yet"),
        ((gga(NOON, *PLACE, hdop=0.9),), "NMEA needs RMC sentences"),
    ],
)
def test_what_a_receiver_does_not_say_is_told(
    lines: tuple[str, ...], said: str
) -> None:
    with serving(sending(*lines)) as port:
        source = tcp(port)
        source.start()
        until(lambda: said in source.describe())
        source.stop(5)


def test_nobody_there_is_told_of_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    source = tcp(port)
    source.start()
    until(lambda: "refused" in source.describe())
    source.stop(5)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    years_ago = NOON.replace(year=2006)
    lines = [*drive(NOON), *drive(years_ago, 6)]
    with serving(sending(*lines)) as port:
        source = tcp(port)
        source.start()
        until(lambda: "6 at hand" in source.describe())

        assert source.at(taken(NOON)) is not None
        source.stop(5)


def test_a_flood_fills_no_memory() -> None:
    flood = [
        rmc(NOON - timedelta(milliseconds=10 * i), *PLACE)
        for i in reversed(range(3000))
    ]
    with serving(sending(*flood)) as port:
        source = tcp(port)
        source.start()
        until(lambda: source.at(taken(NOON)))
        until(lambda: int(source.describe().split(",")[1].split()[0]) >= 1000)

        assert int(source.describe().split(",")[1].split()[0]) <= 1501
        source.stop(5)


@pytest.mark.parametrize("behaviour", [hanging, _garbage])
def test_stopping_ends_the_thread_and_it_can_start_again(behaviour: Behaviour) -> None:
    before = threading.active_count()
    with serving(behaviour) as port:
        source = tcp(port)
        source.stop(1)
        for _ in range(2):
            source.start()
            until(lambda: "connected" in source.describe().partition(";")[2])
            source.stop(5)
            source.stop(5)
    assert threading.active_count() == before


def test_stopping_waits_for_nobody_longer_than_asked() -> None:
    release = threading.Event()

    def never() -> Wire:
        release.wait(30)
        raise TimeoutError

    source = positions(never)
    source.start()
    began_s = time.monotonic()
    source.stop(0.1)
    took_s = time.monotonic() - began_s
    release.set()

    assert took_s < 10


def test_the_decoder_of_a_connection_may_break_without_ending_the_thread() -> None:
    nmea = NmeaDecoder()

    def fragile(line: bytes) -> Reading | Heard:
        if line == b"boom":
            raise KeyError(line)
        return nmea(line)

    with serving(sending("boom", *drive(NOON))) as port:
        source = LivePositions(
            partial(connect_tcp, "127.0.0.1", port),
            lambda: fragile,
            LiveOptions(label="receiver"),
            clock=CLOCK,
            rng=random.Random(1),
        )
        source.start()
        until(lambda: source.at(taken(NOON)))
        source.stop(5)
