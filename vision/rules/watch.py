"""What one picture says about the still objects of one kind."""

import math
from collections.abc import Mapping, Sequence

from vision.core.places import PlaceState
from vision.rules.appearance import similarity
from vision.rules.kinds import Kind, PlaceParams
from vision.rules.matching import (
    Reach,
    any_alike,
    inside,
    match,
    on_footprint,
    sizes_away,
    within_slots,
)
from vision.rules.scan import Scan
from vision.rules.slot import Slot
from vision.rules.votes import Votes

_LOOK_EVERY_S = 3.0  # light changes slowly; looking is the dearest part
_ELSEWHERE = 0.5  # box sizes: farther off no box shows what stands on a footprint
_SAME_BOX_IOU = 0.7  # two boxes of one kind that overlap so far show one object


class Watch:
    """Looks for known objects of one kind, then notices new ones."""

    def __init__(self, kind: Kind, params: PlaceParams) -> None:
        """Watch for one kind.

        Args:
            kind: which classes, and how firmly they stand.
            params: how patiently.
        """
        self._kind = kind
        self._params = params

    def look(self, slots: Sequence[Slot], scan: Scan) -> list[Slot]:
        """Bring the known slots of this kind up to date.

        Args:
            slots: all that are known and have not ended.
            scan: the picture.

        Returns:
            Slots for what was not known before.
        """
        known = [slot for slot in slots if slot.kind == self._kind.name]
        found = scan.of_kind(self._kind.labels, self._params.keep_score)
        if self._kind.is_individual:
            for slot in known:
                self._mind_successors(slot, found, scan)
        here = [slot for slot in known if not slot.departed]
        overlap = within_slots(here, [scan.boxes[i] for i in found], self._kind)
        pairs = match(here, overlap, lambda s: self._accepts(here[s], scan))
        for s, b in pairs.items():
            self._see(here[s], found[b], scan)
        fresh = self._unexplained(pairs, found, overlap, scan)
        for s, slot in enumerate(here):
            if s not in pairs:
                fresh = self._look_again(slot, scan, fresh)
        for slot in known:
            if slot.departed:
                slot.miss(scan.dt_s)
        return self._notice(fresh, known, scan)

    def _unexplained(
        self, pairs: Mapping[int, int], found: list[int], overlap: Reach, scan: Scan
    ) -> list[int]:
        """Return the detections that the slots seen in this picture do not explain."""
        if len(pairs) == len(found):
            return []
        taken = set(pairs.values())
        shown = [scan.boxes[found[b]] for b in taken]
        # A bin may be taken for a full one as well, in a box of another height.
        also = (
            set() if self._kind.is_individual else {b for s, b in overlap if s in pairs}
        )
        return [
            i
            for b, i in enumerate(found)
            if b not in taken
            and b not in also
            and not any_alike(scan.boxes[i], shown, _SAME_BOX_IOU)
        ]

    def _mind_successors(self, slot: Slot, found: list[int], scan: Scan) -> None:
        """Note who is elsewhere while a footprint is empty; who comes onto it is new.

        Two cars of one make look alike, and the second may come within the patience:
        but it was seen driving while nothing stood here.
        """
        if slot.clear_views < self._params.min_clear_views or slot.departed:
            return
        shown = [(scan.track_id(i), scan.boxes[i]) for i in found]
        slot.departed = any(
            track_id in slot.elsewhere
            and on_footprint(slot.anchor, box, self._kind.min_iou)
            for track_id, box in shown
        )
        away = {
            track_id
            for track_id, box in shown
            if track_id is not None and sizes_away(slot.anchor, box) > _ELSEWHERE
        }
        slot.elsewhere = frozenset(away | (slot.elsewhere & scan.alive))

    def _accepts(self, slot: Slot, scan: Scan) -> bool:
        """Return whether what stands on a footprint can still be the same object."""
        gap_s = scan.now.media_time_s - slot.last.media_time_s
        watched = slot.state is PlaceState.STANDING and slot.unbroken
        # Watched without a break, nothing can take its place: a sudden new look is a
        # headlight, a shadow or a camera that switched to infra-red.
        if slot.settled and watched and gap_s <= self._params.continuity_s:
            return True
        alike = similarity(slot.look, scan.look(slot.anchor))
        if alike is None:
            return True
        p = self._params
        if not slot.settled:
            return alike >= p.settle_look
        # Found empty in the meantime, only the very same look is the same car.
        empty = self._kind.is_individual and (
            slot.bared_s is not None or slot.clear_views >= p.min_clear_views
        )
        return alike >= (p.same_look if empty else p.other_look)

    def _see(self, slot: Slot, index: int, scan: Scan) -> None:
        now_s = scan.now.media_time_s
        slot.stand(scan.now, self._params.max_gap_s)
        slot.firm = slot.firm or self._is_firm(scan, index)
        unlooked_s = now_s - slot.looked_s
        if slot.settled and slot.look is not None and unlooked_s < _LOOK_EVERY_S:
            slot.see(scan.sighting(index, None), scan.now, 0.0)
        else:
            share = 1 - math.exp(-unlooked_s / self._params.look_s)
            slot.see(scan.sighting(index, scan.look(slot.anchor)), scan.now, share)
            slot.looked_s = now_s
        settle_s, support = self._params.proof(firm=slot.firm)
        if (
            not slot.settled
            and slot.observed_s >= settle_s
            and slot.votes.support() >= support
        ):
            slot.come_to_rest()
            slot.look = scan.look(slot.anchor)
            slot.ground = scan.ground(slot.anchor)
            slot.bareness = scan.added_to(slot.ground, slot.anchor)

    def _is_firm(self, scan: Scan, index: int) -> bool:
        return self._params.opens(scan.name(index), scan.score(index))

    def _may_be_faint(self, index: int, known: Sequence[Slot], scan: Scan) -> bool:
        """Return whether an unsure box is worth watching: part of nothing known."""
        box = scan.boxes[index]
        return self._params.may_be(scan.name(index), scan.score(index)) and not any(
            on_footprint(slot.anchor, box, self._kind.min_iou) for slot in known
        )

    def _look_again(self, slot: Slot, scan: Scan, found: list[int]) -> list[int]:
        """Decide without a detection: still there, hidden, or not there.

        Args:
            slot: which.
            scan: the picture.
            found: detections of the kind that nothing else explains.

        Returns:
            Those of them that this slot does not explain either.
        """
        p = self._params
        anchor = slot.anchor
        alike = similarity(slot.look, scan.look(anchor))
        dt_s = scan.dt_s if scan.dt_s <= p.max_gap_s else 0.0
        if self._shows_ground(slot, alike, scan):
            slot.bare(dt_s, scan.now.media_time_s)
            return found
        if alike is not None and alike >= p.same_look:
            slot.stand(scan.now, p.max_gap_s)
            slot.votes.abstain(scan.now.media_time_s)
            least = self._kind.min_iou
            return [i for i in found if not on_footprint(anchor, scan.boxes[i], least)]
        if scan.cover(anchor) >= p.cover_share:
            slot.hide(scan.dt_s)
            return [i for i in found if not inside(anchor, scan.boxes[i])]
        if self._is_gone(slot, alike, scan):
            slot.miss(dt_s)
        else:
            slot.doubt(scan.dt_s, changed=alike is not None and alike < p.other_look)
        return found

    def _shows_ground(self, slot: Slot, alike: float | None, scan: Scan) -> bool:
        """Return whether a picture shows the bare ground beyond doubt.

        A clothes rack through which one sees the wall looks like the wall. So the
        ground must also be much more like this picture than the object is.
        """
        if not slot.settled or slot.look is None:
            return False
        bare = scan.bareness(slot.ground, slot.anchor)
        p = self._params
        return bare is not None and bare >= max(
            p.sure_ground, p.sure_margin + (-1.0 if alike is None else alike)
        )

    def _is_gone(self, slot: Slot, alike: float | None, scan: Scan) -> bool:
        """Return whether a picture without detection or cover proves absence."""
        p = self._params
        if slot.hidden_s >= p.doubt_s:
            return True
        bare = scan.bareness(slot.ground, slot.anchor)
        if bare is not None and bare >= p.same_ground:
            return True
        # Ground that was never seen, or lies in another light: another look must do.
        # A bus that the detector does not know hides what is beside a car as well.
        if slot.look is None or (alike is not None and alike >= p.other_look):
            return False
        changed = scan.changed_around(slot.anchor)
        return bare is None if changed is None else changed < p.cover_around

    def _notice(
        self, fresh: list[int], known: Sequence[Slot], scan: Scan
    ) -> list[Slot]:
        """Open a slot for each box that nothing known explains, best score first."""
        new: list[Slot] = []
        for index in fresh:
            firm = self._is_firm(scan, index)
            if not firm and not self._may_be_faint(index, known, scan):
                continue
            box = scan.boxes[index]
            if any_alike(box, [slot.anchor for slot in new], _SAME_BOX_IOU):
                continue
            if self._kind.has_parts and any(
                inside(slot.anchor, box) for slot in (*known, *new)
            ):
                continue
            sighting = scan.sighting(index, scan.look(box))
            votes = Votes(self._params.vote_window_s)
            slot = Slot(self._kind.name, sighting.xyxy, None, scan.now, scan.now, votes)
            slot.preset = scan.view.preset
            slot.firm = firm
            slot.see(sighting, scan.now, 1.0)
            new.append(slot)
        return new
