"""One source of positions for all cameras of a vehicle."""

import threading

from vision.core.frame import Frame
from vision.core.position import Fix
from vision.positions.described import DescribedPositions


class SharedPositions:
    """Starts a source with the first camera that needs it and stops it with the last.

    A serial port or an UDP port has one reader; two would each get half.
    """

    def __init__(self, source: DescribedPositions) -> None:
        """Take a source that nobody else starts or stops."""
        self._source = source
        self._lock = threading.Lock()
        self._users = 0

    def lease(self) -> DescribedPositions:
        """Return what one camera uses as if it were its own."""
        return _Lease(self, self._source)

    def begin(self) -> None:
        """Count a camera that needs positions from now on."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._source.start()

    def end(self, timeout_s: float) -> None:
        """Count a camera that needs them no longer; within `timeout_s`."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._source.stop(timeout_s)


class _Lease:
    def __init__(self, shared: SharedPositions, source: DescribedPositions) -> None:
        self._shared = shared
        self._source = source
        self._started = False

    def start(self) -> None:
        """Begin to read, unless another camera has."""
        if not self._started:
            self._started = True
            self._shared.begin()

    def stop(self, timeout_s: float) -> None:
        """Stop reading, unless another camera needs it; within `timeout_s`."""
        if self._started:
            self._started = False
            self._shared.end(timeout_s)

    def at(self, frame: Frame) -> Fix | None:
        """Return where the vehicle was when a picture was taken, or None."""
        return self._source.at(frame)

    def describe(self) -> str:
        """Return what the source holds now."""
        return self._source.describe()

    def why_not(self, frame: Frame) -> str:
        """Return why there is no position for a picture; "" where there is one."""
        return self._source.why_not(frame)
