"""Make phone photographs look like camera pictures.

Infra-red grey, dark, blur, JPEG blocks, low resolution, rain, noise and
burnt-in time stamps: what fixed cameras add and our pictures lack.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.training.chance import happens

Rng = np.random.Generator


def degrade(image: ImageU8, rng: Rng, share: float = 1.0) -> ImageU8:
    """Apply a random few of the effects of a city camera.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: source of chance.
        share: of the effects' chances; 0 leaves the picture as it is.

    Returns:
        A picture of the same shape.
    """
    for chance, effect in EFFECTS:
        if happens(rng, chance * share):
            image = effect(image, rng)
    return image


def colour(image: ImageU8, rng: Rng) -> ImageU8:
    """Shift hue, saturation and brightness a little."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    ramp = np.arange(256)
    hue = ((ramp + rng.uniform(-4, 4)) % 180).astype(np.uint8)
    saturation = (ramp * rng.uniform(0.4, 1.5)).clip(0, 255).astype(np.uint8)
    value = (ramp * rng.uniform(0.65, 1.35)).clip(0, 255).astype(np.uint8)
    table = np.stack((hue, saturation, value), axis=1)[None]
    return _bytes(cv2.cvtColor(cv2.LUT(hsv, table), cv2.COLOR_HSV2BGR))


def paint(image: ImageU8, rng: Rng) -> ImageU8:
    """Turn all hues: bins are green here, black, blue or red in the next city."""
    return turn_hue(image, float(rng.uniform(20, 160)))


def turn_hue(image: ImageU8, steps: float) -> ImageU8:
    """Turn the hue of every pixel.

    Args:
        image: (H, W, 3) uint8 BGR.
        steps: of 2 degrees.

    Returns:
        A picture of the same shape.
    """
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    same = np.arange(256)
    table = np.stack(((same + steps) % 180, same, same), axis=1)[None]
    turned = cv2.LUT(hsv, table.astype(np.uint8))
    return _bytes(cv2.cvtColor(turned, cv2.COLOR_HSV2BGR))


def grey(image: ImageU8, rng: Rng) -> ImageU8:
    """Turn to the grey of an infra-red night picture, often with a hot spot."""
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    if happens(rng, 0.4):
        height, width = luma.shape
        x = np.linspace(-1, 1, width, dtype=np.float32) - rng.uniform(-0.3, 0.3)
        y = np.linspace(-1, 1, height, dtype=np.float32) - rng.uniform(-0.3, 0.3)
        glow = np.exp(-(x[None] ** 2 + y[:, None] ** 2) / rng.uniform(0.5, 1.5))
        luma *= 0.45 + 0.75 * glow
    gain, lift = rng.uniform(0.7, 1.25), rng.uniform(-15, 20)
    plane = (luma * gain + lift).clip(0, 255).astype(np.uint8)
    return _bytes(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR))


def dark(image: ImageU8, rng: Rng) -> ImageU8:
    """Under-expose, tint like a street lamp, and add sensor noise."""
    ramp = np.linspace(0, 1, 256) ** rng.uniform(1.3, 2.6) * rng.uniform(0.35, 0.9)
    warm = np.array((rng.uniform(0.65, 1.0), rng.uniform(0.85, 1.0), 1.0))
    table = (ramp[:, None] * warm * 255).clip(0, 255).astype(np.uint8)[None]
    return noise(_bytes(cv2.LUT(image, table)), rng)


def noise(image: ImageU8, rng: Rng) -> ImageU8:
    """Add sensor noise of 2-12 grey levels."""
    height, width = image.shape[:2]
    # One plane at half height, repeated: a full normal field costs more than
    # the resize of the picture itself.
    field = rng.standard_normal(((height + 1) // 2, width), np.float32)
    field = np.repeat(field, 2, axis=0)[:height] * np.float32(rng.uniform(2, 12))
    return (image + field[..., None]).clip(0, 255).astype(np.uint8)


def blur(image: ImageU8, rng: Rng) -> ImageU8:
    """Defocus, or move the camera."""
    if happens(rng, 0.5):
        return _bytes(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 2.0)))
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    centre = (length - 1) / 2
    reach = np.array((np.cos(angle), np.sin(angle))) * centre
    start, end = centre - reach, centre + reach
    cv2.line(
        kernel,
        (round(start[0]), round(start[1])),
        (round(end[0]), round(end[1])),
        1.0,
    )
    return _bytes(cv2.filter2D(image, -1, kernel / kernel.sum()))


def coarse(image: ImageU8, rng: Rng) -> ImageU8:
    """Lower the resolution and scale back, as cheap cameras do."""
    height, width = image.shape[:2]
    factor = rng.uniform(1.5, 3.0)
    small = cv2.resize(image, None, fx=1 / factor, fy=1 / factor)
    return _bytes(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def jpeg(image: ImageU8, rng: Rng) -> ImageU8:
    """Compress until blocks show."""
    quality = int(rng.integers(12, 60))
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _bytes(cv2.imdecode(packed, cv2.IMREAD_COLOR))


def rain(image: ImageU8, rng: Rng) -> ImageU8:
    """Draw streaks and lower the contrast."""
    height, width = image.shape[:2]
    streaks = np.zeros((height, width), np.uint8)
    slant = rng.uniform(-0.3, 0.3)
    for _ in range(int(rng.integers(60, 250))):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        length = int(rng.integers(5, 22))
        end = (x + round(slant * length), y + length)
        cv2.line(streaks, (x, y), end, int(rng.integers(80, 200)), 1)
    veil = cv2.addWeighted(image, 0.85, np.full_like(image, 128), 0.15, 0)
    return _bytes(cv2.add(veil, cv2.cvtColor(streaks // 2, cv2.COLOR_GRAY2BGR)))


def stamp(image: ImageU8, rng: Rng) -> ImageU8:
    """Burn in a time stamp or a camera name."""
    drawn = image.copy()
    height, width = drawn.shape[:2]
    text = (
        f"20{rng.integers(18, 30)}-{rng.integers(1, 13):02d}-"
        f"{rng.integers(1, 29):02d} {rng.integers(0, 24):02d}:"
        f"{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
    )
    if happens(rng, 0.4):
        text = f"CAM {rng.integers(1, 99):02d} " + text
    scale = float(rng.uniform(0.35, 0.9))
    at = (
        int(rng.integers(2, max(3, width // 3))),
        int(height * rng.choice((0.06, 0.95))),
    )
    shade = (0, 0, 0) if happens(rng, 0.3) else (255, 255, 255)
    cv2.putText(drawn, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, shade, 1)
    return drawn


def _bytes(image: object) -> ImageU8:
    return np.asarray(image, np.uint8)


Effect = Callable[[ImageU8, Rng], ImageU8]
#: Chance and effect, in the order in which light, lens, sensor and encoder act.
EFFECTS: tuple[tuple[float, Effect], ...] = (
    (0.5, colour),
    (0.12, paint),
    (0.06, rain),
    (0.14, blur),
    (0.12, coarse),
    (0.13, dark),
    (0.18, grey),
    (0.08, noise),
    (0.12, stamp),
    (0.22, jpeg),
)
