"""Draw refuse that lies in a street: bags, cartons, a mattress, strewn papers.

Our heaps lie beside the bins of one country. What is thrown away elsewhere is
drawn as wide as the bins are, so that what is common to heaps is learnt.
"""

from __future__ import annotations

import numpy as np

from vision.core.arrays import FloatArray
from vision.training.chance import happens
from vision.training.sprites.easel import (
    FLOOR,
    HEIGHT_PX,
    MARGIN_PX,
    Easel,
    Rng,
    Sprite,
)

#: BGR in [0, 1]: black, white, grey, blue, green, red, yellow, clear foil.
_FOILS = (
    (0.07, 0.07, 0.07),
    (0.9, 0.9, 0.9),
    (0.45, 0.45, 0.45),
    (0.65, 0.35, 0.12),
    (0.2, 0.45, 0.15),
    (0.15, 0.13, 0.6),
    (0.2, 0.65, 0.85),
    (0.65, 0.65, 0.6),
)
_CARTON = (0.38, 0.55, 0.7)
#: How deep the folds are.
_FOIL, _BOARD = 0.3, 0.07
_LEAST_PARTS = 2
_MOST_PARTS = 11


def draw_heap(rng: Rng) -> Sprite:
    """Draw one heap of refuse.

    Args:
        rng: source of chance.

    Returns:
        The sprite, cut to what shows; its label is ``garbage``.
    """
    width = round(HEIGHT_PX * rng.uniform(0.9, 2.4))
    easel = Easel(width, rng)
    if happens(rng, 0.25):
        _slab(easel, width)
    parts = int(rng.integers(_LEAST_PARTS, _MOST_PARTS + 1))
    _papers(easel, width, few=parts // 2)
    # Those in front stand lower, and are drawn over those behind.
    for foot in np.sort(rng.uniform(0.0, 0.2, parts))[::-1]:
        size = HEIGHT_PX * float(rng.uniform(0.2, 0.55))
        room = max(1.0, width / 2 - size / 2)
        # Heaps are high in the middle.
        x = easel.middle + float(np.clip(rng.normal(0, 0.3), -1, 1)) * room
        at = (x, FLOOR - float(foot) * HEIGHT_PX * (1 - abs(x - easel.middle) / width))
        if happens(rng, 0.65):
            _bag(easel, at, size)
        else:
            _carton(easel, at, size)
    _papers(easel, width, few=parts)
    return easel.cut_out("garbage")


def _bag(easel: Easel, foot: tuple[float, float], size: float) -> None:
    """Draw a filled bag: a sagging blob with folds, mostly tied at its top."""
    rng = easel.rng
    shade = _tinted(_FOILS[int(rng.integers(len(_FOILS)))], rng)
    wide, tall = size * rng.uniform(0.8, 1.3) / 2, size * rng.uniform(0.6, 1.1) / 2
    middle = np.array((foot[0], foot[1] - tall))
    turn = np.arange(18) * (2 * np.pi / 18)
    bumps = rng.uniform(0.85, 1.08, 18)
    reach = np.stack((wide * np.cos(turn), tall * np.sin(turn)), 1)
    # It lies flat on what is below.
    outline = middle + (reach * bumps[:, None]).clip(None, (np.inf, tall * 0.85))
    if happens(rng, 0.6):
        knot = middle + np.array((rng.uniform(-0.3, 0.3) * wide, -tall * 1.15))
        half = size * rng.uniform(0.05, 0.13)
        ears = [(-half, -half), (half, -half), (half / 2, half * 2), (-half / 2, half)]
        easel.crumple(knot + np.array(ears), shade * 1.1, _FOIL)
    easel.crumple(outline, shade, _FOIL * float(rng.uniform(0.4, 1.2)))
    if happens(rng, 0.7):  # foil shines where it is bent
        glint = middle + reach[11:16] * rng.uniform(0.4, 0.75)
        streak = np.concatenate((glint, glint[::-1] * 0.96 + middle * 0.04))
        easel.crumple(streak, shade * 1.3 + 0.15, _FOIL)


def _carton(easel: Easel, foot: tuple[float, float], size: float) -> None:
    """Draw a box with two faces and a top, at times with open flaps."""
    rng = easel.rng
    shade = _tinted(_CARTON if happens(rng, 0.7) else (0.8, 0.8, 0.8), rng)
    wide, tall = size * rng.uniform(0.6, 1.3), size * rng.uniform(0.4, 1.0)
    deep = np.array((wide * rng.uniform(-0.6, 0.6), -tall * rng.uniform(0.15, 0.5)))
    lean = np.array((rng.normal(0, 0.12) * tall, -tall))
    a = np.array((foot[0] - wide / 2, foot[1]))
    b = a + np.array((wide, rng.normal(0, 0.08) * wide))
    side = (b, b + deep, b + deep + lean, b + lean)
    if deep[0] < 0:
        side = (a, a + deep, a + deep + lean, a + lean)
    top = (a + lean, b + lean, b + lean + deep, a + lean + deep)
    easel.crumple(np.array(side), shade * rng.uniform(0.5, 0.8), _BOARD)
    easel.crumple(np.array(top), shade * rng.uniform(0.25, 1.2), _BOARD)
    easel.crumple(np.array((a, b, b + lean, a + lean)), shade, _BOARD)
    if happens(rng, 0.4):
        flap = (a + lean, b + lean, b + lean * 1.3 + (size * 0.1, 0), a + lean * 1.35)
        easel.crumple(np.array(flap), shade * rng.uniform(0.8, 1.2), _BOARD)


def _slab(easel: Easel, width: int) -> None:
    """Lean or lay a mattress, a board or a sofa's back behind the rest."""
    rng = easel.rng
    shade = (rng.uniform(0.15, 0.9) + rng.normal(0, 0.1, 3)).clip(0.05, 1)
    wide = width * rng.uniform(0.35, 0.9)
    tall = min(HEIGHT_PX * rng.uniform(0.25, 0.95), HEIGHT_PX + MARGIN_PX / 2)
    left = easel.middle - wide / 2 + rng.normal(0, 0.05) * width
    lean = rng.uniform(-0.15, 0.15) * wide
    corners = np.array(
        (
            (left, FLOOR),
            (left + wide, FLOOR - rng.uniform(0, 0.1) * tall),
            (left + wide + lean, FLOOR - tall),
            (left + lean, FLOOR - tall * rng.uniform(0.85, 1.0)),
        )
    )
    thick = np.array((rng.uniform(-0.08, 0.08) * wide, -tall * 0.06))
    easel.crumple(corners + thick, shade * rng.uniform(0.4, 0.8), _BOARD)
    easel.crumple(corners, shade, _BOARD)


def _papers(easel: Easel, width: int, few: int) -> None:
    """Strew papers, cups and bottles over the ground."""
    rng = easel.rng
    for _ in range(int(rng.integers(0, few + 2))):
        reach = HEIGHT_PX * rng.uniform(0.02, 0.09)
        x = easel.middle + rng.normal(0, 0.18) * width
        at = np.array((x, FLOOR - reach * rng.uniform(0.3, 2.0)))
        turn = rng.uniform(0, np.pi) + np.arange(5) * (2 * np.pi / 5)
        rays = np.stack((np.cos(turn), 0.6 * np.sin(turn)), 1)
        outline = at + rays * (reach * rng.uniform(0.5, 1.2, (5, 1)))
        shade = (rng.uniform(0.2, 1.0) + rng.normal(0, 0.12, 3)).clip(0.05, 1)
        easel.crumple(outline, shade, _FOIL)


def _tinted(base: tuple[float, float, float], rng: Rng) -> FloatArray:
    varied = np.array(base) * rng.uniform(0.75, 1.2) + rng.normal(0, 0.03, 3)
    return varied.clip(0.02, 1).astype(np.float32)
