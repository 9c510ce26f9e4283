"""What a soak's samples say: does it grow, and were the events right."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from scipy.stats import t as student

from tests.benchmarks.soak_street import FILMS, Shown, Truth

_CLEARING_S = 20.0  # what the pass before left behind is cleared within that time
_LATE_S = 5.0  # a decision comes that much after a pass's end, at most
_SAME_IOU = 0.2


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line through samples.

    Attributes:
        per_hour: change per hour.
        low: lower end of its 95 % confidence interval.
        high: upper end.
    """

    per_hour: float
    low: float
    high: float


def slope(at_s: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Fit a line by least squares, with an interval that minds memory's inertia.

    Neighbouring samples are alike, so the interval is widened by the residuals'
    lag-1 autocorrelation r: n (1 - r) / (1 + r) samples count (Santer et al. 2000,
    J. Geophys. Res. 105, 7337-7356). None: fewer than three samples would count.

    Args:
        at_s: (N,) seconds.
        values: (N,) any unit.
    """
    count = len(at_s)
    if count < 6:
        return None
    x = np.asarray(at_s, np.float64) / 3600
    y = np.asarray(values, np.float64)
    x_off = x - x.mean()
    spread = float((x_off**2).sum())
    per_hour = float((x_off * y).sum()) / spread
    rest = y - y.mean() - per_hour * x_off
    power = float((rest**2).sum())
    r = float((rest[1:] * rest[:-1]).sum()) / power if power > 0 else 0.0
    r = min(max(r, 0.0), 0.99)
    effective = count * (1 - r) / (1 + r)
    if effective < 3:
        return None
    error = math.sqrt(power / (effective - 2) / spread)
    reach = float(student.ppf(0.975, effective - 2)) * error
    return Slope(per_hour, per_hour - reach, per_hour + reach)


@dataclass(frozen=True, slots=True)
class Pass:
    """One showing of the film to one camera.

    Attributes:
        camera: which.
        begins: wall time of its first picture.
        ends: wall time of the next pass's, or of the end of the run.
        whole: it was shown to its end.
    """

    camera: str
    begins: datetime
    ends: datetime
    whole: bool


@dataclass(slots=True)
class Opened:
    """An event as the receiver knows it.

    Attributes:
        camera: which.
        slug: which violation.
        started: when it began.
        decided: when it was opened.
        cleared: when it was cleared, None while it is open.
        box: where, pixels of a 1080p or 720p picture.
    """

    camera: str
    slug: str
    started: datetime
    decided: datetime
    box: tuple[float, float, float, float]
    cleared: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A span of wall time in which a camera (None: every camera) was disturbed."""

    camera: str | None
    begins: datetime
    ends: datetime


@dataclass(slots=True)
class Tally:
    """Events against truth.

    In a loop a violation of one pass may still be open when the next pass shows it
    again; that is one event, and counts in both.

    Attributes:
        clean_passes: passes without trouble.
        expected: violations in them; each must have exactly one open event.
        found: of those.
        missing: the rest, in words.
        doubled: more than one open event for one violation, in words.
        spoilt_passes: the other passes.
        spoilt_found: violations in those that had an open event all the same.
        elsewhere: events where the film shows no violation, in words: each is false.
    """

    clean_passes: int = 0
    expected: int = 0
    found: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    spoilt_passes: int = 0
    spoilt_found: int = 0
    elsewhere: list[str] = field(default_factory=list)


def passes_of(
    begun: Iterable[tuple[str, datetime]], until: datetime, length_s: float
) -> list[Pass]:
    """Return the passes, given when each began."""
    by_camera: dict[str, list[datetime]] = defaultdict(list)
    for camera, at in begun:
        by_camera[camera].append(at)
    return [
        Pass(camera, begins, ends, (ends - begins).total_seconds() > length_s - 2)
        for camera, times in sorted(by_camera.items())
        for begins, ends in zip(times, [*times[1:], until], strict=True)
    ]


def tally(
    passes: Sequence[Pass],
    opened: Sequence[Opened],
    troubles: Sequence[Trouble],
    truth: Truth,
) -> Tally:
    """Compare what opened with what was shown."""
    told = Tally()
    for one in passes:
        clean = one.whole and not any(_touches(one, trouble) for trouble in troubles)
        told.clean_passes += clean
        told.spoilt_passes += not clean
        for shown in truth.shown:
            hits = [event for event in opened if _is_open(event, shown, one)]
            name = f"{one.camera} {shown.slug} in the pass of {one.begins:%H:%M:%S}"
            told.spoilt_found += not clean and bool(hits)
            if not clean:
                continue
            told.expected += 1
            told.found += bool(hits)
            if not hits:
                told.missing.append(name)
            if len(hits) > 1:
                told.doubled.append(name)
    told.elsewhere = [
        f"{event.camera} {event.slug} of {event.started:%H:%M:%S}"
        for event in opened
        if not any(_is_at(event, shown) for shown in truth.shown)
    ]
    return told


def _is_open(event: Opened, shown: Shown, one: Pass) -> bool:
    """Return whether an event is a violation's in one pass of the film."""
    if event.camera != one.camera or not _is_at(event, shown):
        return False
    stands = one.begins + timedelta(seconds=shown.start_s + _CLEARING_S)
    decided = event.decided <= one.ends + timedelta(seconds=_LATE_S)
    return decided and (event.cleared is None or event.cleared > stands)


def _is_at(event: Opened, shown: Shown) -> bool:
    if event.slug != shown.slug:
        return False
    return any(
        _iou(event.box, [a * b for a, b in zip(shown.box, 2 * size, strict=True)])
        >= _SAME_IOU
        for size in FILMS.values()
    )


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (area - shared)


def _touches(one: Pass, trouble: Trouble) -> bool:
    if trouble.camera not in {None, one.camera}:
        return False
    since = one.begins - timedelta(seconds=2 * _CLEARING_S)
    return trouble.begins < one.ends and trouble.ends > since
