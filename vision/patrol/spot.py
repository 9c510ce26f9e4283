"""A place on the map, and what each pass saw of it."""

import math
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from vision.core.geometry import Xyxy
from vision.core.places import Passes, Place, PlaceState
from vision.core.position import LocalPlane
from vision.core.scene import GeoPoint
from vision.patrol.look import likeness
from vision.patrol.params import PatrolKind
from vision.patrol.pose import Matrix, Pose, Vector
from vision.patrol.sighting import Sighting

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "spots.streetwarden.org")
_WITHIN_95 = math.sqrt(5.991)  # chi-squared of two dimensions
_MOST_PASSES = 4  # the first and the latest ones; what errs alike adds little
_LOOKS_OF = 2  # the latest passes, whose looks are compared
_ALIKE_DEG = 60.0  # two ways along one street
_LONGEST_LOOK_S = 1.0  # between two looks that count as one stretch


@dataclass(frozen=True, eq=False, slots=True)
class Pass:
    """What one pass saw of a place.

    Attributes:
        began_at: wall time of the first look.
        ended_at: wall time of the latest one.
        lat: where it stands as this pass tells it, WGS-84 degrees.
        lon: likewise.
        within: covariance from the looks alone, (2, 2) metres squared.
        spread: with what the vehicle's own place adds.
        looks: pictures in which it was found.
        expected: pictures in which it should have been.
        attended: share of the looks with a person beside it.
        moved_m: how far the camera moved meanwhile, metres.
        range_m: how near it came, metres.
        misfit_m: root mean square residual, metres.
        size_m: width and height, metres.
        votes: looks by class.
        score: mean detection score.
        look: appearance, or None.
        heading_deg: which way the vehicle went; None: from before that was kept.
        aside_m: how far to the right of the camera it lay, metres; None: likewise.
    """

    began_at: datetime
    ended_at: datetime
    lat: float
    lon: float
    within: Matrix
    spread: Matrix
    looks: int
    expected: int
    attended: float
    moved_m: float
    range_m: float
    misfit_m: float
    size_m: tuple[float, float]
    votes: dict[str, int]
    score: float
    look: Vector | None = None
    heading_deg: float | None = None
    aside_m: float | None = None


def pass_of(sighting: Sighting, pose: Pose, plane: LocalPlane) -> Pass:
    """Return what a sighting has told so far."""
    fitted = sighting.fitted
    lat, lon = plane.degrees(float(fitted.point[0]), float(fitted.point[1]))
    return Pass(
        began_at=sighting.began_at,
        ended_at=sighting.seen_at,
        lat=lat,
        lon=lon,
        within=fitted.spread,
        spread=fitted.spread + pose.covariance(fitted.point),
        looks=sighting.looks,
        expected=max(sighting.expected, sighting.looks),
        attended=sighting.attended / sighting.looks,
        moved_m=sighting.moved_m,
        range_m=sighting.range_m,
        misfit_m=fitted.misfit_m,
        size_m=sighting.size_m,
        votes=dict(sighting.votes),
        score=sighting.scores / sighting.looks,
        look=sighting.look,
        heading_deg=pose.fix.heading_deg,
        aside_m=float((fitted.point - pose.lens) @ pose.aside),
    )


@dataclass(eq=False, slots=True)
class Spot:
    """A place on the map.

    Attributes:
        spot_id: stable under replay and restart.
        kind: what stands there.
        passes: in which it was seen for certain, oldest first: the first and the
            latest ones.
        count: how many there were.
        observed_s: time for which it was in view and found, of all passes, seconds.
        box: latest box, picture pixels.
        likeness: how alike it looked in its two latest passes, or None.
        left: whether the camera was far away since the latest look.
        clear_passes: passes in a row that showed the place without it.
        ended_at: since when it is gone, wall time, or None.
        end_reason: as of a `Place`.
        known: where it is, as its passes up to the one named tell: asked for often.
    """

    spot_id: str
    kind: PatrolKind
    passes: list[Pass]
    count: int = 1
    observed_s: float = 0.0
    box: Xyxy = (0.0, 0.0, 0.0, 0.0)
    likeness: float | None = None
    left: bool = False
    clear_passes: int = 0
    ended_at: datetime | None = None
    end_reason: str | None = None
    known: tuple[Pass, tuple[float, float, Matrix]] | None = None

    @property
    def latest(self) -> Pass:
        """The latest pass."""
        return self.passes[-1]

    @property
    def first_seen_at(self) -> datetime:
        """Wall time of the very first look."""
        return self.passes[0].began_at

    @property
    def seen_at(self) -> datetime:
        """Wall time of the latest look."""
        return self.latest.ended_at

    def found_from(self, heading_deg: float | None) -> Pass | None:
        """Return the latest pass that found it and went about that way, or None."""
        alike = (
            one
            for one in reversed(self.passes)
            if one.heading_deg is not None
            and heading_deg is not None
            and abs((one.heading_deg - heading_deg + 180) % 360 - 180) <= _ALIKE_DEG
        )
        return next(alike, None)

    def where(self) -> tuple[float, float, Matrix]:
        """Return (lat, lon) and covariance: all passes, each as exact as it is."""
        if self.known is None or self.known[0] is not self.latest:
            self.known = self.latest, self._where()
        return self.known[1]

    @property
    def geo(self) -> GeoPoint:
        """Where it is, and within how many metres (95 %)."""
        lat, lon, covariance = self.where()
        radius_m = _WITHIN_95 * math.sqrt(float(np.linalg.eigvalsh(covariance)[-1]))
        return GeoPoint(lat, lon, accuracy_m=round(radius_m, 1))

    def _where(self) -> tuple[float, float, Matrix]:
        plane = LocalPlane(self.latest.lat, self.latest.lon)
        weights = np.linalg.inv(np.array([one.spread for one in self.passes]))
        points = np.array([plane.metres(one.lat, one.lon) for one in self.passes])
        covariance = np.linalg.inv(weights.sum(axis=0))
        mean = covariance @ np.einsum("nij,nj->i", weights, points)
        lat, lon = plane.degrees(float(mean[0]), float(mean[1]))
        return lat, lon, np.asarray(covariance, np.float64)

    def take(self, one: Pass) -> None:
        """Take what a new pass tells."""
        self.likeness = likeness(self.latest.look, one.look)
        self.count += 1
        self.passes.append(one)
        if len(self.passes) > _LOOKS_OF:
            k = len(self.passes) - _LOOKS_OF - 1
            self.passes[k] = replace(self.passes[k], look=None)
        if len(self.passes) > _MOST_PASSES:
            del self.passes[1]
        self.clear_passes = 0
        self.left = False

    def go_on(self, one: Pass) -> None:
        """Take what more the latest pass tells."""
        latest = self.latest
        more_s = (one.ended_at - latest.ended_at) / timedelta(seconds=1)
        self.observed_s += min(more_s, _LONGEST_LOOK_S)
        began_at = min(latest.began_at, one.began_at)
        self.passes[-1] = replace(one, began_at=began_at)
        if self.count > 1:
            self.likeness = likeness(self.passes[-2].look, one.look)
        self.left = False

    def end(self, at: datetime, reason: str) -> None:
        """Note that it is gone."""
        self.ended_at, self.end_reason = at, reason

    def place(self, camera_id: str, state: PlaceState, now_s: float) -> Place:
        """Return what others see of it.

        Args:
            camera_id: whose view.
            state: what is known of it in the present picture.
            now_s: media time of that picture, seconds.
        """
        latest = self.latest
        votes = sum(latest.votes.values())
        apart_s = (self.seen_at - self.first_seen_at) / timedelta(seconds=1)
        return Place(
            place_id=self.spot_id,
            camera_id=camera_id,
            kind=self.kind.name,
            label=max(latest.votes, key=latest.votes.__getitem__),
            xyxy=self.box,
            state=state,
            first_seen_s=now_s - apart_s,
            last_seen_s=now_s,
            observed_s=self.observed_s,
            first_seen_at=self.first_seen_at,
            last_seen_at=self.seen_at,
            score=latest.score,
            baseline=False,
            label_share=tuple((k, n / votes) for k, n in sorted(latest.votes.items())),
            latest_xyxy=self.box,
            support=latest.looks / latest.expected,
            clear_views=self.clear_passes,
            end_reason=self.end_reason,
            recent_score=latest.score,
            geo=self.geo,
            passes=Passes(
                count=self.count,
                apart_s=apart_s,
                looks=latest.looks,
                moved_m=latest.moved_m,
                range_m=latest.range_m,
                misfit_m=latest.misfit_m,
                size_m=latest.size_m,
                attended=latest.attended,
                likeness=self.likeness,
                clear_passes=self.clear_passes,
            ),
        )


def spot_of(camera_id: str, sighting: Sighting, first: Pass) -> Spot:
    """Return a place that was never seen before.

    Its name comes from what was seen first, so that the same footage names it alike.
    """
    seen = f"{camera_id}/{sighting.kind.name}/{first.began_at.isoformat()}"
    where = ",".join(f"{side:.1f}" for side in sighting.box)
    return Spot(str(uuid.uuid5(_NAMESPACE, f"{seen}/{where}")), sighting.kind, [first])
