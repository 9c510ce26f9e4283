"""Draw litter bins of other cities: cylinders, hooded boxes, containers.

Our pictures of bins are of one country's: green boxes on wheels. Elsewhere they
are slatted steel cylinders, baskets on a post, concrete pots. Shape, texture,
colour and light are drawn at random, far wider than reality, so that what stays
in common is learnt (Tobin et al. 2017, "Domain Randomization").
"""

from __future__ import annotations

import numpy as np

from vision.training.chance import happens
from vision.training.sprites.easel import FLOOR, HEIGHT_PX, MARGIN_PX, Rng, Sprite
from vision.training.sprites.uprights import Shape, Upright

_DARK = 0.12


def draw_bin(rng: Rng) -> Sprite:
    """Draw one bin.

    Args:
        rng: source of chance.

    Returns:
        The sprite, cut to what shows: a ``bin`` or an ``overflowing_bin``.
    """
    easel = Upright(_shape(rng), rng)
    overflowing = happens(rng, 0.3)
    easel.stand()
    easel.body()
    _mouth(easel)
    if overflowing:
        _refuse(easel)
    elif happens(rng, 0.65):
        _hood(easel)
    if happens(rng, 0.4):
        easel.sticker()
    return easel.cut_out("overflowing_bin" if overflowing else "bin")


def _shape(rng: Rng) -> Shape:
    top = MARGIN_PX + int(rng.uniform(0.0, 0.15) * HEIGHT_PX)
    raised = happens(rng, 0.2)  # a basket on a post
    bottom = FLOOR - (int(rng.uniform(0.25, 0.5) * HEIGHT_PX) if raised else 0)
    wide = not raised and happens(rng, 0.15)  # a container
    aspect = rng.uniform(1.0, 1.7) if wide else rng.uniform(0.42, 0.9)
    return Shape(
        round=not wide and happens(rng, 0.65),
        width=int((bottom - top) * aspect),
        top=top,
        bottom=bottom,
        foot=float(rng.uniform(0.7, 1.0) if happens(rng, 0.5) else 1.0),
        tilt=float(rng.uniform(0.04, 0.35)),
    )


def _mouth(easel: Upright) -> None:
    """Draw the open top: dark, within a rim."""
    shape = easel.form
    rim = easel.paint * easel.rng.uniform(0.8, 1.3)
    for grow, shade in ((1.0, rim), (0.86, rim * _DARK)):
        a = round(shape.width / 2 * grow)
        b = max(1, round(a * shape.tilt))
        at = (easel.middle, shape.top)
        if shape.round:
            easel.ellipse(at, (a, b), shade)
        else:
            easel.trapeze(at, a, round(a * 0.9), 2 * b, shade)


def _hood(easel: Upright) -> None:
    """Close the top by a dome or a roof, mostly with a dark slot."""
    rng, x, y = easel.rng, easel.middle, easel.form.top
    half = round(easel.form.width / 2 * rng.uniform(0.95, 1.08))
    tall = min(round(half * rng.uniform(0.25, 0.9)), y - 1)
    roof = easel.paint * rng.uniform(0.7, 1.5)
    if happens(rng, 0.5):
        easel.ellipse((x, y), (half, tall), roof, half_only=True)
    else:
        easel.trapeze((x, y), half, round(half * rng.uniform(0.1, 0.9)), tall, roof)
    easel.trapeze((x, y + 8), half, half, 8, roof * 0.85)
    if happens(rng, 0.7):
        slot = round(half * rng.uniform(0.4, 0.8)), max(2, round(tall * 0.3))
        at = (x, y - round(tall * rng.uniform(0.0, 0.5)))
        easel.ellipse(at, slot, roof * _DARK)


def _refuse(easel: Upright) -> None:
    """Heap bags, cups and papers onto the mouth until they stand over the rim."""
    rng, width = easel.rng, easel.form.width
    for _ in range(int(rng.integers(4, 12))):
        middle = easel.middle + rng.normal(0, 0.25) * width
        above = easel.form.top - rng.uniform(0.0, MARGIN_PX - 2)
        turn = rng.uniform(0, np.pi) + np.arange(7) * (2 * np.pi / 7)
        reach = width * rng.uniform(0.07, 0.2) * rng.uniform(0.6, 1.0, 7)
        outline = np.stack(
            (middle + reach * np.cos(turn), above + 0.7 * reach * np.sin(turn)), 1
        )
        shade = (rng.uniform(0.03, 1.0) + rng.normal(0, 0.12, 3)).clip(0.02, 1)
        easel.polygon(outline, shade)
        easel.polygon(outline[:4] - 2, shade * 1.25)
