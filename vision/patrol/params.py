"""What a camera that moves looks for, and when it is certain."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PatrolKind:
    """Classes that one object can flip between, and what is known of such objects.

    Attributes:
        name: written on places.
        labels: its classes.
        size_m: least and greatest width, metres.
        is_individual: whether the next one on the same ground is another matter: the
            next car is, refuse in the same corner is not.
        clear_passes: passes in a row that must show the place without it until it is
            gone: the detector overlooks small things.
        clear_found: share of the looks in which something like it may be found there
            all the same: others drive through the picture.
        max_speed_mps: how fast it may be at most, for all that the looks of a pass
            tell, metres per second: it must be seen to stand, what drives more surely
            than what somebody must carry.
    """

    name: str
    labels: frozenset[str]
    size_m: tuple[float, float]
    is_individual: bool = False
    clear_passes: int = 2
    clear_found: float = 0.0
    max_speed_mps: float = 2.0


@dataclass(frozen=True, slots=True)
class PatrolParams:
    """When what was seen from a vehicle is one fixed thing, and which.

    Attributes:
        keep_score: detection score from which a box is used at all.
        open_score: that one look of a pass must reach.
        max_range_m: how far away a box may stand, metres: beyond, a pixel is metres.
        foot_px: standard deviation of the lower edge of a box, in shares of the
            picture's height.
        gate: squared Mahalanobis distance up to which two looks of one pass are of one
            thing: 99 % of two dimensions (chi-squared).
        pass_gate: likewise of two passes, 99.9 %: receivers say less than they err;
        individual_gate: and of individual things, 95 %: the next one of the same
            colour stands in the next bay.
        min_looks: spots from which it must be found,
        min_moved_m: while the camera moved so far, metres: who stands learns nothing.
        max_misfit: greatest mean squared residual of the looks from one fixed point,
            in variances: what drives itself does not fit.
        max_tilt: by how much the camera may look otherwise than was measured, radians.
        tilt_sd: its standard deviation, before anything was seen.
        pass_gap_s: time unseen, seconds of wall time, after which a new look is a new
            pass,
        leave_m: if the camera was so far away meanwhile, metres,
        away_s: or saw nothing at all for so long, seconds.
        clear_range_m: nearest range at which nothing seen is nothing there, metres.
        clear_looks: pictures that must show the place without it in one pass,
        clear_share: and share of the pictures in which it should have been seen.
        same_look: likeness below which two vehicles are two.
        forget_s: time without a pass after which nothing is known, seconds.
        near_m: how far around the camera places are told of, metres.
        max_spots: most places kept: each is a kilobyte, written every ten seconds.
        max_sightings: most objects followed at once.
    """

    keep_score: float = 0.25
    open_score: float = 0.45
    max_range_m: float = 25.0
    foot_px: float = 0.008
    gate: float = 9.21
    pass_gate: float = 13.8
    individual_gate: float = 5.99
    min_looks: int = 4
    min_moved_m: float = 3.0
    max_misfit: float = 2.5
    max_tilt: float = 0.04
    tilt_sd: float = 0.02
    pass_gap_s: float = 60.0
    leave_m: float = 40.0
    away_s: float = 300.0
    clear_range_m: float = 15.0
    clear_looks: int = 4
    clear_share: float = 0.7
    same_look: float = 0.5
    forget_s: float = 30 * 86_400.0
    near_m: float = 80.0
    max_spots: int = 5_000
    max_sightings: int = 64


GARBAGE = PatrolKind("garbage", frozenset({"garbage"}), (0.2, 10.0), max_speed_mps=2.5)
BIN = PatrolKind(
    "bin", frozenset({"bin", "overflowing_bin"}), (0.2, 5.0), max_speed_mps=2.5
)
VENDOR = PatrolKind("vendor", frozenset({"street_vendor"}), (0.5, 8.0))
VEHICLE = PatrolKind(
    "vehicle",
    frozenset({"car", "truck", "bus", "motorcycle"}),
    (0.4, 14.0),
    is_individual=True,
    clear_passes=1,
    clear_found=0.25,
)
PATROL_KINDS = (VEHICLE, GARBAGE, BIN, VENDOR)
