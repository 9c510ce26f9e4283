"""Proof before clips, on a machine that has no time for both at once."""

import threading


class Precedence:
    """Lets who makes clips give way while an event waits for its pictures.

    Niceness alone does not: a quarter of a busy core still goes to a thread that stands
    back by five, and further back it would hold locks for long.
    """

    def __init__(self, *, longest_s: float = 0.05) -> None:
        """Begin with nobody ahead.

        Args:
            longest_s: longest wait of a picture, seconds: clips must be made, too, also
                while a disk lets no event pass.
        """
        self._longest_s = longest_s
        self._ahead = 0
        self._change = threading.Condition()

    def begin(self) -> None:
        """Note that an event waits for its pictures."""
        with self._change:
            self._ahead += 1

    def end(self) -> None:
        """Note that an event has its pictures, or goes without."""
        with self._change:
            self._ahead -= 1
            self._change.notify_all()

    def give_way(self) -> None:
        """Wait until no event waits, but not for long."""
        if self._ahead == 0:
            return
        with self._change:
            self._change.wait_for(lambda: self._ahead == 0, self._longest_s)
