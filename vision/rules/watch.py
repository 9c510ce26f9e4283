"""What one picture says about the still objects of one kind."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, IntArray
from vision.core.geometry import iou
from vision.core.places import PlaceState
from vision.rules.appearance import similarity
from vision.rules.kinds import Kind, PlaceParams
from vision.rules.matching import (
    inside,
    match,
    on_footprint,
    sizes_away,
)
from vision.rules.scan import Scan
from vision.rules.slot import Slot, as_xyxy
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

    def look(
        self, slots: Sequence[Slot], scan: Scan, reached: FloatArray
    ) -> list[Slot]:
        """Bring the known slots of this kind up to date.

        Args:
            slots: all that are known and have not ended.
            scan: the picture.
            reached: (S, N) overlap of each with each box of the picture, as
                `overlap_within_reach` returns it.

        Returns:
            Slots for what was not known before.
        """
        rows = [i for i, slot in enumerate(slots) if slot.kind == self._kind.name]
        known = [slots[i] for i in rows]
        found = scan.of_kind(self._kind.labels, self._params.keep_score)
        boxes = scan.boxes[found]
        if self._kind.is_individual:
            for slot in known:
                self._mind_successors(slot, found, scan)
        here = [slot for slot in known if not slot.departed]
        overlap = reached[[i for i in rows if not slots[i].departed]][:, found]
        pairs = match(here, overlap, lambda s: self._accepts(here[s], scan))
        for s, b in pairs.items():
            self._see(here[s], int(found[b]), scan)
        explained = self._explained(pairs, boxes, overlap)
        for s, slot in enumerate(here):
            if s not in pairs:
                rest = np.flatnonzero(~explained)
                explained[rest] = self._look_again(slot, scan, found[rest])
        for slot in known:
            if slot.departed:
                slot.miss(scan.dt_s)
        return self._notice(found[~explained], known, scan)

    def _explained(
        self, pairs: Mapping[int, int], boxes: FloatArray, overlap: FloatArray
    ) -> BoolArray:
        """Return which boxes, (N, 4), the slots seen in this picture account for."""
        if len(pairs) == len(boxes):
            return np.ones(len(boxes), np.bool_)
        if not pairs:
            return np.zeros(len(boxes), np.bool_)
        taken = boxes[list(pairs.values())]
        same = np.asarray((iou(taken, boxes) >= _SAME_BOX_IOU).any(axis=0), np.bool_)
        if self._kind.is_individual:
            return same
        # A bin may be taken for a full one as well, in a box of another height.
        return same | np.isfinite(overlap[list(pairs)]).any(axis=0)

    def _mind_successors(self, slot: Slot, found: IntArray, scan: Scan) -> None:
        """Note who is elsewhere while a footprint is empty; who comes onto it is new.

        Two cars of one make look alike, and the second may come within the patience:
        but it was seen driving while nothing stood here.
        """
        if slot.clear_views < self._params.min_clear_views or slot.departed:
            return
        ids = [scan.track_id(int(index)) for index in found]
        boxes = scan.boxes[found]
        on_it = on_footprint(slot.anchor, boxes, self._kind.min_iou)
        slot.departed = any(
            lies and track_id in slot.elsewhere
            for lies, track_id in zip(on_it, ids, strict=True)
        )
        off_it = sizes_away(slot.anchor, boxes) > _ELSEWHERE
        away = {i for i, off in zip(ids, off_it, strict=True) if off and i is not None}
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
        empty = self._kind.is_individual and slot.clear_views >= p.min_clear_views
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
        label = scan.labels[int(scan.detections.class_id[index])]
        return self._params.opens(label, float(scan.detections.score[index]))

    def _may_be_faint(self, index: int, known: Sequence[Slot], scan: Scan) -> bool:
        """Return whether an unsure box is worth watching: part of nothing known."""
        box = scan.boxes[index : index + 1]
        label = scan.labels[int(scan.detections.class_id[index])]
        score = float(scan.detections.score[index])
        return self._params.may_be(label, score) and not any(
            on_footprint(slot.anchor, box, self._kind.min_iou)[0] for slot in known
        )

    def _look_again(self, slot: Slot, scan: Scan, found: IntArray) -> BoolArray:
        """Decide without a detection: still there, hidden, or not there.

        Args:
            slot: which.
            scan: the picture.
            found: detections of the kind that nothing else explains.

        Returns:
            (N,) bool: which of these boxes are explained by this slot.
        """
        p = self._params
        alike = similarity(slot.look, scan.look(slot.anchor))
        boxes = scan.boxes[found]
        if alike is not None and alike >= p.same_look:
            slot.stand(scan.now, p.max_gap_s)
            slot.votes.abstain(scan.now.media_time_s)
            return on_footprint(slot.anchor, boxes, self._kind.min_iou)
        if scan.cover(slot.anchor) >= p.cover_share:
            slot.hide(scan.dt_s)
            return inside(slot.anchor, boxes)
        if self._is_gone(slot, alike, scan):
            slot.miss(scan.dt_s if scan.dt_s <= p.max_gap_s else 0.0)
        else:
            slot.doubt(scan.dt_s, changed=alike is not None and alike < p.other_look)
        return np.zeros(len(found), np.bool_)

    def _is_gone(self, slot: Slot, alike: float | None, scan: Scan) -> bool:
        """Return whether a picture without detection or cover proves absence."""
        p = self._params
        if slot.hidden_s >= p.doubt_s:
            return True
        bare = scan.bareness(slot.ground, slot.anchor)
        if bare is not None:
            return bare >= p.same_ground
        # The ground was never seen: another look must do.
        return slot.look is not None and (alike is None or alike < p.other_look)

    def _notice(self, fresh: IntArray, known: Sequence[Slot], scan: Scan) -> list[Slot]:
        """Open a slot for each box that nothing known explains, best score first."""
        new: list[Slot] = []
        for index in fresh:
            firm = self._is_firm(scan, int(index))
            if not firm and not self._may_be_faint(int(index), known, scan):
                continue
            sighting = scan.sighting(int(index), scan.look(as_xyxy(scan.boxes[index])))
            anchors = np.array([slot.anchor for slot in new], np.float32).reshape(-1, 4)
            if (
                new
                and float(iou(scan.boxes[index : index + 1], anchors).max())
                >= _SAME_BOX_IOU
            ):
                continue
            votes = Votes(self._params.vote_window_s)
            slot = Slot(self._kind.name, sighting.xyxy, None, scan.now, scan.now, votes)
            slot.preset = scan.view.preset
            slot.firm = firm
            slot.see(sighting, scan.now, 1.0)
            new.append(slot)
        return new
