"""Draws what a camera sees: zones by kind, boxes with label and score, the road."""

import cv2
import numpy as np
from PIL import Image, ImageDraw

from vision.bootstrap.sight import Sight, Whereabouts
from vision.cli.mount_marks import draw_mount
from vision.core.arrays import ImageU8
from vision.evidence.fonts import font, writable

ZONE_COLOUR = {
    "no_parking": (255, 196, 0),
    "no_vending": (255, 120, 220),
    "clean": (90, 220, 120),
    "bin": (80, 200, 255),
    "ignore": (150, 150, 150),
}
"""RGB, of the kinds of zones that have a colour of their own."""

_BOX = (255, 64, 48)
_PAPER = (24, 24, 28)
_WHERE = (255, 255, 255)
_SURE = 2.45  # standard deviations within which 95 % of the plane's points lie


def draw_sight(sight: Sight) -> ImageU8:
    """Return the picture with everything drawn, (H, W, 3) uint8 BGR."""
    frame = sight.frame
    size = (frame.width, frame.height)
    canvas = Image.fromarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB))
    pen = ImageDraw.Draw(canvas)
    stroke = max(2, frame.width // 480)
    size_px = max(12, frame.width // 70)
    if sight.whereabouts is not None:
        draw_mount(pen, sight.whereabouts.mount, size, stroke)
    for zone in sight.scene.zones:
        colour = ZONE_COLOUR.get(zone.kind, _BOX)
        points = [(x * (size[0] - 1), y * (size[1] - 1)) for x, y in zone.polygon]
        pen.line([*points, points[0]], fill=colour, width=stroke)
        _tag(pen, points[0], f"{zone.zone_id} ({zone.kind})", colour, size_px)
    detections = sight.detections
    for xyxy, score, class_id in zip(
        detections.xyxy, detections.score, detections.class_id, strict=True
    ):
        left, top, right, bottom = (float(side) for side in xyxy)
        pen.rectangle((left, top, right, bottom), outline=_BOX, width=stroke)
        _tag(pen, (left, top), f"{sight.labels[class_id]} {score:.2f}", _BOX, size_px)
    if sight.whereabouts is not None:
        _tag(pen, (0, size[1]), where(sight.whereabouts), _WHERE, size_px)
    return np.ascontiguousarray(np.asarray(canvas)[:, :, ::-1])


def where(whereabouts: Whereabouts) -> str:
    """Return where a camera that moves was, in words."""
    fix = whereabouts.fix
    if fix is None:
        return f"place not known: {whereabouts.told}"
    faces = "?" if fix.heading_deg is None else f"{fix.heading_deg:.0f}°"
    return (
        f"at {fix.lat:.6f}, {fix.lon:.6f} ±{_SURE * fix.accuracy_m:.0f} m, heading "
        f"{faces}, {fix.speed_mps * 3.6:.0f} km/h"
    )


def _tag(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    colour: tuple[int, int, int],
    size_px: int,
) -> None:
    face = font(size_px)
    width = face.getlength(writable(text)) + 6
    left = max(0.0, min(at[0], pen.im.size[0] - width))
    top = max(0.0, at[1] - size_px * 1.3)
    pen.rectangle((left, top, left + width, top + size_px * 1.3), fill=_PAPER)
    pen.text((left + 3, top), writable(text), font=face, fill=colour)
