"""Draws what the engine made of a frame: zones, places, timers, reasons, events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from vision.bootstrap.replay import Instant
from vision.cli.replay_panel import Opened, Row, draw_panel, fitting
from vision.cli.sight import ZONE_COLOUR
from vision.core.arrays import ImageU8
from vision.core.events import Code
from vision.core.observation import Observation, View
from vision.core.places import Place, PlaceState
from vision.core.violations import Candidate, Lifecycle, Slug, Violation
from vision.evidence.fonts import font, writable
from vision.evidence.timeline import STATE_COLOUR
from vision.pipeline.reasons import reason_text, timer_of

_PICTURE = (896, 900)  # the most it takes, pixels
_PANEL_WIDTH, _LEAST_HEIGHT = 384, 504
_ROOM_FOR_TIMER, _ROOM_FOR_LABEL = 64, 40  # least width of a box, pixels
_BANNER_S = 4.0  # media time that an event stays on the screen
_PAPER = (18, 20, 24)
_OTHER_ZONE = (170, 170, 170)
_THIN = (236, 236, 236)
_OPENED = (240, 64, 52)
_STEP = {
    Lifecycle.OPENED: (196, 40, 34),
    Lifecycle.UPDATED: (176, 118, 0),
    Lifecycle.CLEARED: (30, 132, 72),
}


@dataclass(frozen=True, slots=True)
class _Banner:
    until_s: float
    text: str
    why: str
    colour: tuple[int, int, int]


class ReplayPainter:
    """Draws one instant after the other; remembers what is open and what it said."""

    def __init__(self, name: str, codes: Mapping[Slug, Code]) -> None:
        """Start with nothing open.

        Args:
            name: the camera's.
            codes: the site's names of the violations.
        """
        self._name = name
        self._codes = codes
        self._opened: dict[str, Opened] = {}
        self._numbers: dict[str, int] = {}
        self._next = 1
        self._banners: list[_Banner] = []

    def draw(self, instant: Instant) -> ImageU8:
        """Return picture and panel, (H, W, 3) uint8 BGR, both sides even."""
        observation = instant.observation
        places = [one for one in observation.places if one.state != PlaceState.ENDED]
        self._follow(instant.steps, places, observation.frame.media_time_s)
        rows = self._rows(places, instant.candidates)
        picture, scale = _scaled(observation)
        pen = ImageDraw.Draw(picture, "RGBA")
        _draw_zones(pen, observation, scale)
        _draw_detections(pen, observation, scale)
        for place in filter(_in_picture, places):
            self._draw_place(pen, place, rows.get(place.place_id), observation, scale)
        self._draw_banners(pen, observation, picture.size)
        height = max(_LEAST_HEIGHT, picture.height + picture.height % 2)
        width = picture.width + picture.width % 2 + _PANEL_WIDTH
        canvas = Image.new("RGB", (width, height), _PAPER)
        canvas.paste(picture, (0, (height - picture.height) // 2))
        panel = draw_panel(
            self._name,
            observation,
            list(rows.values()),
            size=(_PANEL_WIDTH, height),
        )
        canvas.paste(panel, (width - _PANEL_WIDTH, 0))
        return np.ascontiguousarray(np.asarray(canvas)[:, :, ::-1])

    def _follow(
        self, steps: Sequence[Violation], places: Sequence[Place], now_s: float
    ) -> None:
        alive = {place.place_id for place in places}
        for step in steps:
            what = self._title(step.slug)
            zone = "" if step.zone_id is None else f", {step.zone_id}"
            text = f"{step.lifecycle.value.upper()}  {what}{zone}"
            until_s = now_s + _BANNER_S
            why = "; ".join(reason_text(one) for one in step.facts if one.holds)
            self._banners.append(_Banner(until_s, text, why, _STEP[step.lifecycle]))
            if step.lifecycle is Lifecycle.CLEARED:
                self._opened.pop(step.place.place_id, None)
            elif step.lifecycle is Lifecycle.OPENED:
                self._opened[step.place.place_id] = Opened(what, step)
        self._banners = [one for one in self._banners if one.until_s > now_s][-3:]
        self._opened = {k: v for k, v in self._opened.items() if k in alive}
        self._numbers = {k: v for k, v in self._numbers.items() if k in alive}

    def _rows(
        self, places: Sequence[Place], candidates: Sequence[Candidate]
    ) -> dict[str, Row]:
        """Return what the panel says, by place: open ones, then the nearest to it."""
        known = {place.place_id: place for place in places}
        rows: dict[str, Row] = {}
        for place_id, opened in self._opened.items():
            rows[place_id] = Row(
                self._number(place_id), known[place_id], opened.title, opened=opened
            )
        waiting = [one for one in candidates if one.place.place_id in known]
        for one in sorted(waiting, key=_distance):
            place_id = one.place.place_id
            rows.setdefault(
                place_id,
                Row(
                    self._number(place_id),
                    one.place,
                    self._title(one.slug),
                    candidate=one,
                ),
            )
        return rows

    def _number(self, place_id: str) -> int:
        if place_id not in self._numbers:
            self._numbers[place_id] = self._next
            self._next += 1
        return self._numbers[place_id]

    def _title(self, slug: Slug) -> str:
        code = self._codes.get(slug)
        return slug.value if code is None else f"{slug.value} {code.name}"

    def _draw_place(
        self,
        pen: ImageDraw.ImageDraw,
        place: Place,
        row: Row | None,
        observation: Observation,
        scale: float,
    ) -> None:
        box = observation.view.box_to_picture(place.latest_xyxy or place.xyxy)
        left, top, right, bottom = (side * scale for side in box)
        colour = STATE_COLOUR[place.state]
        if row is None:  # no rule is concerned
            pen.rectangle((left, top, right, bottom), outline=colour, width=1)
            return
        outline = _OPENED if row.opened is not None else colour
        pen.rectangle((left, top, right, bottom), outline=outline, width=3)
        text = f"{row.number}"
        timer = None if row.candidate is None else timer_of(row.candidate.facts)
        if timer is not None and right - left >= _ROOM_FOR_TIMER:
            text += f"  {timer.passed_s:.0f}/{timer.needed_s:.0f} s"
        _tag(pen, (left, top), text, outline)

    def _draw_banners(
        self, pen: ImageDraw.ImageDraw, observation: Observation, size: tuple[int, int]
    ) -> None:
        width, height = size
        top = height
        for banner in reversed(self._banners):
            tall = 58 if banner.why else 36
            top -= tall + 2
            pen.rectangle((0, top, width, top + tall), fill=(*banner.colour, 225))
            _line(pen, (14, top + 18), banner.text, 20)
            if banner.why:
                _line(
                    pen, (14, top + 44), fitting(banner.why, font(14), width - 28), 14
                )
        view = observation.view
        if view.view is not View.CLEAR:
            why = "" if view.reason is None else f" ({view.reason})"
            pen.rectangle((0, 0, width, 36), fill=(120, 20, 110, 225))
            text = f"view {view.view.value}{why}: timers stand still"
            _line(pen, (14, 18), text, 20)


def _distance(candidate: Candidate) -> tuple[int, float]:
    """Return how far from an event: unmet reasons first, then time to go."""
    unmet = sum(fact.holds is False for fact in candidate.facts)
    timer = timer_of(candidate.facts)
    return unmet, 0.0 if timer is None else -timer.share


def _in_picture(place: Place) -> bool:
    """Return whether a place's box lies in this picture.

    Of a camera that moves it does while the thing is seen: then it has driven on.
    """
    return place.passes is None or place.state is PlaceState.STANDING


def _scaled(observation: Observation) -> tuple[Image.Image, float]:
    """Return the frame as large as fits, and by how much it was enlarged."""
    frame = observation.frame
    scale = min(_PICTURE[0] / frame.width, _PICTURE[1] / frame.height)
    size = (round(frame.width * scale), round(frame.height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(frame.image, size, interpolation=how)
    return Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)), scale


def _draw_zones(
    pen: ImageDraw.ImageDraw, observation: Observation, scale: float
) -> None:
    frame, preset = observation.frame, observation.view.preset
    named: set[tuple[int, int]] = set()
    for zone in observation.scene.zones:
        if zone.preset != preset:
            continue
        colour = ZONE_COLOUR.get(zone.kind, _OTHER_ZONE)
        size = frame.width, frame.height
        corners = observation.view.polygon_to_picture(zone.polygon, size)
        points = [(x * size[0] * scale, y * size[1] * scale) for x, y in corners]
        pen.polygon(points, fill=(*colour, 26))
        pen.line([*points, points[0]], fill=(*colour, 190), width=2)
        x = min(max(points[0][0] + 6, 6), frame.width * scale - 120)
        y = min(max(points[0][1] - 18, 2), frame.height * scale - 18)
        while (round(x), round(y)) in named:  # zones may share corners
            y -= 17
        named.add((round(x), round(y)))
        name = writable(zone.zone_id)
        pen.text(
            (x, y), name, font=font(13), fill=colour, stroke_width=2, stroke_fill=_PAPER
        )


def _draw_detections(
    pen: ImageDraw.ImageDraw, observation: Observation, scale: float
) -> None:
    found = observation.detections
    for xyxy, score, class_id in zip(
        found.xyxy, found.score, found.class_id, strict=True
    ):
        left, top, right, bottom = (float(side) * scale for side in xyxy)
        pen.rectangle((left, top, right, bottom), outline=(*_THIN, 150), width=1)
        if right - left >= _ROOM_FOR_LABEL:
            label = f"{observation.labels[class_id]} {score:.2f}"
            pen.text((left + 2, bottom + 1), label, font=font(10), fill=(*_THIN, 200))


def _tag(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    colour: tuple[int, int, int],
) -> None:
    face = font(15)
    left, top = max(0.0, at[0] - 1), max(0.0, at[1] - 20)
    width = face.getlength(text) + 10
    pen.rectangle((left, top, left + width, top + 20), fill=(*colour, 235))
    pen.text((left + 5, top + 10), text, font=face, fill="white", anchor="lm")


def _line(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size_px: int
) -> None:
    pen.text(at, writable(text), font=font(size_px), fill="white", anchor="lm")
