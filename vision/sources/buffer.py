"""Frames between the thread that reads and the one that analyses."""

import threading
from collections import deque

from vision.core.frame import Frame
from vision.core.ports import Clock


class FrameBuffer:
    """Live: the newest frame wins. Files: every frame waits for its turn."""

    def __init__(self, *, keep_all: bool, clock: Clock, capacity: int = 1) -> None:
        """Make an empty buffer.

        Args:
            keep_all: True: `put` waits for room; False: the oldest is dropped.
            clock: for the age of frames.
            capacity: most frames that wait, >= 1.
        """
        if capacity < 1:
            msg = f"buffer capacity: got {capacity}, expected at least 1 frame"
            raise ValueError(msg)
        self._keep_all = keep_all
        self._clock = clock
        self._capacity = capacity
        self._frames: deque[tuple[float, Frame]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._dropped = 0

    def put(self, frame: Frame) -> bool:
        """Add a frame.

        Returns:
            False if the buffer was closed; the frame is not kept then.
        """
        with self._changed:
            while self._keep_all and len(self._frames) >= self._capacity:
                if self._closed:
                    return False
                self._changed.wait()
            if self._closed:
                return False
            while len(self._frames) >= self._capacity:
                self._frames.popleft()
                self._dropped += 1
            self._frames.append((self._clock.monotonic_s(), frame))
            return True

    def take(self) -> Frame | None:
        """Return the oldest waiting frame, or None; never blocks."""
        with self._changed:
            if not self._frames:
                return None
            _, frame = self._frames.popleft()
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """Forget what waits and refuse what comes."""
        with self._changed:
            self._closed = True
            self._frames.clear()
            self._changed.notify_all()

    @property
    def queued(self) -> int:
        """How many frames wait."""
        return len(self._frames)

    @property
    def dropped(self) -> int:
        """How many frames a newer one replaced."""
        return self._dropped

    @property
    def oldest_age_s(self) -> float:
        """How long the oldest waiting frame has waited, 0 if none, seconds."""
        with self._changed:
            if not self._frames:
                return 0.0
            return max(self._clock.monotonic_s() - self._frames[0][0], 0.0)
