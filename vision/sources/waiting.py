"""How much of its time a reader waits for its stream."""

import time


class Waiting:
    """Measures, from packet to packet, how much of the time was spent waiting.

    Who keeps up with a camera waits for nearly every packet. Who falls behind never
    waits: the next packet lies ready before it is asked for.
    """

    def __init__(self, *, decodes: bool = False) -> None:
        """Start to measure.

        Args:
            decodes: whether reading decodes, too. All processor time of the process is
                then taken off: decoders have threads of their own, and what other
                threads keep the processor from looks like waiting. In a process that is
                busy all the time that leaves nothing, rather than too much.
        """
        self._decodes = decodes
        self._since_s = time.monotonic()
        self._asked_s = self._since_s
        self._asked_cpu_s = 0.0
        self._waited_s = 0.0

    def __enter__(self) -> None:
        """Ask for a packet."""
        self._asked_s, self._asked_cpu_s = time.monotonic(), self._cpu_s()

    def __exit__(self, *_: object) -> None:
        """Have it, or an error."""
        read_s = time.monotonic() - self._asked_s
        busy_s = self._cpu_s() - self._asked_cpu_s
        self._waited_s += max(0.0, read_s - busy_s)

    def share(self) -> float:
        """Return the share of the time since the last call that was waited, 0 to 1."""
        now_s = time.monotonic()
        passed_s, waited_s = now_s - self._since_s, self._waited_s
        self._since_s, self._waited_s = now_s, 0.0
        return waited_s / passed_s if passed_s > 0 else 0.0

    def _cpu_s(self) -> float:
        return time.process_time() if self._decodes else 0.0
