"""How much of its time a reader waits for its stream."""

import contextlib
import time
from pathlib import Path

_SCHEDULE = Path("/proc/thread-self/schedstat")  # Linux: ns run, ns delayed, times run


class Waiting:
    """Measures, from packet to packet, how much of the time was spent waiting.

    Who keeps up with a camera waits for nearly every packet. Who falls behind never
    waits: the next packet lies ready before it is asked for.
    """

    def __init__(self, *, decodes: bool = False) -> None:
        """Start to measure.

        Args:
            decodes: whether reading decodes, too, in this very thread. What it ran, and
                what it could have run with a processor to itself, is then taken off.
        """
        self._decodes = decodes
        self._since_s = time.monotonic()
        self._asked_s = self._since_s
        self._asked_busy_s = 0.0
        self._waited_s = 0.0

    def __enter__(self) -> None:
        """Ask for a packet."""
        self._asked_s, self._asked_busy_s = time.monotonic(), self._busy_s()

    def __exit__(self, *_: object) -> None:
        """Have it, or an error."""
        read_s = time.monotonic() - self._asked_s
        busy_s = self._busy_s() - self._asked_busy_s
        self._waited_s += max(0.0, read_s - busy_s)

    def share(self) -> float:
        """Return the share of the time since the last call that was waited, 0 to 1."""
        now_s = time.monotonic()
        passed_s, waited_s = now_s - self._since_s, self._waited_s
        self._since_s, self._waited_s = now_s, 0.0
        return waited_s / passed_s if passed_s > 0 else 0.0

    def _busy_s(self) -> float:
        return _busy_s() if self._decodes else 0.0


def _busy_s() -> float:
    """Return how long this thread ran or waited for a processor, seconds.

    Linux alone tells the second.
    """
    delayed_ns = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        delayed_ns = int(_SCHEDULE.read_bytes().split()[1])
    return time.thread_time() + delayed_ns * 1e-9
