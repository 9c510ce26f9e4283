"""What stands where on the map, as the passes of one moving camera tell it."""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypedDict, cast

import numpy as np

from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.geometry import Xyxy
from vision.core.mount import Mount
from vision.core.observation import View, ViewState
from vision.core.places import Place, PlaceState
from vision.core.ports import PositionSource
from vision.core.position import LocalPlane
from vision.core.tracks import Track
from vision.patrol.clearing import Clearings, Seen
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.leaps import LeapWatch
from vision.patrol.params import PatrolKind, PatrolParams
from vision.patrol.pose import Pose
from vision.patrol.pursuit import PERSON, Pursuit, found_in
from vision.patrol.records import SpotRecord
from vision.patrol.spot import Spot
from vision.patrol.spot_map import SpotMap, Worth

_VERSION = 1
_REPLANE_M = 2_000.0  # a flat map is flat for so far


class PatrolRecord(TypedDict):
    """What a moving camera remembers: plain, JSON-ready values."""

    version: int
    spots: list[SpotRecord]


class PatrolPlaces:
    """The places that one camera on a vehicle has passed.

    An object is followed over a pass until its looks agree on one fixed point of the
    ground; then it is joined with what stood there in earlier passes, or is new. A
    pass that shows the place without it, in view, not hidden, speaks for its end; what
    was not in view tells nothing. A vehicle that stands still learns nothing.
    """

    def __init__(
        self,
        camera_id: str,
        labels: tuple[str, ...],
        *,
        kinds: Sequence[PatrolKind],
        mount: Mount,
        positions: PositionSource,
        params: PatrolParams | None = None,
    ) -> None:
        """Start with an empty map.

        Args:
            camera_id: whose view.
            labels: the detector's class names.
            kinds: what is looked for.
            mount: how the camera is fixed to its vehicle.
            positions: where the vehicle is.
            params: limits.
        """
        self._watch: DriveWatch | None = None
        self._camera_id = camera_id
        self._labels = labels
        self._kinds = {kind.name: kind for kind in kinds}
        of = {label: kind for kind in kinds for label in kind.labels}
        self._kind_of = [of.get(label) for label in labels]
        self._mount = mount
        self._positions = positions
        self._params = params or PatrolParams()
        self._pursuit = Pursuit(self._params)
        self._map = SpotMap(camera_id, self._params)
        self._clearings = Clearings(self._params)
        self._leaps = LeapWatch()
        self._near: list[Spot] = []
        self._plane: LocalPlane | None = None
        self._last_at: datetime | None = None
        self._alive: frozenset[str] | None = None  # asked for often

    @property
    def place_ids(self) -> frozenset[str]:
        """All places that are known and have not ended."""
        if self._alive is None:
            self._alive = frozenset(spot.spot_id for spot in self._map.alive())
        return self._alive

    @property
    def observed_s(self) -> Mapping[str, float]:
        """How long each place was in view and found so far, seconds, by its id."""
        return {spot.spot_id: spot.observed_s for spot in self._map.alive()}

    @property
    def seen_until(self) -> datetime | None:
        """When something was seen or gone last, wall time; None: never."""
        return self._map.seen_until()

    def follow(self, watch: DriveWatch) -> None:
        """Have it followed whether what is passed becomes places."""
        self._watch = watch

    def weigh(self, worth: Worth) -> None:
        """Have what is worth least go first where the map is full."""
        self._map.worth = worth

    def update(
        self,
        frame: Frame,
        detections: Detections,
        view: ViewState,
        tracks: Sequence[Track] = (),  # noqa: ARG002 the port's; the ground tells more
    ) -> tuple[Place, ...]:
        """Take one picture; return the places around, and those that ended.

        Args:
            frame: the picture.
            detections: what was seen in it.
            view: whether it can be trusted.
            tracks: not needed.
        """
        self._alive = None
        now, now_s = frame.captured_at, frame.media_time_s
        ended = self._map.outdated(now)
        pose = self._pose(frame) if view.view is View.CLEAR else None
        if pose is None or self._plane is None:
            self._pursuit.forget()
            return self._tell(frozenset(), self._near, ended, now_s)
        people = self._people(detections)
        found = found_in(detections, pose, self._kind_of, self._labels, self._params)
        self._pursuit.update(frame, pose, found, people)
        seen = {s.spot_id for s in self._pursuit.sightings if s.seen_at == now}
        for sighting in self._pursuit.sightings:
            if sighting.seen_at == now and sighting.certain(self._params):
                others = seen - {sighting.spot_id}
                self._map.join(sighting, pose, self._plane, others)
                seen.add(sighting.spot_id)
        if self._watch is not None:
            self._watch.note(pose, found, self._pursuit, now)
        self._near = self._map.around(pose, self._plane)
        self._clearings.keep(self._near)
        boxes = [*people, *(one.box for one in found)]
        picture = Seen(found, boxes, self._pursuit)
        for spot in self._near:
            why = self._clearings.ended(spot, pose, self._plane, now, picture)
            if why is not None:
                spot.end(now, why)
                ended.append(spot)
        ended += self._map.prune(now)
        return self._tell(seen, self._near, ended, now_s)

    def state(self) -> PatrolRecord:
        """Return what to remember: plain, JSON-ready values."""
        return {
            "version": _VERSION,
            "spots": self._map.state(),
        }

    def restore(self, record: object) -> None:
        """Take up what was remembered.

        Args:
            record: what `state` returned, perhaps by way of JSON.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            stored = cast("PatrolRecord", record)
            if stored["version"] != _VERSION:
                msg = f"version {stored['version']}, expected {_VERSION}"
                raise ValueError(msg)  # noqa: TRY301 one message for all damage
            self._alive = None
            self._map.restore(stored["spots"], self._kinds)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            msg = (
                f"stored places of {self._camera_id}: {error!r}, expected what this "
                "version wrote; delete them to start afresh"
            )
            raise ConfigError(msg) from error

    def _pose(self, frame: Frame) -> Pose | None:
        """Return where the camera was, or None where that is not known."""
        last, self._last_at = self._last_at, frame.captured_at
        if last is not None:
            away = frame.captured_at - last
            if away < timedelta(0):
                self._pursuit.forget()  # another recording, or the clock was set back
            elif away >= timedelta(seconds=self._params.away_s):
                self._map.leave()
        fix = self._positions.at(frame)
        if fix is None:
            return None
        steady = self._leaps.steady(frame.captured_at, fix)
        if fix.heading_deg is None or not steady:
            return None
        plane = self._plane
        if plane is None or np.hypot(*plane.metres(fix.lat, fix.lon)) > _REPLANE_M:
            self._plane = plane = LocalPlane(fix.lat, fix.lon)
            self._pursuit.forget()
            self._clearings.keep(())
        return Pose(
            fix=fix,
            here=np.array(plane.metres(fix.lat, fix.lon)),
            mount=self._mount,
            size_px=frame.size,
            foot_px=self._params.foot_px * frame.height,
            at_s=frame.media_time_s,
        )

    def _people(self, detections: Detections) -> list[Xyxy]:
        human = [label == PERSON for label in self._labels]
        rows = zip(detections.xyxy.tolist(), detections.class_id.tolist(), strict=True)
        return [(x1, y1, x2, y2) for (x1, y1, x2, y2), k in rows if human[k]]

    def _tell(
        self,
        seen: Container[str | None],
        near: Sequence[Spot],
        ended: Sequence[Spot],
        now_s: float,
    ) -> tuple[Place, ...]:
        def told(spot: Spot, state: PlaceState) -> Place:
            return spot.place(self._camera_id, state, now_s)

        standing, missing = PlaceState.STANDING, PlaceState.MISSING
        places = [
            told(spot, standing if spot.spot_id in seen else missing)
            for spot in near
            if spot.ended_at is None
        ]
        return (*places, *(told(spot, PlaceState.ENDED) for spot in ended))
