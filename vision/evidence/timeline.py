"""A place's life as one picture: its states, how its dwell grew, when it was decided.

It shows at a glance why an event opened when it did: which seconds counted, which did
not because something stood in front, and where the limit lay.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from vision.core.arrays import ImageU8
from vision.core.places import PlaceState
from vision.evidence.fonts import font, shortened, writable
from vision.evidence.life import Life, Mark

_SIZE = (1280, 480)
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 1250, 148, 404  # the plot, pixels
_BAND = (92, 122)  # the states, above it
_LEGEND = 430  # from here down
_LEAST_BAND_PX = 4  # a pass takes seconds of what may be days
_TEXT_PX = 17
_INK, _DIM, _GRID, _PAPER = (28, 32, 38), (104, 112, 122), (222, 226, 231), "white"
_DWELL, _LIMIT, _MARK = (20, 96, 200), (196, 120, 0), (200, 36, 36)
STATE_COLOUR = {
    PlaceState.STANDING: (58, 150, 92),
    PlaceState.OCCLUDED: (146, 152, 164),
    PlaceState.MISSING: (232, 168, 56),
    PlaceState.ENDED: (70, 74, 82),
}
_MINUTE_S, _HOUR_S, _DAY_S, _DAY_H = 60, 3_600, 86_400, 24
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE_S * k for k in (1, 2, 5, 10, 30)),
    *(_HOUR_S * k for k in (1, 2, 6)),
    *(_DAY_S * k for k in (1, 2, 5, 10)),
)
_MOST_TICKS = 10


def draw_timeline(life: Life, *, zone: tzinfo | None = None) -> ImageU8:
    """Return the picture of a place's life.

    Args:
        life: what to show.
        zone: time zone of wall times; None: this machine's.

    Returns:
        (480, 1280, 3) uint8 BGR.
    """
    canvas = Image.new("RGB", _SIZE, _PAPER)
    pen = ImageDraw.Draw(canvas)
    plot = _Plot.of(life)
    _draw_header(pen, life, zone)
    _draw_states(pen, life, plot)
    _draw_axes(pen, life, plot)
    _draw_growth(pen, life, plot)
    for mark in life.marks:
        _draw_mark(pen, mark, plot)
    canvas.paste(_legend(), (0, _LEGEND))
    return np.asarray(cv2.cvtColor(np.asarray(canvas), cv2.COLOR_RGB2BGR), np.uint8)


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where times and durations lie in the picture."""

    since_s: float
    until_s: float
    most_s: float

    @classmethod
    def of(cls, life: Life) -> "_Plot":
        since_s = life.place.first_seen_s
        until_s = max(life.until_s, life.place.last_seen_s, since_s + 1.0)
        counted = [mark.counted_s or 0.0 for mark in life.marks]
        most_s = max(until_s - since_s, life.needed_s or 0.0, *counted, 1.0)
        return cls(since_s, until_s, most_s * 1.08)

    def x(self, at_s: float) -> float:
        share = (at_s - self.since_s) / (self.until_s - self.since_s)
        return _LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT)

    def y(self, dwell_s: float) -> float:
        share = min(max(dwell_s / self.most_s, 0.0), 1.0)
        return _BOTTOM - share * (_BOTTOM - _TOP)


def _draw_header(pen: ImageDraw.ImageDraw, life: Life, zone: tzinfo | None) -> None:
    place = life.place
    _text(pen, (24, 14), life.title, size_px=26)
    start = ", there when watching began" if place.baseline else ""
    if place.passes is None:
        seen = (
            f"observed {place.observed_s:.1f} s of {place.elapsed_s:.1f} s between "
            "first and last sight"
        )
    else:
        last = _wall(place.last_seen_at, zone)
        seen = f"last seen {last}; passes: {place.passes.count}"
    facts = (
        f"first seen {_wall(place.first_seen_at, zone)}{start}; {seen}; place "
        f"{place.place_id[:8]}"
    )
    _text(pen, (24, 54), facts, colour=_DIM)


def _draw_states(pen: ImageDraw.ImageDraw, life: Life, plot: _Plot) -> None:
    for band in life.bands:
        left, right = plot.x(band.since_s), plot.x(band.until_s)
        right = max(left + _LEAST_BAND_PX, right)
        left -= max(0.0, right - _RIGHT)
        box = (left, _BAND[0], min(right, _RIGHT), _BAND[1])
        if band.state is None:
            pen.rectangle(box, outline=_GRID)
            name = "not watched"
        else:
            pen.rectangle(box, fill=STATE_COLOUR[band.state])
            name = band.state.value
        face = font(16)
        if right - left > face.getlength(name) + 12:
            ink = _DIM if band.state is None else _PAPER
            pen.text((left + 6, _BAND[0] + 4), name, font=face, fill=ink)


def _draw_axes(pen: ImageDraw.ImageDraw, life: Life, plot: _Plot) -> None:
    for at_s in _ticks(0.0, plot.until_s - plot.since_s):
        x = plot.x(plot.since_s + at_s)
        pen.line((x, _BAND[1], x, _BOTTOM + 5), fill=_GRID)
        _text(pen, (x, _BOTTOM + 8), _span(at_s), colour=_DIM, anchor="ma")
    for dwell_s in _ticks(0.0, plot.most_s, most=5):
        y = plot.y(dwell_s)
        pen.line((_LEFT, y, _RIGHT, y), fill=_GRID)
        _text(pen, (_LEFT - 8, y), _span(dwell_s), colour=_DIM, anchor="rm")
    pen.line((_LEFT, _TOP, _LEFT, _BOTTOM, _RIGHT, _BOTTOM), fill=_DIM)
    if life.needed_s is not None:
        y = plot.y(life.needed_s)
        _dashed(pen, (_LEFT, y), (_RIGHT, y), _LIMIT)
        _text(
            pen,
            (_LEFT + 8, y - 3),
            f"limit {life.needed_s:g} s",
            colour=_LIMIT,
            anchor="ld",
        )


def _draw_growth(pen: ImageDraw.ImageDraw, life: Life, plot: _Plot) -> None:
    first, last = life.place.first_seen_s, life.place.last_seen_s
    start, end = (plot.x(first), plot.y(0.0)), (plot.x(last), plot.y(last - first))
    _dashed(pen, start, end, _DIM)
    points = [(plot.x(at_s), plot.y(dwell_s)) for at_s, dwell_s in life.growth]
    if len(points) > 1:
        pen.line(points, fill=_DWELL, width=4, joint="curve")


def _draw_mark(pen: ImageDraw.ImageDraw, mark: Mark, plot: _Plot) -> None:
    x = plot.x(mark.at_s)
    pen.line((x, _BAND[0] - 6, x, _BOTTOM), fill=_MARK, width=2)
    text = f"{mark.text} at {_span(mark.at_s - plot.since_s)}"
    if mark.counted_s is not None:
        y = plot.y(mark.counted_s)
        pen.ellipse((x - 6, y - 6, x + 6, y + 6), fill=_MARK)
        text += f", {mark.counted_s:.1f} s counted"
    right = x > (_LEFT + _RIGHT) / 2
    at = (x - 10, _BOTTOM - 8) if right else (x + 10, _BOTTOM - 8)
    _text(pen, at, text, colour=_MARK, anchor="rd" if right else "ld")


@cache
def _legend() -> Image.Image:
    """Return the lowest part of the picture, the same for all."""
    canvas = Image.new("RGB", (_SIZE[0], _SIZE[1] - _LEGEND), _PAPER)
    pen = ImageDraw.Draw(canvas)
    x, y = float(_LEFT), 25
    for state, colour in STATE_COLOUR.items():
        pen.rectangle((x, y - 7, x + 18, y + 7), fill=colour)
        x = _named(pen, (x + 26, y), state.value) + 24
    pen.line((x, y, x + 28, y), fill=_DWELL, width=4)
    x = _named(pen, (x + 36, y), "observed dwell") + 24
    _dashed(pen, (x, y), (x + 28, y), _DIM)
    x = _named(pen, (x + 36, y), "time since first sight") + 24
    _text(pen, (x, y), "times: min:s since first sight", colour=_DIM, anchor="lm")
    return canvas


def _named(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str) -> float:
    """Write a name in the legend; return where it ends, pixels."""
    _text(pen, at, text, anchor="lm")
    return at[0] + font(_TEXT_PX).getlength(text)


def _text(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    *,
    colour: tuple[int, int, int] = _INK,
    size_px: int = _TEXT_PX,
    anchor: str = "la",
) -> None:
    """Write a line, shortened to the picture's width."""
    face, line, width_px = font(size_px), writable(text), _SIZE[0] - 32
    # No character is wider than its line is high: most lines need no measuring.
    if len(line) * size_px > width_px:
        line = shortened(line, face, width_px)
    pen.text(at, line, font=face, fill=colour, anchor=anchor)


def _dashed(
    pen: ImageDraw.ImageDraw,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: tuple[int, int, int],
) -> None:
    (x1, y1), (x2, y2) = start, end
    count = max(1, int(np.hypot(x2 - x1, y2 - y1) / 12))
    for k in range(count):
        a, b = k / count, (k + 0.5) / count
        ends = (
            x1 + a * (x2 - x1),
            y1 + a * (y2 - y1),
            x1 + b * (x2 - x1),
            y1 + b * (y2 - y1),
        )
        pen.line(ends, fill=colour, width=2)


def _ticks(low: float, high: float, *, most: int = _MOST_TICKS) -> list[float]:
    least = (high - low) / most
    step = next((float(one) for one in _STEPS_S if one >= least), least)
    return [low + k * step for k in range(int((high - low) / step) + 1)]


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= _DAY_H:
        days, hours = divmod(hours, _DAY_H)
        return f"{days} d {hours}:{minutes:02d}" if hours or minutes else f"{days} d"
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _wall(at: datetime, zone: tzinfo | None) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")
