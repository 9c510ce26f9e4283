"""Colours and matter of what stands in streets, drawn at random."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from datasets.street_scene.blender import Material
from datasets.street_scene.materials import shade, speckled, surface
from datasets.street_scene.schema import Colour

Rng = np.random.Generator
T = TypeVar("T")

#: Linear RGB: greens, blacks, greys, steel, browns, blues, reds, yellow, orange, white.
PAINTS: tuple[Colour, ...] = (
    (0.02, 0.09, 0.035),
    (0.05, 0.2, 0.07),
    (0.012, 0.012, 0.014),
    (0.05, 0.05, 0.055),
    (0.22, 0.22, 0.23),
    (0.5, 0.5, 0.5),
    (0.12, 0.06, 0.03),
    (0.02, 0.08, 0.32),
    (0.38, 0.025, 0.02),
    (0.75, 0.5, 0.03),
    (0.7, 0.2, 0.02),
    (0.75, 0.75, 0.72),
)
WOOD: tuple[Colour, ...] = ((0.22, 0.11, 0.05), (0.34, 0.21, 0.1), (0.12, 0.07, 0.04))
DARK: Colour = (0.008, 0.008, 0.008)


def pick(rng: Rng, choice: Sequence[T]) -> T:
    """Return one of several, each as likely."""
    return choice[int(rng.integers(len(choice)))]


def chance(rng: Rng, share: float) -> bool:
    """Return true in ``share`` of all throws."""
    return bool(rng.random() < share)


def between(rng: Rng, low: float, high: float) -> float:
    """Return a number in [low, high)."""
    return float(rng.uniform(low, high))


def any_paint(rng: Rng) -> Colour:
    """Return a street colour, varied; one in seven is any colour at all."""
    if chance(rng, 0.15):
        r, g, b = (float(v) for v in rng.uniform(0.01, 0.7, 3))
        return (r, g, b)
    r, g, b = (float(v) for v in np.array(pick(rng, PAINTS)) * rng.uniform(0.6, 1.5, 3))
    return (min(r, 0.9), min(g, 0.9), min(b, 0.9))


def coat(rng: Rng, colour: Colour) -> Material:
    """Return painted metal or plastic: even, worn or metallic."""
    if chance(rng, 0.3):
        return speckled(
            shade(colour, 0.6), shade(colour, 1.2), scale=between(rng, 4, 40)
        )
    return surface(colour, rough=between(rng, 0.25, 0.8), coat=between(rng, 0, 0.4))


def dark() -> Material:
    """Return what an opening shows."""
    return surface(DARK, rough=0.95)


def steel(rng: Rng) -> Material:
    """Return bare or brushed metal."""
    grey = between(rng, 0.3, 0.7)
    return surface((grey, grey, grey), rough=between(rng, 0.25, 0.55), metal=0.9)


def stone(rng: Rng) -> Material:
    """Return concrete or exposed aggregate."""
    grey = between(rng, 0.15, 0.5)
    dark: Colour = (grey * 0.7, grey * 0.68, grey * 0.62)
    return speckled(dark, shade(dark, 1.5), scale=between(rng, 20, 120), rough=0.95)


def wood(rng: Rng) -> Material:
    """Return stained or bare planks."""
    colour = shade(pick(rng, WOOD), between(rng, 0.6, 1.5))
    return speckled(shade(colour, 0.7), colour, scale=between(rng, 5, 25))


def any_matter(rng: Rng, hard: Callable[[Rng], Material] = stone) -> Material:
    """Return wood, what is painted, or a ``hard`` one."""
    kind = pick(rng, (hard, wood, None))
    return kind(rng) if kind else coat(rng, any_paint(rng))


def wrinkled(rng: Rng, colour: Colour) -> Material:
    """Return thin plastic or cloth: its folds are in its normals alone."""
    material = surface(colour, rough=between(rng, 0.15, 0.7))
    tree = material.node_tree
    folds = tree.nodes.new("ShaderNodeTexNoise")
    folds.inputs["Scale"].default_value = between(rng, 4, 14)
    folds.inputs["Detail"].default_value = 4.0
    folds.inputs["Distortion"].default_value = between(rng, 0, 2)
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = between(rng, 0.15, 0.6)
    bump.inputs["Distance"].default_value = 0.08
    tree.links.new(folds.outputs["Fac"], bump.inputs["Height"])
    node = tree.nodes["Principled BSDF"]
    tree.links.new(bump.outputs["Normal"], node.inputs["Normal"])
    return material
