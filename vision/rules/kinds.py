"""What can stand still, and how patient the memory is with it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Kind:
    """Classes that one still object can flip between, and how firmly it stands.

    Attributes:
        name: written on places.
        labels: its classes.
        settle_shift: how far the ground contact may be from the first box until the
            object counts as still, in box sizes.
        keep_shift: how far it may be from the fixed anchor afterwards, in box sizes.
        min_iou: least overlap with the anchor.
        roam_sizes: how far it may be moved and stay the same, in box sizes;
        roam_m: likewise on the ground, metres, where the ground plane is known.
        patience_s: clear view without it after which it is gone, seconds; at least the
            memory's own patience.
        is_individual: whether the next one on the same ground is another matter: the
            next car is, refuse in the same corner is not.
        has_parts: whether what lies within it is a part of it, found once more: the
            table below the umbrella of a stall.
    """

    name: str
    labels: frozenset[str]
    settle_shift: float = 0.3
    keep_shift: float = 0.5
    min_iou: float = 0.25
    roam_sizes: float = 0.0
    roam_m: float = 0.0
    patience_s: float = 0.0
    is_individual: bool = False
    has_parts: bool = False


def vehicle_kind(labels: frozenset[str]) -> Kind:
    """Return the kind of things that park.

    A vehicle must stand firmly: one that creeps leaves this gate before any grace
    time is over.

    Args:
        labels: classes that count as motor vehicles here.
    """
    return Kind(
        "vehicle",
        labels,
        settle_shift=0.12,
        keep_shift=0.2,
        min_iou=0.5,
        is_individual=True,
    )


VEHICLE = vehicle_kind(frozenset({"car", "truck", "bus", "motorcycle"}))
GARBAGE = Kind("garbage", frozenset({"garbage"}))
BIN = Kind("bin", frozenset({"bin", "overflowing_bin"}))
VENDOR = Kind(
    "vendor",
    frozenset({"street_vendor"}),
    roam_sizes=3.0,
    roam_m=10.0,
    patience_s=60.0,
    has_parts=True,
)
KINDS = (VEHICLE, GARBAGE, BIN, VENDOR)
KIND_NAMED = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class PlaceParams:
    """How patient the memory is.

    Attributes:
        open_score: detection score at which something new is taken for certain.
        open_scores: likewise by class, where it differs.
        faint_scores: score, by class, from which something new is looked at for longer:
            one of these is noise, the same box again and again is an object. Only where
            that was measured to hold: refuse; a tree can look like a bin for minutes.
        faint_s: how long that must stand before it is a place, seconds,
        faint_support: and share of looks in which the detector must find it.
        keep_score: score that is enough for what is known already.
        settle_s: how long an object must stand before it is a place, seconds.
        max_gap_s: longest time between two sights that counts as observed, seconds.
        continuity_s: longest time in which one object cannot take another's place
            unseen, seconds.
        patience_s: clear view without the object after which it is gone, seconds.
        min_clear_views: and in at least so many pictures.
        same_ground: likeness from which the bare ground is recognised.
        sure_ground: likeness from which it is recognised beyond doubt,
        sure_margin: if the object is less like the picture by so much.
        bared_s: an individual thing is gone when its ground was seen so for so long,
            seconds, whatever drove over it meanwhile.
        doubt_s: time in which neither object nor ground is recognised, after which the
            object is taken to be gone, seconds: the ground may have changed.
        lost_s: time without a view of the place after which nothing is known, seconds.
        reattach_s: how long ago a place may have been seen, before a restart or an
            outage, to be looked for again, seconds.
        vote_window_s: how long a class vote counts, seconds.
        look_s: time constant with which a remembered look follows the light, seconds.
        same_look: similarity from which a known object is recognised undetected.
        settle_look: similarity that a new object must keep until it has settled.
        settle_support: share of looks in which the detector must find a new object.
        other_look: similarity below which it is another object.
        cover_share: share of the footprint that something else must cover to hide it.
        cover_around: share of the ground around a footprint that must look different,
            or of that just before it darker, for something unknown to hide it.
        baseline_s: what is first seen within this time was there before, seconds.
        max_places: most places kept; the oldest unconfirmed go first.
    """

    open_score: float = 0.45
    open_scores: Mapping[str, float] = field(default_factory=dict)
    faint_scores: Mapping[str, float] = field(default_factory=lambda: {"garbage": 0.4})
    faint_s: float = 20.0
    faint_support: float = 0.8
    keep_score: float = 0.2
    settle_s: float = 3.0
    max_gap_s: float = 10.0
    continuity_s: float = 4.0
    patience_s: float = 10.0
    min_clear_views: int = 3
    same_ground: float = 0.6
    sure_ground: float = 0.9
    sure_margin: float = 0.1
    bared_s: float = 3.0
    doubt_s: float = 120.0
    lost_s: float = 3600.0
    reattach_s: float = 12 * 3600.0
    vote_window_s: float = 20.0
    look_s: float = 20.0
    same_look: float = 0.7
    settle_look: float = 0.5
    settle_support: float = 0.5
    other_look: float = 0.4
    cover_share: float = 0.25
    cover_around: float = 0.35
    baseline_s: float = 2.0
    max_places: int = 128

    @classmethod
    def for_period(cls, period_s: float) -> Self:
        """Return parameters that fit a camera's sampling period.

        Args:
            period_s: time between two analysed pictures, seconds. A slow camera's gaps
                are not the stream's: two pictures in a row always count as observed.
        """
        longest_s = max(cls().max_gap_s, 2.5 * period_s)
        return cls(
            max_gap_s=longest_s, patience_s=max(cls().patience_s, 2.5 * period_s)
        )

    def opens(self, label: str, score: float) -> bool:
        """Return whether one detection is enough to take something for certain."""
        return score >= self.open_scores.get(label, self.open_score)

    def may_be(self, label: str, score: float) -> bool:
        """Return whether one detection is enough to keep an eye on something."""
        return score >= self.faint_scores.get(label, math.inf)

    def proof(self, *, firm: bool) -> tuple[float, float]:
        """Return how long something new must stand, seconds, and be found, a share."""
        if firm:
            return self.settle_s, self.settle_support
        return max(self.faint_s, self.settle_s), self.faint_support
