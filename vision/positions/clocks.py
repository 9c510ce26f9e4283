"""How far this machine's clock is from a receiver's."""

from collections import deque

_WINDOW = 60  # positions: old enough to meet one that came at once, young enough to
# follow a clock that was set
_ENOUGH = 5  # one that comes late is no clock that is wrong
_EARLY_S = -0.3  # no position comes before its time, but clocks are set that exactly
_LATE_S = 1.5  # receivers and slow serial lines need so long at most


class ClockOffset:
    """Estimates by how much this machine's clock is ahead of a receiver's.

    A position arrives after its time by the delay of the receiver and its line, a
    tenth to one second, plus what the clocks differ. The least of the latest
    differences bears the least delay. Where it is no more than a delay can explain,
    the clocks are taken to agree: a machine that is set over the network is right to
    milliseconds, and to count the delay as a difference would put every place metres
    back. Otherwise positions are taken to have come without delay: then they are off
    by that delay, instead of by whatever the clocks differ.
    """

    def __init__(self) -> None:
        self._differences_s: deque[float] = deque(maxlen=_WINDOW)
        self.estimate_s = 0.0

    def note(self, *, fix_s: float, arrived_s: float) -> None:
        """Take one position.

        Args:
            fix_s: its time by the receiver's clock, seconds.
            arrived_s: when it came by this machine's clock, seconds.
        """
        self._differences_s.append(arrived_s - fix_s)
        least_s = min(self._differences_s)
        agree = _EARLY_S <= least_s <= _LATE_S
        known = len(self._differences_s) >= _ENOUGH
        self.estimate_s = least_s if known and not agree else 0.0
