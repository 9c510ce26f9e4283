"""Whether the machine keeps up with its cameras, and what to say when it does not."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import CameraFeed, Clock, HealthListener

_EVERY_S = 2.0
_FEWEST = 20  # sampled pictures that a verdict needs


@dataclass(frozen=True, slots=True)
class LoadParams:
    """When a machine counts as too small.

    Attributes:
        window_s: seconds that are looked back.
        over: stretch of the periods from which it is overloaded.
        under: stretch below which it is no longer.
    """

    window_s: float = 30.0
    over: float = 1.15
    under: float = 1.03


@dataclass(frozen=True, slots=True)
class _Tally:
    at_s: float
    sampled: int
    missed: int


class LoadWatch:
    """Compares how often live cameras give pictures with how often they are analysed.

    The *stretch* is the factor by which the cameras' periods grew: 1 when every sampled
    picture is analysed, 2 when every other one is replaced by a newer one unseen. Dwell
    stays right meanwhile: it counts media time between sights, not pictures.
    """

    def __init__(
        self,
        feeds: Iterable[CameraFeed],
        *,
        clock: Clock,
        on_health: HealthListener,
        params: LoadParams | None = None,
    ) -> None:
        """Watch some feeds.

        Args:
            feeds: those of the engine; files wait and never overload it.
            clock: wall and monotonic time.
            on_health: told when the overload begins and ends.
            params: limits.
        """
        self._feeds = tuple(feeds)
        self._clock = clock
        self._on_health = on_health
        self._params = params or LoadParams()
        self._tallies: deque[_Tally] = deque()
        self._over = False
        self.stretch = 1.0

    @property
    def overloaded(self) -> bool:
        """Whether the machine is too small for its cameras now."""
        return self._over

    def tick(self) -> None:
        """Look again if it is time to."""
        now_s = self._clock.monotonic_s()
        if self._tallies and now_s - self._tallies[-1].at_s < _EVERY_S:
            return
        self._tallies.append(self._tally(now_s))
        while now_s - self._tallies[0].at_s > self._params.window_s:
            self._tallies.popleft()
        first, last = self._tallies[0], self._tallies[-1]
        sampled, missed = last.sampled - first.sampled, last.missed - first.missed
        if sampled < _FEWEST:
            return
        self.stretch = sampled / max(sampled - missed, 1)
        if not self._over and self.stretch >= self._params.over:
            self._tell(over=True)
        elif self._over and self.stretch <= self._params.under:
            self._tell(over=False)

    def _tally(self, now_s: float) -> _Tally:
        sampled = missed = 0
        for feed in self._feeds:
            if feed.live:
                status = feed.status()
                sampled += status.frames_in + status.shed
                missed += status.dropped + status.shed
        return _Tally(now_s, sampled, missed)

    def _tell(self, *, over: bool) -> None:
        self._over = over
        cameras = sum(feed.live for feed in self._feeds)
        detail = (
            f"the machine is too small for {cameras} cameras: all are analysed "
            f"{self.stretch:.1f} times as seldom as asked, none is left out and dwell "
            "stays right; take cameras away, lengthen period_s (not of cameras that "
            "move: what they pass they would see too seldom), look at smaller pictures "
            "(model.imgsz), or add cores"
            if over
            else f"all {cameras} cameras are analysed as often as asked again"
        )
        self._on_health(
            HealthEvent(HealthKind.OVERLOAD, not over, self._clock.now(), detail)
        )
