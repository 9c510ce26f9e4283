"""Positions of a receiver that tells them now."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vision.core.backoff import Backoff
from vision.core.frame import Frame
from vision.core.ports import Clock
from vision.core.position import Fix
from vision.core.redaction import without_secrets
from vision.positions.clocks import ClockOffset
from vision.positions.heard import Decoder, Heard
from vision.positions.reading import Reading
from vision.positions.track import Track
from vision.positions.wires import Wire

KEEP_S = 120.0
"""Positions older than that before the latest are forgotten."""

_BEYOND_S = 2.0  # receivers tell once a second, and up to a second late
_LEAST_STEP_S = 0.02  # no receiver is faster, and a flood fills no memory
_BACK_S = 5.0  # its clock was set: what came before counts no more
_POLL_S = 0.2
_LONGEST_LINE = 16_384  # of gpsd; NMEA allows 82
_NOTHING = "connected or listening, and nothing came yet"
_OTHER = (
    "what comes has no position with its date: NMEA needs RMC sentences (GGA alone has "
    "no date), gpsd a receiver that it knows of"
)
_QUIET_S = 3600.0  # between two warnings of a line that comes and goes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """Which receiver, and how patient one is with it.

    Attributes:
        label: its address as it may be shown.
        offset_s: added to the times of its positions, on top of what is estimated.
        max_gap_s: between positions further apart nothing is known, seconds.
        silent_s: without a line that makes sense for so long, it is connected anew.
        backoff: waits between attempts.
    """

    label: str
    offset_s: float = 0.0
    max_gap_s: float = 3.0
    silent_s: float = 30.0
    backoff: Backoff = field(default_factory=Backoff)


class LivePositions:
    """A `PositionSource` that keeps itself connected; a thread of its own reads.

    Positions are kept at their own UTC time, for a line may come late and in bursts.
    Pictures carry this machine's time; how the two clocks differ is estimated from
    when positions arrive (see `ClockOffset`), so that a receiver or a machine with a
    wrong clock does as well.
    """

    def __init__(
        self,
        connect: Callable[[], Wire],
        decoder: Callable[[], Decoder],
        options: LiveOptions,
        *,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        """Prepare; `start` begins.

        Args:
            connect: opens the connection; bounded, raises OSError.
            decoder: makes what reads the lines of one connection.
            options: which receiver, how patient.
            clock: when positions arrive.
            rng: jitter of the back-off.
        """
        self._connect = connect
        self._decoder = decoder
        self._options = options
        self._clock = clock
        self._rng = rng
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # of all that follows
        self._track = Track(
            max_gap_s=options.max_gap_s, beyond_s=_BEYOND_S, keep_s=KEEP_S
        )
        self._offset = ClockOffset()
        self._latest_s: float | None = None  # arrival, monotonic
        self._trouble = "not started"
        self._warned_s: float | None = None
        self._told = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read in the background; again only after `stop`."""
        # Each thread has its own word to stop: one that hangs never wakes again.
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._work,
            args=(self._stopping,),
            name=f"position-{self._options.label}",
            daemon=True,
        )
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop reading; returns within `timeout_s`, whatever the receiver does."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def at(self, frame: Frame) -> Fix | None:
        """Return where the vehicle was when a picture was taken, or None."""
        with self._lock:
            return self._track.at(self._time_of(frame))

    def describe(self) -> str:
        """Return how old the latest position is and how many are at hand."""
        with self._lock:
            label, count = self._options.label, len(self._track)
            if self._latest_s is None:
                return f"{label}: no position yet; {self._trouble or 'connected'}"
            age_s = self._clock.monotonic_s() - self._latest_s
            text = f"{label}: latest position {age_s:.1f} s ago, {count} at hand"
            if self._offset.estimate_s:
                text += f"; its clock is {-self._offset.estimate_s:+.1f} s off this one"
            return f"{text}; {self._trouble}" if self._trouble else text

    def why_not(self, frame: Frame) -> str:
        """Return why there is no position for a picture; "" where there is one."""
        with self._lock:
            at_s = self._time_of(frame)
            if self._track.at(at_s) is not None:
                return ""
            far_s = self._track.nearest_gap_s(at_s)
        text = self.describe()
        if self._latest_s is None:
            return text
        return f"{text}; the nearest one is {far_s:.1f} s from the picture"

    def _time_of(self, frame: Frame) -> float:
        """Return when a picture was taken, on the receiver's clock, seconds."""
        host_s = frame.captured_at.timestamp()
        return host_s - self._offset.estimate_s - self._options.offset_s

    def _work(self, stopping: threading.Event) -> None:
        failures = 0
        while not stopping.is_set():
            before_s = self._latest_s
            self._attempt(stopping)
            # One that accepts and tells no position is no success.
            failures = failures + 1 if self._latest_s == before_s else 1
            stopping.wait(self._options.backoff.delay_s(failures, self._rng))

    def _attempt(self, stopping: threading.Event) -> None:
        """Connect and read until it breaks or is stopped; nothing is raised."""
        wire: Wire | None = None
        try:
            wire = self._connect()
            self._set_trouble(_NOTHING)
            self._read(wire, stopping)
        except (OSError, ValueError, ArithmeticError) as error:
            self._fail(str(error) or repr(error))
        finally:
            if wire is not None:
                wire.close()

    def _read(self, wire: Wire, stopping: threading.Event) -> None:
        """Read line after line until stopped.

        Raises:
            OSError: the connection broke, or fell silent.
        """
        decode = self._decoder()
        rest = b""
        alive_s = self._clock.monotonic_s()
        wrong = ""
        while not stopping.is_set():
            content = wire.read(_POLL_S)
            *lines, rest = (rest + content).split(b"\n")
            rest = rest[-_LONGEST_LINE:]
            for line in filter(None, map(bytes.strip, lines)):
                try:
                    self._take(_decoded(decode, line))
                except ValueError as error:
                    wrong = str(error)
                    continue
                alive_s, wrong = self._clock.monotonic_s(), ""
            if self._clock.monotonic_s() - alive_s > self._options.silent_s:
                what = f"nothing that makes sense ({wrong})" if wrong else "nothing"
                msg = f"{what} came for {self._options.silent_s:g} s"
                raise TimeoutError(msg)

    def _take(self, heard: Reading | Heard) -> None:
        if heard is Heard.NO_FIX:
            self._set_trouble("the receiver has no fix")
        if heard is Heard.OTHER and self._trouble == _NOTHING:
            self._set_trouble(_OTHER)
        if not isinstance(heard, Reading):
            return
        arrived_s = self._clock.now().timestamp()
        with self._lock:
            span_s = self._track.span_s
            last_s = heard.at_s - 1.0 if span_s is None else span_s[1]
            if heard.at_s < last_s - _BACK_S:
                self._track.clear()
                self._offset = ClockOffset()
            elif heard.at_s < last_s + _LEAST_STEP_S:
                return
            self._track.append(heard)
            self._offset.note(fix_s=heard.at_s, arrived_s=arrived_s)
            self._latest_s = self._clock.monotonic_s()
            self._trouble = ""
        if self._told:
            self._told = False
            _log.info("%s: positions arrive again", self._options.label)

    def _set_trouble(self, text: str) -> None:
        with self._lock:
            self._trouble = text

    def _fail(self, text: str) -> None:
        """Remember why there are no positions; tell, but not every minute."""
        text = without_secrets(text)
        self._set_trouble(text)
        now_s = self._clock.monotonic_s()
        if self._warned_s is None or now_s - self._warned_s > _QUIET_S:
            self._warned_s, self._told = now_s, True
            _log.warning("%s: no positions: %s", self._options.label, text)


def _decoded(decode: Decoder, line: bytes) -> Reading | Heard:
    """Return what a line is; whatever a stranger sends, it ends no thread.

    Raises:
        ValueError: nothing that makes sense.
    """
    try:
        return decode(line)
    except Exception as error:
        raise ValueError(str(error) or repr(error)) from error
