"""Draw what stands in streets and is no bin: cabinets, bollards, planters, luggage.

They are drawn as the bins are, so that being drawn, upright and painted says
nothing: what tells a bin is its mouth, its hood, its use.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vision.training.chance import happens
from vision.training.sprites.easel import FLOOR, HEIGHT_PX, MARGIN_PX, Rng, Sprite
from vision.training.sprites.uprights import Shape, Upright


def draw_decoy(rng: Rng) -> Sprite:
    """Draw one thing that no class of ours holds.

    Args:
        rng: source of chance.

    Returns:
        The sprite, cut to what shows; its label is None.
    """
    draw = _KINDS[int(rng.integers(len(_KINDS)))]
    return draw(rng).cut_out(None)


def _cabinet(rng: Rng) -> Upright:
    """Draw a switch box: closed, flat, with doors and vents."""
    easel = _upright(rng, aspect=(0.45, 1.5), tilt=(0.0, 0.08))
    shape, x = easel.form, easel.middle
    easel.body(plain=happens(rng, 0.6))
    half, tall = shape.width // 2, shape.bottom - shape.top
    line = easel.paint * rng.uniform(0.3, 0.7)
    roof = easel.paint * rng.uniform(0.9, 1.4)
    depth = max(2, round(shape.width * shape.tilt))
    easel.trapeze((x, shape.top), half, round(half * 0.93), depth, roof)
    for door in range(1, int(rng.integers(1, 4))):
        at = x - half + round(2 * half * door / 3)
        easel.trapeze((at, shape.bottom - 4), 1, 1, tall - 8, line)
    if happens(rng, 0.6):
        for row in range(int(rng.integers(3, 8))):
            y = shape.top + round(tall * 0.12) + 5 * row
            easel.trapeze((x + half // 3, y), half // 3, half // 3, 2, line)
    easel.trapeze((x, FLOOR), half, half, round(tall * 0.06), easel.paint * 0.4)
    return easel


def _bollard(rng: Rng) -> Upright:
    """Draw a post: far higher than wide, at times with bands or a ball."""
    easel = _upright(rng, aspect=(0.08, 0.26), tilt=(0.1, 0.4), rounded=0.8)
    shape, x = easel.form, easel.middle
    easel.body(plain=True)
    half = shape.width // 2
    top = max(2, round(half * rng.uniform(0.3, 1.4)))
    easel.ellipse((x, shape.top), (half, top), easel.paint * rng.uniform(0.8, 1.3))
    band = rng.uniform(0.3, 1.0, 3)
    for part in rng.uniform(0.05, 0.6, int(rng.integers(0, 4))):
        y = shape.top + round(float(part) * HEIGHT_PX)
        easel.trapeze((x, y + 8), half, half, round(rng.uniform(4, 14)), band)
    return easel


def _hydrant(rng: Rng) -> Upright:
    """Draw a stout post with a cap and two nozzles."""
    easel = _upright(rng, aspect=(0.25, 0.42), tilt=(0.1, 0.2), rounded=1.0)
    shape, x = easel.form, easel.middle
    half, tall = shape.width // 2, shape.bottom - shape.top
    y = shape.top + round(tall * rng.uniform(0.2, 0.35))
    dim = easel.paint * 0.7
    easel.trapeze((x, y + 9), half + 10, half + 10, 18, dim)
    easel.body(plain=True)
    easel.ellipse((x, y), (half // 2, half // 2), dim)
    cap = easel.paint * rng.uniform(0.8, 1.3)
    easel.ellipse((x, shape.top), (half, half), cap, half_only=True)
    easel.trapeze((x, FLOOR), half + 7, half + 5, 9, dim)
    return easel


def _planter(rng: Rng) -> Upright:
    """Draw a pot, the very body of a bin, with leaves in its mouth."""
    easel = _upright(rng, aspect=(0.6, 1.6), tilt=(0.05, 0.2), rounded=0.6, top=0.45)
    easel.body()
    _leaves(easel, easel.form.top)
    return easel


def _shrub(rng: Rng) -> Upright:
    """Draw leaves that grow from the ground, or lie on it, as heaps do."""
    easel = _upright(rng, aspect=(0.5, 1.6), tilt=(0.0, 0.0))
    autumn = happens(rng, 0.4)
    _leaves(easel, FLOOR, (0.1, 0.3, 0.45) if autumn else (0.12, 0.4, 0.15))
    return easel


def _leaves(
    easel: Upright, ground: int, hue: tuple[float, float, float] = (0.12, 0.4, 0.15)
) -> None:
    rng = easel.rng
    for _ in range(int(rng.integers(25, 60))):
        x = easel.middle + rng.normal(0, 0.25) * easel.form.width
        up = abs(rng.normal(0, 0.16)) * HEIGHT_PX
        turn = rng.uniform(0, 2 * np.pi) + np.array((0, 0.5, np.pi, np.pi + 0.5))
        rays = np.stack((np.cos(turn), np.sin(turn)), 1)
        leaf = np.array((x, ground - up)) + rays * rng.uniform(4, 16)
        shade = np.array(hue) * rng.uniform(0.3, 1.6) + rng.uniform(0, 0.1, 3)
        easel.polygon(leaf.clip(1, None), shade)


def _suitcase(rng: Rng) -> Upright:
    """Draw luggage: a box with grooves, wheels and a drawn handle."""
    easel = _upright(rng, aspect=(0.5, 0.85), tilt=(0.0, 0.05), top=0.3)
    shape, x = easel.form, easel.middle
    half, tall = shape.width // 2, shape.bottom - shape.top
    metal = np.full(3, rng.uniform(0.1, 0.7))
    grip = round(half * rng.uniform(0.3, 0.6))
    up = round(rng.uniform(0.05, 0.28) * HEIGHT_PX)
    for side in (-grip, grip):
        easel.trapeze((x + side, shape.top), 1, 1, up, metal)
    easel.trapeze((x, shape.top - up + 3), grip, grip, 4, metal)
    easel.stand()
    easel.body(plain=True)
    groove = easel.paint * rng.uniform(0.6, 1.4)
    for part in np.linspace(-0.7, 0.7, int(rng.integers(2, 7))):
        at = (x + round(half * float(part)), shape.bottom - 6)
        easel.trapeze(at, 1, 1, tall - 12, groove)
    return easel


def _newspaper_box(rng: Rng) -> Upright:
    """Draw a box on legs with a window, as newspapers are sold from."""
    easel = _upright(rng, aspect=(0.45, 0.8), tilt=(0.02, 0.15), raised=0.25)
    shape, x = easel.form, easel.middle
    half, tall = shape.width // 2, shape.bottom - shape.top
    easel.stand()
    easel.body(plain=True)
    slope = easel.paint * rng.uniform(0.9, 1.3)
    easel.trapeze((x, shape.top), half, half, max(3, round(half * 0.3)), slope)
    y = shape.top + round(tall * rng.uniform(0.45, 0.6))
    pane = rng.uniform(0.4, 1.0, 3)
    for grow, shade in ((0.8, easel.paint * 0.4), (0.7, pane)):
        easel.trapeze(
            (x, y), round(half * grow), round(half * grow), round(tall * 0.4), shade
        )
    if happens(rng, 0.6):
        easel.sticker()
    return easel


_KINDS: tuple[Callable[[Rng], Upright], ...] = (
    _cabinet,
    _cabinet,
    _bollard,
    _hydrant,
    _planter,
    _planter,
    _shrub,
    _suitcase,
    _newspaper_box,
)


def _upright(
    rng: Rng,
    *,
    aspect: tuple[float, float],
    tilt: tuple[float, float],
    rounded: float = 0.0,
    top: float = 0.1,
    raised: float = 0.0,
) -> Upright:
    """Start a body; ``top`` and ``raised`` are shares of its height left free."""
    start = MARGIN_PX + int(rng.uniform(top * 0.6, top) * HEIGHT_PX)
    bottom = FLOOR - int(rng.uniform(raised * 0.5, raised) * HEIGHT_PX)
    shape = Shape(
        round=happens(rng, rounded),
        width=max(8, int((bottom - start) * rng.uniform(*aspect))),
        top=start,
        bottom=bottom,
        foot=float(rng.uniform(0.8, 1.0) if happens(rng, 0.3) else 1.0),
        tilt=float(rng.uniform(*tilt)),
    )
    return Upright(shape, rng)
