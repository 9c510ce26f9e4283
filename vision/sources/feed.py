"""One camera kept alive: a thread reads, reconnects and buffers."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vision.core.backoff import Backoff
from vision.core.errors import SourceError, SourceOpenError, SourceReadError
from vision.core.feed import FeedState, FeedStatus
from vision.core.frame import Frame
from vision.core.health import HealthKind
from vision.core.ports import Clock, FrameSource, HealthListener
from vision.core.redaction import without_secrets
from vision.sources.buffer import FrameBuffer
from vision.sources.report import CameraReport

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions:
    """Which camera a feed keeps alive, and how patient it is.

    Attributes:
        camera_id: which camera.
        stall_s: a live feed without a frame for so long is connected anew, seconds;
            must exceed the sampling period and the distance of key frames. The
            source's own time-outs act long before: this is the net below them.
        backoff: waits between attempts to connect.
        queue_frames: frames of a file that wait at most; live feeds keep one.
    """

    camera_id: str
    stall_s: float = 120.0
    backoff: Backoff = field(default_factory=Backoff)
    queue_frames: int = 3


class ReaderFeed:
    """A `CameraFeed` around one source; nothing it meets reaches other cameras."""

    def __init__(
        self,
        source: FrameSource,
        options: FeedOptions,
        *,
        clock: Clock,
        rng: random.Random,
        on_health: HealthListener | None = None,
        on_arrival: Callable[[], None] | None = None,
    ) -> None:
        """Prepare; `start` begins.

        Args:
            source: can be opened again after it was closed.
            options: which camera, how patient.
            clock: for the ages of frames.
            rng: jitter of the back-off.
            on_health: told when the camera fails and when it is back.
            on_arrival: called after a frame was buffered or the state changed, from
                the reading thread; must be quick and must not raise.
        """
        self._source = source
        self._options = options
        self._clock = clock
        self._rng = rng
        self._on_arrival = on_arrival
        self._report = CameraReport(options.camera_id, clock=clock, listener=on_health)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._state = FeedState.CONNECTING
        self._frames_in = 0
        self._connections = 0
        self._last_error: str | None = None
        self._buffer: FrameBuffer | None = None
        self._troubles: set[HealthKind] = set()
        self._life_s = 0.0  # latest connection or frame, on the real clock
        self._thread = threading.Thread(
            target=self._work, name=f"feed-{options.camera_id}", daemon=True
        )

    @property
    def live(self) -> bool:
        """Whether the newest frame matters more than every frame."""
        return self._source.live

    @property
    def camera_id(self) -> str:
        """Which camera."""
        return self._options.camera_id

    def start(self) -> None:
        """Begin reading in the background; call once."""
        self._thread.start()

    def take(self) -> Frame | None:
        """Return the next waiting frame, or None; never blocks."""
        self._watch()
        return None if self._buffer is None else self._buffer.take()

    def status(self) -> FeedStatus:
        """Return counters and state."""
        self._watch()
        buffer = self._buffer
        return FeedStatus(
            state=self._state,
            frames_in=self._frames_in,
            dropped=0 if buffer is None else buffer.dropped,
            shed=self._source.shed,
            reconnects=max(self._connections - 1, 0),
            queued=0 if buffer is None else buffer.queued,
            oldest_age_s=0.0 if buffer is None else buffer.oldest_age_s,
            last_error=self._last_error,
        )

    def stop(self, timeout_s: float) -> None:
        """Stop reading; returns within `timeout_s`, whatever the camera does."""
        self._stopping.set()
        if self._buffer is not None:
            self._buffer.close()
        ends_s = time.monotonic() + timeout_s
        closer = threading.Thread(target=self._source.close, daemon=True)
        closer.start()
        closer.join(timeout_s)
        if self._thread.ident is not None:
            self._thread.join(max(ends_s - time.monotonic(), 0.0))
        with self._lock:
            self._state = FeedState.STOPPED

    def _work(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            frames_before = self._frames_in
            ended = self._attempt()
            if self._stopping.is_set():
                return
            if ended:
                self._enter(FeedState.ENDED)
                self._tell_end()
                return
            if not self._source.live:
                self._enter(FeedState.FAILED)
                return
            # A camera that accepts and says nothing is no success.
            failures = 1 if self._frames_in > frames_before else failures + 1
            self._enter(FeedState.WAITING)
            self._stopping.wait(self._options.backoff.delay_s(failures, self._rng))

    def _tell_end(self) -> None:
        damage = self._source.damage.text()
        if damage:
            _log.warning(
                "%s: %s", self.camera_id, damage, extra={"camera": self.camera_id}
            )
        detail = f"end of the file; {damage}" if damage else "end of the file"
        self._report.tell(HealthKind.CAMERA_ENDED, detail, ok=True)

    def _attempt(self) -> bool:
        """Connect and read to the end; return whether it came without trouble.

        The error stays here: it holds the broken connection and its pictures.
        """
        try:
            self._enter(FeedState.CONNECTING)
            self._source.open()
            self._note_open()
            self._read_all()
        except SourceOpenError as error:
            self._note_trouble(HealthKind.CAMERA_UNREACHABLE, error)
            return False
        except SourceError as error:
            live = self._source.live
            kind = HealthKind.CAMERA_STALLED if live else HealthKind.CAMERA_ENDED
            self._note_trouble(kind, error)
            return False
        except Exception as error:  # noqa: BLE001 thread edge: one camera, not all
            text = without_secrets(repr(error))
            _log.error("reading failed: %s", text, extra={"camera": self.camera_id})
            self._note_trouble(HealthKind.CAMERA_STALLED, error)
            return False
        finally:
            self._source.close()
        return True

    def _read_all(self) -> None:
        """Buffer frames until the end of a file or until stopped.

        Raises:
            SourceReadError: a live stream ended, or reading failed.
        """
        buffer = self._buffer
        while buffer is not None and not self._stopping.is_set():
            frame = self._source.read()
            if frame is None:
                if self._source.live:
                    msg = "the stream ended, expected it to go on"
                    raise SourceReadError(msg)
                return
            self._life_s = time.monotonic()
            self._leave(HealthKind.CAMERA_STALLED, "pictures arrive again")
            if buffer.put(frame):
                self._frames_in += 1
                self._wake()
            # A consumer that takes its time is no stall.
            self._life_s = time.monotonic()

    def _note_open(self) -> None:
        if self._buffer is None:
            live = self._source.live
            self._buffer = FrameBuffer(
                keep_all=not live,
                clock=self._clock,
                capacity=1 if live else self._options.queue_frames,
            )
        self._connections += 1
        self._life_s = time.monotonic()
        self._leave(HealthKind.CAMERA_UNREACHABLE, "connected again")
        self._enter(FeedState.STREAMING)

    def _note_trouble(self, kind: HealthKind, error: Exception) -> None:
        if self._stopping.is_set():
            return
        self._last_error = without_secrets(str(error) or repr(error))
        if kind not in self._troubles:
            self._troubles.add(kind)
            self._report.tell(kind, self._last_error, ok=False)

    def _leave(self, kind: HealthKind, detail: str) -> None:
        if kind in self._troubles:
            self._troubles.discard(kind)
            self._report.tell(kind, detail, ok=True)

    def _enter(self, state: FeedState) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            self._state = state
        self._wake()

    def _wake(self) -> None:
        if self._on_arrival is not None:
            self._on_arrival()

    def _watch(self) -> None:
        """Break a read that outlives every bound its source promised."""
        if self._state is not FeedState.STREAMING or not self._source.live:
            return
        if time.monotonic() - self._life_s > self._options.stall_s:
            self._life_s = time.monotonic()
            self._note_trouble(
                HealthKind.CAMERA_STALLED,
                SourceReadError(f"no frame for {self._options.stall_s:g} s"),
            )
            self._source.close()
