"""How fast pictures come, and whether their stamps go by as fast as the wall clock."""

_DEFAULT_FPS = 25.0
_USABLE_FPS = (0.05, 240.0)  # outside: a driver or container that does not know
_WINDOW_S = 30.0
_MOST_OFF = 0.05
"""Share by which a camera's second may differ from ours.

Wide enough for any crystal (0.0001) and for a line whose delay wanders by a second or
two in a minute; narrow enough that a grace of three minutes is at most nine seconds
off, and that 30, 20 or 10 pictures a second that are stamped as 25 are seen.
"""

LEAST_WAITED = 0.2
"""Share of a window that a reader waits if it keeps up.

More than threads that wait for each other make of a reader that never waits.
"""


def nominal_s(fps: float) -> float:
    """Return the usual time between two pictures, seconds.

    Args:
        fps: as a driver or container tells it; one that does not know tells nonsense.
    """
    return 1 / (fps if _USABLE_FPS[0] <= fps <= _USABLE_FPS[1] else _DEFAULT_FPS)


class Pace:
    """Compares how fast a stream's time and the wall's go by, over about a minute.

    Some cameras count pictures and call each a twenty-fifth of a second, however many
    they send. No single step of theirs looks wrong.

    Compared is the least distance between the two clocks in each half minute: what
    waited for the connection, and a stall with the burst after it, make the distance
    larger for a while, never smaller. Two changes in a row, the same way and both too
    large, tell of a wrong rate; a single one is a line that has become slower or
    faster, and one that only makes up for an earlier delay is a queue that empties.

    A reader that is too slow makes a true stream look slow as well: what it reads has
    waited for ever longer. Such a reader never has to wait for a packet, and one that
    waits has caught up. A window in which it hardly waited therefore says nothing of
    slow stamps. No reader makes a stream look too fast.
    """

    def __init__(self) -> None:
        """Start to compare."""
        self.begin()

    def begin(self) -> None:
        """Begin a connection: its delay has nothing to do with that of the last."""
        self._began_s: float | None = None  # of the window
        self._floor_s = 0.0  # least distance in it
        self._waited_s = 0.0  # for packets, in it
        self._before: tuple[float, float] | None = None  # both, of the last that told
        self._lowest_s = 0.0  # least distance before it
        self._off: float | None = None  # at the last change, if that was too large

    def note(self, media_time_s: float, wall_s: float, waited_s: float) -> float | None:
        """Take one packet.

        Args:
            media_time_s: by the stream's stamps, seconds.
            wall_s: when it was read, monotonic, seconds.
            waited_s: how long the reader did nothing but wait for it, seconds.

        Returns:
            Seconds of the stream per second of the wall, once they are known to
            differ; else None.
        """
        distance_s = wall_s - media_time_s
        self._waited_s += waited_s
        if self._began_s is not None and wall_s - self._began_s < _WINDOW_S:
            self._floor_s = min(self._floor_s, distance_s)
            return None
        rate = None
        if self._began_s is not None:
            kept_up = self._waited_s >= LEAST_WAITED * (wall_s - self._began_s)
            rate = self._judge(self._began_s, kept_up=kept_up)
        self._began_s, self._floor_s, self._waited_s = wall_s, distance_s, 0.0
        return rate

    def _judge(self, began_s: float, *, kept_up: bool) -> float | None:
        """Compare the window that ends with the last one that told something."""
        floor_s = self._floor_s
        if self._before is None:
            self._before, self._lowest_s = (began_s, floor_s), floor_s
            return None
        passed_s = began_s - self._before[0]
        off = (floor_s - self._before[1]) / passed_s
        if off > 0 and not kept_up:
            return None
        catches_up = off < 0 and floor_s >= self._lowest_s
        last, self._off = self._off, None
        self._before = began_s, floor_s
        self._lowest_s = min(self._lowest_s, floor_s)
        if abs(off) <= _MOST_OFF or catches_up:
            return None
        self._off = off
        if last is None or (last > 0) != (off > 0):
            return None
        return 1 - (last + off) / 2
