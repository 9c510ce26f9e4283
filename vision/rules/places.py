"""Remembers what stands still in one camera's view, whoever detects it."""

from collections.abc import Callable, Container, Sequence

from vision.core.arrays import FloatArray
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import View, ViewState
from vision.core.places import Place, PlaceState
from vision.core.tracks import Track
from vision.rules.appearance import similarity
from vision.rules.backdrop import Backdrop
from vision.rules.kinds import KINDS, Kind, PlaceParams
from vision.rules.matching import part_of, same_place, within_reach
from vision.rules.opening import Openings
from vision.rules.records import VERSION, MemoryRecord, read, to_record
from vision.rules.scan import Scan
from vision.rules.sighting import Moment
from vision.rules.slot import Slot
from vision.rules.watch import Watch


class PlaceMemory:
    """Still objects of one camera, by footprint and look.

    A detection on a known footprint with a known look continues the place, whatever its
    track id. Without a detection the look decides: still there, hidden, or gone. Only
    time between sights in a clear view counts as observed.
    """

    def __init__(
        self,
        camera_id: str,
        labels: Sequence[str],
        *,
        kinds: Sequence[Kind] = KINDS,
        params: PlaceParams | None = None,
        ground: Callable[[str | None], FloatArray | None] = lambda _: None,
    ) -> None:
        """Start with no places.

        Args:
            camera_id: whose view.
            labels: the detector's class names; `class_id` points into them.
            kinds: what is remembered.
            params: how patiently.
            ground: returns a preset's (3, 3) reference-view pixels to metres on the
                ground, or None where that is not known.
        """
        self._ground = ground
        self._camera_id = camera_id
        self._labels = tuple(labels)
        self._kinds = {kind.name: kind for kind in kinds}
        self._params = params or PlaceParams()
        self._watches = [Watch(kind, self._params) for kind in kinds]
        self._slots: list[Slot] = []
        self._openings = Openings(self._params.baseline_s)
        self._last: Moment | None = None
        self._light: str | None = None
        self._preset: str | None = None
        self._size: tuple[int, int] | None = None
        self._backdrop = Backdrop()

    def __len__(self) -> int:
        """Return how many footprints are kept, settled or not."""
        return len(self._slots)

    @property
    def place_ids(self) -> tuple[str, ...]:
        """The ids of all settled places."""
        return tuple(slot.place_id for slot in self._slots if slot.settled)

    @property
    def observed_s(self) -> dict[str, float]:
        """How long each settled place was seen standing, seconds, by its id."""
        return {slot.place_id: slot.observed_s for slot in self._slots if slot.settled}

    def update(
        self,
        frame: Frame,
        detections: Detections,
        view: ViewState,
        tracks: Sequence[Track] = (),
    ) -> tuple[Place, ...]:
        """Take one picture.

        Args:
            frame: the picture.
            detections: its boxes.
            view: whether it can be trusted, and how it lies over the reference view.
            tracks: what moves; tells who has driven onto an empty footprint.

        Returns:
            All settled places; those that ended with this picture for the last time.
        """
        dt_s = self._tick(frame)
        self._resize((frame.width, frame.height))
        clear = view.view is View.CLEAR
        in_view: list[Slot] = []
        for slot in self._slots:
            if slot.end_reason is not None:
                continue
            if clear and slot.preset == view.preset:
                in_view.append(slot)
            else:
                slot.hide(dt_s)
        if clear:
            self._adapt(view)
            self._openings.note(frame, view)
            scan = self._scan(frame, detections, view, dt_s)
            scan.follow(tracks)
            for watch in self._watches:
                self._slots += watch.look(in_view, scan)
        self._close(Moment(frame.media_time_s, frame.captured_at))
        return self._hand_out()

    def forget_view(self, kept: Container[str | None] = ()) -> None:
        """End all places with the next picture: nobody can say where they lie in it.

        They end as lost, which proves nothing; what stands there still begins anew.

        Args:
            kept: presets whose places go on.
        """
        self._backdrop.forget()
        for slot in self._slots:
            if slot.preset not in kept:
                slot.end("lost")

    def state(self) -> MemoryRecord:
        """Return the settled places as plain values, to be stored."""
        places = [to_record(slot) for slot in self._slots if slot.settled]
        return {
            "version": VERSION,
            "camera_id": self._camera_id,
            "light": self._light,
            "size": self._size,
            "places": places,
        }

    def restore(self, record: object) -> None:
        """Take up stored places; the next picture looks for them again.

        Args:
            record: what `state` returned before the restart, perhaps by way of JSON.

        Raises:
            ConfigError: it is another camera's or cannot be read.
        """
        window_s = self._params.vote_window_s
        slots, self._light, self._size = read(record, self._camera_id, window_s)
        self._slots = [slot for slot in slots if slot.kind in self._kinds]

    def _tick(self, frame: Frame) -> float:
        """Move the clock; returns seconds since the picture before, >= 0."""
        now = Moment(frame.media_time_s, frame.captured_at)
        last, self._last = self._last, now
        if last is None or now.media_time_s < last.media_time_s:
            self._start_clock(now)
            self._give_up(now)
            return 0.0
        dt_s = now.media_time_s - last.media_time_s
        if dt_s > self._params.reattach_s:
            self._give_up(now)
        return dt_s

    def _start_clock(self, now: Moment) -> None:
        """Carry all places over to a clock that started anew."""
        self._openings.rebase(now)
        for slot in self._slots:
            slot.rebase(now)

    def _give_up(self, now: Moment) -> None:
        """End what was seen too long ago: what looks like it now may be another."""
        for slot in self._slots:
            if now.media_time_s - slot.last.media_time_s > self._params.reattach_s:
                slot.end("lost")

    def _resize(self, size: tuple[int, int]) -> None:
        """Carry all places over to a picture of another size that shows the same.

        Cameras change their resolution when they are set up anew or restarted, and a
        sub-stream may stand in for the main one.
        """
        before, self._size = self._size, size
        if before is None or before == size:
            return
        for slot in self._slots:
            slot.resize(size[0] / before[0], size[1] / before[1])

    def _adapt(self, view: ViewState) -> None:
        """Forget looks when the light switches: by infra-red nothing looks the same."""
        if view.light != self._light:
            self._light = view.light
            for slot in self._slots:
                slot.look = slot.ground = None
            self._backdrop.forget()
        if view.preset != self._preset:
            self._preset = view.preset
            self._backdrop.forget()

    def _scan(
        self, frame: Frame, detections: Detections, view: ViewState, dt_s: float
    ) -> Scan:
        """Return the picture in the reference view; learn the ground on the way."""
        scan = Scan(frame, view, detections, self._labels, dt_s, self._backdrop)
        standing = [slot.unlearnt for slot in self._slots if slot.settled]
        self._backdrop.learn(frame, view, [*scan.boxes, *standing])
        return scan

    def _close(self, now: Moment) -> None:
        """Take up what settled; end what is gone, replaced or out of sight too long."""
        fresh = [slot for slot in self._slots if slot.is_new]
        for slot in fresh:
            slot.baseline = self._openings.shows(slot)
            slot.identify(self._camera_id)
            if (origin := self._origin(slot)) is not None:
                origin.move_to(slot)
                slot.settled = False  # it was no new object after all
                slot.end("moved")
        for slot in self._slots:
            if slot.end_reason is None and (reason := self._over(slot, fresh)):
                slot.end(reason)
        alive = [slot for slot in self._slots if slot.end_reason is None]
        alive.sort(key=lambda slot: (slot.settled, slot.last.media_time_s))
        for slot in alive[: -self._params.max_places]:
            slot.end("lost")
        for slot in self._slots:
            slot.log(now)

    def _origin(self, slot: Slot) -> Slot | None:
        """Return the missing place that a new one was moved from, or None."""
        kind = self._kinds[slot.kind]
        for other in self._slots:
            if (
                other.settled
                and other.state is PlaceState.MISSING
                and (other.kind, other.preset) == (slot.kind, slot.preset)
                and within_reach(
                    other.anchor, slot.anchor, kind, self._ground(slot.preset)
                )
            ):
                alike = similarity(other.look, slot.look)
                if alike is None or alike >= self._params.other_look:
                    return other
        return None

    def _over(self, slot: Slot, fresh: Sequence[Slot]) -> str | None:
        """Return why a slot is over, or None."""
        p = self._params
        if not slot.settled:
            none = slot.wavers(*p.proof(firm=slot.firm)) or self._is_part(slot)
            return "fleeting" if none else None
        if slot.state is PlaceState.STANDING:
            return None
        kind = self._kinds[slot.kind]
        identity = (slot.kind, slot.preset)
        rivals = [other for other in fresh if (other.kind, other.preset) == identity]
        if any(same_place(slot, other, kind) for other in rivals):
            return "replaced"
        if self._exposed(slot, kind):
            return "exposed"
        return "lost" if slot.hidden_s >= p.lost_s else None

    def _is_part(self, slot: Slot) -> bool:
        """Return whether what is new is a part of a vehicle that stands there.

        A detector finds the bonnet of a car by itself, now and then.
        """
        return self._kinds[slot.kind].is_individual and any(
            other.settled
            and other.state is PlaceState.STANDING
            and (other.kind, other.preset) == (slot.kind, slot.preset)
            and part_of(other.anchor, slot.anchor)
            and other.votes.shares()[0][0] == slot.votes.shares()[0][0]
            for other in self._slots
        )

    def _exposed(self, slot: Slot, kind: Kind) -> bool:
        """Return whether a place was seen without its object for long enough."""
        p = self._params
        if slot.clear_views < p.min_clear_views:
            return False
        if kind.is_individual and slot.bared_s is not None:
            since_s, latest_s = slot.bared_s
            if latest_s - since_s >= p.bared_s:
                return True
        return slot.missing_s >= max(p.patience_s, kind.patience_s)

    def _hand_out(self) -> tuple[Place, ...]:
        """Return the settled places and forget those that ended."""
        places = tuple(s.place(self._camera_id) for s in self._slots if s.settled)
        self._slots = [slot for slot in self._slots if slot.end_reason is None]
        for slot in self._slots:
            slot.is_new = False
        return places
