"""Whether what a moving camera passes becomes places, and what to say if it does not.

Where mount, positions or clock are wrong, the looks of a pass agree on no fixed point:
nothing opens, and nothing is seen that would tell why. Refuse and bins are asked, for
they stand: traffic that comes towards us is not unlike things that stand nearer.
"""

import logging
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import TypedDict, cast

import numpy as np

from vision.core.health import HealthEvent, HealthKind
from vision.core.mount import Mount
from vision.core.ports import HealthListener
from vision.patrol.mount_fit import Correction, corrections
from vision.patrol.params import BIN, GARBAGE, PatrolParams
from vision.patrol.pose import Pose
from vision.patrol.pursuit import Found, Pursuit
from vision.patrol.trails import Trail, TrailLook, Trails

_log = logging.getLogger(__name__)

_VERSION = 1
_STAYS = (GARBAGE, BIN)  # kinds of things that never drive
_LOOKS, _MOVED_M, _NEAR_M, _WENT = 5, 4.0, 15.0, 0.05  # of what should become a place
_MOST = 24  # things that are kept
_FEWEST = 8  # that a verdict needs
_FEW, _ENOUGH = 0.3, 0.5  # shares that became places: trouble, and none any more
_FAST_MPS = 12.0
_EVERYWHERE = (
    "measure mount again (streetwarden snapshot), and compare the clock (starts_at, "
    "offset_s) and the heading of its positions with the video"
)


class ThingRecord(TypedDict):
    """One thing that was passed: plain, JSON-ready values."""

    certain: bool
    speed_mps: float
    looks: list[list[float]]


class WatchRecord(TypedDict):
    """What is remembered of the things that were passed: JSON-ready values."""

    version: int
    mount: list[float]
    size_px: list[int]
    told: bool
    things: list[ThingRecord]


@dataclass(frozen=True, eq=False, slots=True)
class Thing:
    """Something that was seen near and often enough to become a place.

    Attributes:
        certain: whether it became a place.
        speed_mps: how fast the vehicle was, metres per second.
        looks: at it, from different spots.
    """

    certain: bool
    speed_mps: float
    looks: tuple[TrailLook, ...]


class DriveWatch:
    """Counts what one camera should have put on the map against what it did put there.

    Bounded: the latest things only, whatever the drives; what an earlier run passed
    counts, for as long as mount and picture are the same.
    """

    def __init__(
        self,
        camera_id: str,
        mount: Mount,
        params: PatrolParams,
        on_health: HealthListener,
    ) -> None:
        """Start with nothing passed.

        Args:
            camera_id: whose drives.
            mount: as it is told.
            params: limits of the places.
            on_health: told when hardly anything becomes a place, and when it does.
        """
        self._camera_id = camera_id
        self._mount = mount
        self._params = params
        self._on_health = on_health
        self._size_px: tuple[int, int] | None = None
        self._trails = Trails()
        self._things: deque[Thing] = deque(maxlen=_MOST)
        self._fresh = 0
        self._told = False  # by whichever run
        self._said = False  # by this one
        self._at: datetime | None = None

    def note(
        self, pose: Pose, found: Sequence[Found], pursuit: Pursuit, at: datetime
    ) -> None:
        """Take one picture of which the place is known.

        Args:
            pose: where the camera was said to be.
            found: what was detected.
            pursuit: knows which detection is of what became a place.
            at: wall time.
        """
        if pose.size_px != self._size_px:
            self._things.clear()
            self._trails.end()
            self._size_px = pose.size_px
        self._at = at
        staying = {i: one for i, one in enumerate(found) if one.kind in _STAYS}
        self._take(self._trails.update(pose, staying, pursuit))

    def end(self) -> None:
        """Tell in the log what became of the things of a drive that is over."""
        self._take(self._trails.end())
        if not self._fresh:
            return
        self._fresh = 0
        trouble = self.trouble()
        if trouble is not None:
            _log.warning("%s: %s", self._camera_id, trouble)
        else:
            _log.info("%s: %s", self._camera_id, self.tally())

    @property
    def passed(self) -> int:
        """How many things are counted."""
        return len(self._things)

    def tally(self) -> str:
        """Return how many of the latest things became places, in words."""
        certain = sum(thing.certain for thing in self._things)
        return (
            f"of {len(self._things)} bins and heaps of refuse that it saw near and "
            f"often enough, {certain} became places"
        )

    def trouble(self) -> str | None:
        """Return what is wrong and what to do; None: nothing that the drives tell."""
        if self._size_px is None or len(self._things) < _FEWEST:
            return None
        found = corrections(
            [thing.looks for thing in self._things],
            self._mount,
            self._size_px,
            self._params.foot_px * self._size_px[1],
        )
        if found:
            return f"{self.tally()}: {_advice(found)}"
        if not self._few:
            return None
        speed_mps = float(np.median([one.speed_mps for one in self._things]))
        if speed_mps >= _FAST_MPS:
            return (
                f"{self.tally()}: at {speed_mps * 3.6:.0f} km/h it sees each too "
                "seldom; drive slower, or give it a shorter period_s"
            )
        return f"{self.tally()}: {_EVERYWHERE}"

    def state(self) -> WatchRecord:
        """Return what to remember: plain, JSON-ready values."""
        return {
            "version": _VERSION,
            "mount": list(astuple(self._mount)),
            "size_px": list(self._size_px or ()),
            "told": self._told,
            "things": [
                {
                    "certain": thing.certain,
                    "speed_mps": round(thing.speed_mps, 1),
                    "looks": [_plain(look, thing.looks[0]) for look in thing.looks],
                }
                for thing in self._things
            ],
        }

    def restore(self, record: object) -> None:
        """Take up what was remembered; of another mount only that trouble was told.

        Args:
            record: what `state` returned, perhaps by way of JSON.

        Raises:
            KeyError: a field is missing.
            TypeError: a field is of another type.
            ValueError: a field cannot be read.
        """
        stored = cast("WatchRecord", record)
        self._told = stored["told"]
        if stored["version"] != _VERSION or stored["mount"] != list(
            astuple(self._mount)
        ):
            return
        size_px = tuple(stored["size_px"])
        self._size_px = (size_px[0], size_px[1]) if size_px else None
        self._things.clear()
        for one in stored["things"]:
            looks = tuple(TrailLook(*look) for look in one["looks"])
            thing = Thing(one["certain"], one["speed_mps"], looks)
            self._things.append(thing)

    def _take(self, trails: Sequence[Trail]) -> None:
        for trail in trails:
            if not self._due(trail):
                continue
            looks = tuple(trail.looks)
            speed_mps = trail.pose.fix.speed_mps
            self._things.append(Thing(trail.certain, speed_mps, looks))
            self._fresh += 1
            self._judge()

    def _due(self, trail: Trail) -> bool:
        """Return whether it should have become a place, if it stands.

        What stays where it is in the picture goes along: a stain, our own bonnet, a
        bin on the lorry before us.
        """
        return (
            len(trail.looks) >= _LOOKS
            and trail.moved_m >= _MOVED_M
            and trail.nearest_m <= _NEAR_M
            and trail.best_score >= self._params.open_score
            and trail.went >= _WENT
        )

    def _judge(self) -> None:
        """Tell, once a run, when hardly anything becomes a place, and when it does."""
        latest = list(self._things)[-_FEWEST:]
        well = len(latest) == _FEWEST and _share(latest) >= _ENOUGH
        if self._told and well:
            self._told = self._said = False
            self._tell(ok=True, detail=f"{self.tally()} again")
        elif self._few and not self._said:
            self._told = self._said = True
            detail = f"hardly anything it passes can open: {self.trouble()}"
            self._tell(ok=False, detail=detail)

    @property
    def _few(self) -> bool:
        """Whether hardly anything became a place."""
        return len(self._things) >= _FEWEST and _share(self._things) < _FEW

    def _tell(self, *, ok: bool, detail: str) -> None:
        assert self._at is not None  # noqa: S101 something was passed
        kind, camera_id = HealthKind.NOTHING_PLACED, self._camera_id
        self._on_health(HealthEvent(kind, ok, self._at, detail, camera_id=camera_id))


def _advice(found: Sequence[Correction]) -> str:
    told = " or ".join(
        f"mount.{one.key} {one.value:.2f}"
        if one.key == "height_m"
        else f"mount.{one.key} {one.value:.1f}"
        for one in found
    )
    has = ", ".join(f"{one.key} {one.told:g}" for one in found)
    heading = " (or its positions' heading is off by as much)"
    turned = heading if any(one.key == "yaw_deg" for one in found) else ""
    return (
        f"{told} would fit what it passed far better (the site has {has}){turned}; "
        "correct that and compare with streetwarden snapshot"
    )


def _share(things: Collection[Thing]) -> float:
    return sum(thing.certain for thing in things) / len(things)


def _plain(look: TrailLook, first: TrailLook) -> list[float]:
    """Return a look as numbers, from where the first one was."""
    return [
        round(look.x, 1),
        round(look.y, 1),
        round(look.width, 1),
        round(look.east - first.east, 2),
        round(look.north - first.north, 2),
        round(look.heading_deg, 1),
    ]
