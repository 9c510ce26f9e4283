"""Plots as inline SVG: no fonts, no scripts, no libraries; they print well."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from vision.core.position import LocalPlane

# Okabe and Ito's palette: told apart by colour-blind readers and in grey print.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")

_WIDTH, _HEIGHT = 360, 260
_LEFT, _TOP, _RIGHT, _BOTTOM = 46, 12, 12, 40
_POINTS_SHOWN = 160
_STEPS = 5
_TICK_STEPS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0)
_TICKS_MOST = 10
_BARS_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000)
_BAR_PX = 160

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One curve.

    Attributes:
        name: for the legend.
        points: (x, y) in data units.
        mark: a point to emphasise, or None.
    """

    name: str
    points: Sequence[Point]
    mark: Point | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time in a timeline.

    Attributes:
        start_s: media seconds.
        end_s: media seconds.
        kind: CSS class: `true`, `missed`, `hit`, `false`, `ignored`, `decoy`.
        text: shown when pointed at.
    """

    start_s: float
    end_s: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A circle on a map.

    Attributes:
        point: WGS-84 (lat, lon), degrees.
        radius_m: metres.
        kind: CSS class, as of `Bar`.
        text: shown when pointed at.
    """

    point: tuple[float, float]
    radius_m: float
    kind: str
    text: str


def street_map(ways: Sequence[Sequence[Sequence[float]]], marks: Sequence[Mark]) -> str:
    """Return ways that were driven and circles along them, north above.

    Args:
        ways: (lat, lon) after (lat, lon), each.
        marks: what is shown, the later ones above.

    Returns:
        One `<svg>` element with a scale, or "" where nothing has a place.
    """
    points = [(lat, lon) for way in ways for lat, lon in way]
    points += [mark.point for mark in marks]
    if not points:
        return ""
    plane = LocalPlane(*points[0])
    metres = [plane.metres(*point) for point in points]
    left, right = min(x for x, _ in metres), max(x for x, _ in metres)
    low, high = min(y for _, y in metres), max(y for _, y in metres)
    scale = min(820 / max(right - left, 40.0), 480 / max(high - low, 40.0))

    def at(point: Sequence[float]) -> tuple[float, float]:
        x, y = plane.metres(point[0], point[1])
        return 20 + (x - left) * scale, 20 + (high - y) * scale

    height = round(70 + max(high - low, 40.0) * scale)
    parts = [_open(860, height, "map"), _scale_bar(scale, height - 12)]
    for k, way in enumerate(ways):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, _thinned(way)))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="#b8c0c8" '
            f'stroke-width="1.5"><title>drive {k + 1}</title></polyline>'
        )
    for mark in marks:
        x, y = at(mark.point)
        radius = max(4, mark.radius_m * scale)
        opacity = 0.9 if mark.kind in {"true", "missed"} else 0.35
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" '
            f'class="bar {mark.kind}" fill-opacity="{opacity}">'
            f"<title>{escape(mark.text)}</title></circle>"
        )
    return "".join([*parts, "</svg>"])


def _scale_bar(scale: float, y: int) -> str:
    """Return a line as long as a round number of metres; `scale` is pixels a metre."""
    long_m = max(m for m in _BARS_M if m * scale <= _BAR_PX or m == _BARS_M[0])
    end = 20 + long_m * scale
    return (
        f'<path d="M20,{y - 4}v4H{end:.1f}v-4" fill="none" stroke="currentColor"/>'
        f'<text x="{end + 6:.1f}" y="{y}" font-size="11">{long_m:g} m</text>'
    )


def line_plot(lines: Sequence[Line], *, x: str, y: str, x_max: float = 1.0) -> str:
    """Return curves over [0, x_max] and [0, 1] with a legend.

    Args:
        lines: the curves; each is thinned to what the eye can tell apart.
        x: name of the horizontal axis.
        y: name of the vertical axis.
        x_max: right end.

    Returns:
        One `<svg>` element.
    """
    parts = [_open(_WIDTH, _HEIGHT, f"{y} / {x}"), _axes(x, y, x_max)]
    for k, line in enumerate(lines):
        colour = COLOURS[k % len(COLOURS)]
        path = " ".join(
            f"{_x(px / x_max):.1f},{_y(py):.1f}" for px, py in _thinned(line.points)
        )
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            'stroke-width="1.8"/>'
        )
        if line.mark is not None:
            mx, my = line.mark
            parts.append(
                f'<circle cx="{_x(mx / x_max):.1f}" cy="{_y(my):.1f}" r="3.5" '
                f'fill="{colour}"/>'
            )
        row = _HEIGHT - _BOTTOM - 8 - 15 * (len(lines) - 1 - k)
        if not line.name:
            continue
        parts.append(
            f'<rect x="{_LEFT + 8}" y="{row - 8}" width="12" height="4" '
            f'fill="{colour}"/><text x="{_LEFT + 25}" y="{row - 3}" class="legend">'
            f"{escape(line.name)}</text>"
        )
    return "".join([*parts, "</svg>"])


def round_end(largest: float) -> float:
    """Return the end of an axis with five round steps that holds a number > 0."""
    step = largest / _STEPS
    power = 10.0 ** math.floor(math.log10(step))
    mantissa = next(m for m in (1.0, 2.0, 5.0, 10.0) if m * power >= step * (1 - 1e-9))
    return _STEPS * mantissa * power


def timeline(rows: Sequence[tuple[str, Sequence[Bar]]], *, length_s: float) -> str:
    """Return rows of bars over one clip's time.

    Args:
        rows: (row name, bars).
        length_s: right end, seconds; bars that end later are cut there.

    Returns:
        One `<svg>` element.
    """
    width, row_height, left = 860, 15, 150
    inner = width - left - 10
    scale = inner / max(length_s, 1e-9)
    height = row_height * len(rows) + 22
    parts = [_open(width, height, "timeline")]
    for k, (name, bars) in enumerate(rows):
        top = 4 + k * row_height
        parts.append(
            f'<text x="{left - 6}" y="{top + 9}" class="row">{escape(name)}</text>'
            f'<line x1="{left}" x2="{width - 10}" y1="{top + 11}" y2="{top + 11}" '
            'class="grid"/>'
        )
        for bar in bars:
            start = left + min(bar.start_s, length_s) * scale
            stretch = max(3.0, (min(bar.end_s, length_s) - bar.start_s) * scale)
            parts.append(
                f'<rect x="{start:.1f}" y="{top}" width="{stretch:.1f}" height="10" '
                f'class="bar {bar.kind}"><title>{escape(bar.text)}</title></rect>'
            )
    bottom = height - 4
    for tick in _ticks(length_s):
        at = left + tick * scale
        parts.append(f'<text x="{at:.1f}" y="{bottom}" class="tick">{tick:g} s</text>')
    return "".join([*parts, "</svg>"])


def _open(width: int, height: int, name: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(name)}">'
    )


def _axes(x: str, y: str, x_max: float) -> str:
    parts = []
    for k in range(_STEPS + 1):
        share = k / _STEPS
        parts.append(
            f'<line x1="{_x(0)}" x2="{_x(1)}" y1="{_y(share):.1f}" '
            f'y2="{_y(share):.1f}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{_y(share) + 4:.1f}" class="row">'
            f"{share:g}</text>"
            f'<text x="{_x(share):.1f}" y="{_HEIGHT - _BOTTOM + 16}" class="tick">'
            f"{share * x_max:g}</text>"
        )
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text x="{_x(0.5):.1f}" y="{_HEIGHT - 6}" class="axis">{escape(x)}</text>'
        f'<text x="12" y="{middle}" class="axis" '
        f'transform="rotate(-90 12 {middle})">{escape(y)}</text>'
    )
    return "".join(parts)


def _x(share: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max(share, 0.0), 1.0)


def _y(share: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - min(max(share, 0.0), 1.0))


_Any = TypeVar("_Any")


def _thinned(points: Sequence[_Any]) -> Iterable[_Any]:
    step = max(1, len(points) // _POINTS_SHOWN)
    kept = list(points[::step])
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept


def _ticks(length_s: float) -> list[float]:
    fitting = (step for step in _TICK_STEPS_S if length_s / step <= _TICKS_MOST)
    step = next(fitting, 7200.0)
    return [step * k for k in range(int(length_s // step) + 1)]
