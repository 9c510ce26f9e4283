"""The panel beside a replayed picture: time, view, and each place with its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from vision.core.observation import Observation, View
from vision.core.places import Place
from vision.core.violations import Candidate, Violation
from vision.evidence.fonts import Font, font, writable
from vision.evidence.timeline import STATE_COLOUR
from vision.pipeline.reasons import Timer, reason_text, timer_of

_PAPER, _CARD = (18, 20, 24), (32, 36, 42)
_INK, _DIM, _UNMET = (236, 238, 241), (150, 158, 168), (255, 190, 84)
_OPENED, _BAR, _TRACK = (240, 64, 52), (86, 156, 255), (62, 68, 77)
_CLEAR = (110, 205, 140)
_MARGIN, _STEP, _HEADER = 12, 19, 74
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """An open event: its words and the step that opened it."""

    title: str
    step: Violation


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of one place; either it has opened or it is a candidate."""

    number: int
    place: Place
    title: str
    candidate: Candidate | None = None
    opened: Opened | None = None

    def lines(self) -> list[str]:
        """Return the reasons that matter most, the unmet ones."""
        if self.candidate is None:
            return []
        unmet = [one for one in self.candidate.facts if one.holds is False]
        return [reason_text(fact) for fact in unmet[:_MOST_REASONS]]

    def timer(self) -> Timer | None:
        """Return the timer to draw, or None."""
        return None if self.candidate is None else timer_of(self.candidate.facts)

    def told(self) -> str:
        """Return the state in one line."""
        place = self.place
        passes = place.passes
        if passes is None:
            return f"{place.label}, {place.state.value}, seen {place.observed_s:.0f} s"
        times = "1 pass" if passes.count == 1 else f"{passes.count} passes"
        return f"{place.label}, {times}, nearest {passes.range_m:.0f} m{_sure(place)}"

    def height(self) -> int:
        """Return what it takes, pixels."""
        if self.opened is not None:
            return _STEP + 14
        bar = 14 if self.timer() is not None else 0
        return 2 * _STEP + bar + len(self.lines()) * _STEP + 14


def draw_panel(
    name: str, observation: Observation, rows: Sequence[Row], *, size: tuple[int, int]
) -> Image.Image:
    """Return the panel.

    Args:
        name: the camera's.
        observation: gives time and view.
        rows: places, the most telling first; those that do not fit are counted.
        size: (width, height), pixels.
    """
    panel = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(panel)
    _draw_header(pen, name, observation, size[0])
    top = _HEADER
    for index, row in enumerate(rows):
        last = index == len(rows) - 1
        if top + row.height() + (0 if last else _STEP) > size[1] - 4:
            text = f"and {len(rows) - index} more"
            pen.text((_MARGIN, size[1] - _STEP - 4), text, font=font(14), fill=_DIM)
            break
        _draw_row(pen, row, top, size[0])
        top += row.height() + 6
    if not rows:
        text = "no place that a rule asks about"
        pen.text((_MARGIN, top), text, font=font(15), fill=_DIM)
    return panel


def fitting(text: str, face: Font, room_px: float) -> str:
    """Return text as the font can write it, shortened to a width, pixels."""
    line = writable(text)
    if face.getlength(line) <= room_px:
        return line
    while line and face.getlength(line + "...") > room_px:
        line = line[:-1]
    return line + "..."


def clock(seconds: float) -> str:
    """Return media time as `m:ss`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _sure(place: Place) -> str:
    """Return how well it is known where on the map a place is."""
    if place.geo is None or place.geo.accuracy_m is None:
        return ""
    return f", known to {place.geo.accuracy_m:.0f} m"


def _draw_header(
    pen: ImageDraw.ImageDraw, name: str, observation: Observation, width: int
) -> None:
    frame, view = observation.frame, observation.view
    room = width - 2 * _MARGIN
    _text(pen, (_MARGIN, 10), name, font(18), _INK, room)
    clear = view.view is View.CLEAR
    seconds = f"{clock(frame.media_time_s)}.{int(frame.media_time_s * 10) % 10}"
    state = f"view {view.view.value}"
    if view.reason is not None:
        state += f" ({view.reason})"
    if view.light is not None:
        state += f", {view.light}"
    pen.text((_MARGIN, 38), seconds, font=font(22), fill=_INK)
    colour = _CLEAR if clear else _UNMET
    at = (_MARGIN + 96, 44)
    _text(pen, at, f"{state}, picture {frame.index}", font(14), colour, room - 96)


def _draw_row(pen: ImageDraw.ImageDraw, row: Row, top: int, width: int) -> None:
    colour = _OPENED if row.opened is not None else STATE_COLOUR[row.place.state]
    room = width - 2 * _MARGIN - 44
    pen.rounded_rectangle((6, top, width - 6, top + row.height()), 6, fill=_CARD)
    pen.rounded_rectangle((6, top, 11, top + row.height()), 2, fill=colour)
    face = font(18)
    number = str(row.number)
    pen.text((_MARGIN + 14, top + 17), number, font=face, fill=colour, anchor="mm")
    x = _MARGIN + 32
    if row.opened is not None:
        since = f"opened {clock(row.opened.step.decided_s)}"
        pen.text((x + room, top + 7), since, font=font(14), fill=_DIM, anchor="ra")
        room -= int(font(14).getlength(since)) + 8
        _text(pen, (x, top + 5), row.title, font(16), _INK, room)
        return
    _text(pen, (x, top + 4), row.title, font(16), _INK, room)
    _text(pen, (x, top + 4 + _STEP), row.told(), font(14), _DIM, room)
    y = top + 6 + 2 * _STEP
    timer = row.timer()
    if timer is not None:
        right = x + room
        pen.rounded_rectangle((x, y, right, y + 7), 3, fill=_TRACK)
        if timer.share > 0:
            end = x + max(6.0, timer.share * room)
            pen.rounded_rectangle((x, y, end, y + 7), 3, fill=_BAR)
        y += 12
    for line in row.lines():
        _text(pen, (x, y), f"not yet: {line}", font(14), _UNMET, room)
        y += _STEP


def _text(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    face: Font,
    colour: tuple[int, int, int],
    room_px: float,
) -> None:
    pen.text(at, fitting(text, face, room_px), font=face, fill=colour)
