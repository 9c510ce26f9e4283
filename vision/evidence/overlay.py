"""A copy of the deciding picture that explains itself."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

import cv2
import numpy as np
from PIL import Image, ImageDraw

from vision.core.arrays import ImageU8
from vision.core.frame import Frame
from vision.core.geometry import Point
from vision.core.observation import Observation
from vision.core.scene import Scene
from vision.core.violations import Violation
from vision.evidence.fonts import Font, font, writable
from vision.evidence.pictures import Box

_BOX, _ZONE = (48, 64, 255), (0, 196, 255)  # BGR
_INK = (238, 238, 238)
_PAPER = (24, 24, 28)


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands under the picture, line by line."""

    lines: tuple[str, ...]


def caption(
    violation: Violation,
    scene: Scene,
    frame: Frame,
    *,
    short_code: str,
    zone: tzinfo | None,
) -> Caption:
    """Return time, place, camera, rule, reasons and the code that tells copies apart.

    Args:
        violation: the step.
        scene: the camera's knowledge.
        frame: the deciding frame.
        short_code: from `seal.short_code`.
        zone: time zone to show; None: this machine's.
    """
    at = frame.captured_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")
    where = [scene.name or scene.camera_id, f"[{scene.camera_id}]"]
    geo = violation.place.geo or scene.geo
    if geo is not None:
        where += [geo.address or "", geo.text()]
    what = [violation.slug.value, violation.lifecycle.value, violation.rule]
    if violation.zone_id is not None:
        what.append(f"zone {violation.zone_id}")
    return Caption(
        lines=(
            f"{at}   {'  '.join(part for part in where if part)}",
            "  ".join(what),
            "; ".join(fact.text() for fact in violation.facts),
            f"{violation.event_id}  #{violation.sequence}  code {short_code}",
        )
    )


def outline_of(
    violation: Violation, observation: Observation
) -> tuple[Point, ...] | None:
    """Return where the zone of a step lies in the picture, or None without a zone.

    Returns:
        Its corners, (x, y) in [0, 1] of the picture's size, beyond that outside it.
    """
    frame = observation.frame
    for zone in observation.scene.zones:
        if zone.zone_id == violation.zone_id:
            size = frame.width, frame.height
            return observation.view.polygon_to_picture(zone.polygon, size)
    return None


def draw_overlay(
    image: ImageU8,
    text: Caption,
    *,
    box: Box | None,
    outline: tuple[Point, ...] | None,
    scale: float,
) -> ImageU8:
    """Return the picture with zone and box, and the caption in a strip below it.

    Args:
        image: (H, W, 3) uint8 BGR, untouched.
        text: what to write.
        box: of the object, pixels of the frame, or None where that does not show it.
        outline: of the zone, from `outline_of`, or None.
        scale: size of `image` over that of the frame, (0, 1].

    Returns:
        (H + strip, W, 3) uint8 BGR.
    """
    height, width = image.shape[:2]
    strip = _strip(text, width)
    canvas = np.empty((height + strip.shape[0], width, 3), np.uint8)
    canvas[height:] = strip
    drawn = canvas[:height]
    drawn[:] = image
    stroke = max(2, width // 480)
    if outline is not None:
        corners = np.round([(x * width, y * height) for x, y in outline])
        polygon = corners.astype(np.int32)
        cv2.polylines(drawn, [polygon], isClosed=True, color=_ZONE, thickness=stroke)
    if box is not None:
        shown = _inside(box, (width, height), scale)
        cv2.rectangle(drawn, shown[:2], shown[2:], color=_BOX, thickness=stroke)
    return canvas


def _strip(text: Caption, width: int) -> ImageU8:
    """Return the caption, (h, width, 3) uint8 BGR."""
    size_px = max(13, min(28, width // 55))
    lines = _wrapped(text.lines, font(size_px), width - size_px)
    step = int(size_px * 1.45)
    canvas = Image.new("RGB", (width, step * len(lines) + size_px), _PAPER)
    pen = ImageDraw.Draw(canvas)
    for row, line in enumerate(lines):
        where = (size_px // 2, size_px // 2 + row * step)
        pen.text(where, writable(line), font=font(size_px), fill=_INK)
    return np.asarray(cv2.cvtColor(np.asarray(canvas), cv2.COLOR_RGB2BGR), np.uint8)


def _inside(box: Box, size: tuple[int, int], scale: float) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = (round(side * scale) for side in box)
    left, top = min(max(0, x1), size[0] - 1), min(max(0, y1), size[1] - 1)
    return left, top, max(left, min(x2, size[0] - 1)), max(top, min(y2, size[1] - 1))


def _wrapped(lines: Sequence[str], face: Font, width_px: float) -> list[str]:
    """Break lines that are too wide, at a space where one is near the end."""
    out: list[str] = []
    for whole in lines:
        rest = whole
        while rest:
            fits = _fitting(rest, face, width_px)
            space = rest.rfind(" ", fits // 2, fits)
            # Chinese has no spaces: there, anywhere will do.
            cut = fits if fits == len(rest) or space < 0 else space + 1
            out.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
    return out


def _fitting(text: str, face: Font, width_px: float) -> int:
    """Return how many characters fit, at least one."""

    def too_wide(count: int) -> bool:
        return face.getlength(writable(text[:count])) > width_px

    # Measuring text is slow, and most lines fit as they are.
    if not too_wide(len(text)):
        return len(text)
    return max(1, bisect_left(range(1, len(text) + 1), x=True, key=too_wide))
