"""Refuse on the ground and the wheeled bins it belongs in."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math
from dataclasses import dataclass

import numpy as np

from datasets.street_scene.blender import Object
from datasets.street_scene.materials import any_colour, surface
from datasets.street_scene.schema import OVERFLOWS, Colour
from datasets.street_scene.shapes import Builder, Vec3

_BAGS: tuple[Colour, ...] = (
    (0.012, 0.012, 0.014),
    (0.012, 0.012, 0.014),
    (0.6, 0.6, 0.62),
    (0.03, 0.1, 0.32),
    (0.5, 0.04, 0.03),
    (0.05, 0.25, 0.09),
    (0.75, 0.72, 0.6),
)
_BOX: Colour = (0.36, 0.22, 0.11)


def add_bag(b: Builder, centre: Vec3, radius: float, colour: Colour) -> None:
    """Add a tied refuse bag whose foot is flattened by its weight."""
    plastic = surface(colour, rough=0.28)
    flat = radius * float(b.rng.uniform(0.72, 0.95))
    x, y, z = centre
    b.blob(
        (x, y, z + flat * 0.85),
        (radius, radius * float(b.rng.uniform(0.8, 1.0)), flat),
        plastic,
        crumple=0.13,
        rings=12,
        sides=18,
    )
    neck = (x, y, z + flat * 1.7)
    tip = (x + 0.05, y + float(b.rng.uniform(-0.05, 0.05)), z + flat * 1.7 + 0.14)
    b.tube(neck, tip, (0.045, 0.085), plastic, sides=8)


def _add_carton(b: Builder, at: Vec3, size: float) -> None:
    red, green, blue = (v * float(b.rng.uniform(0.7, 1.3)) for v in _BOX)
    card = surface((red, green, blue), rough=0.9)
    w, d, h = (size * float(b.rng.uniform(0.6, 1.1)) for _ in range(3))
    turn = float(b.rng.uniform(0, math.pi))
    b.box((at[0], at[1], at[2] + h / 2), (w, d, h), card, turn)
    lid = (
        at[0] + 0.5 * w * math.cos(turn),
        at[1] + 0.5 * w * math.sin(turn),
        at[2] + h + 0.06,
    )
    b.box(lid, (0.02, d, 0.16), card, turn)


def _scatter(b: Builder, radius: float, count: int) -> None:
    """Add loose papers, bottles, cups and peels on the ground."""
    for _ in range(count):
        r, a = radius * math.sqrt(b.rng.random()), b.rng.uniform(0, 2 * math.pi)
        x, y = r * math.cos(a), 0.6 * r * math.sin(a)
        colour = any_colour(b.rng, 0.05, 0.8)
        kind = int(b.rng.integers(3))
        matter = surface(colour, rough=0.5)
        if kind == 0:
            b.blob(
                (x, y, 0.03), (0.1, 0.08, 0.03), matter, crumple=0.3, rings=5, sides=7
            )
        elif kind == 1:
            b.tube(
                (x, y, 0.035),
                (x + 0.2 * math.cos(a * 3), y + 0.2 * math.sin(a * 3), 0.035),
                (0.035, 0.03),
                matter,
                sides=8,
            )
        else:
            b.box((x, y, 0.012), (0.22, 0.16, 0.02), matter, float(a))


def make_refuse(look: str, size: float, seed: int) -> Object:
    """Make refuse lying around the origin.

    Args:
        look: bags, heap, scatter, boxes or furniture.
        size: 1.0 is about 1.5 m across.
        seed: shapes and colours.
    """
    b = Builder(seed)
    rng = b.rng
    if look in ("bags", "heap"):
        count = max(2, round((4 if look == "bags" else 9) * size))
        for k in range(count):
            a, r = (
                k * 2.4 + rng.uniform(-0.3, 0.3),
                0.26 * math.sqrt(k) * min(size, 1.4),
            )
            high = 0.28 * (k % 3 == 0 and k > 2) * (look == "heap")
            colour = _BAGS[int(rng.integers(len(_BAGS)))]
            at = (r * math.cos(a) * 1.25, r * math.sin(a) * 0.8, high)
            add_bag(b, at, float(rng.uniform(0.24, 0.36)), colour)
    if look in ("boxes", "heap"):
        for k in range(max(2, round(3 * size))):
            at = (
                0.5 * (k - 1) * size + rng.uniform(-0.1, 0.1),
                float(rng.uniform(-0.25, 0.25)),
                0.0,
            )
            _add_carton(b, at, float(rng.uniform(0.35, 0.6)))
    if look == "furniture":
        cloth = surface(any_colour(rng, 0.05, 0.5), rough=0.95)
        wood = surface((0.22, 0.12, 0.05), rough=0.7)
        b.box((0, 0, 0.25), (1.7 * size, 0.75, 0.3), cloth)
        b.box((0, 0.36, 0.55), (1.7 * size, 0.16, 0.6), cloth)
        for k in range(3):
            b.box((0.3 * k, -0.6, 0.05 + 0.05 * k), (1.2, 0.14, 0.04), wood, 0.4 * k)
    _scatter(b, 0.9 * size, round({"scatter": 26, "heap": 22}.get(look, 7) * size))
    return b.build(f"refuse_{look}", bevel_m=0.0, smooth_deg=50.0)


@dataclass(frozen=True, slots=True)
class BinParts:
    """A bin: body, hinged lid, the content at each stage."""

    root: Object
    lid: Object
    stages: dict[str, Object]

    def fill(self, level: float) -> None:
        """Show ``level`` (1.0 is level with the rim) and set the lid."""
        over = level >= OVERFLOWS
        self.lid.rotation_euler[1] = math.radians(
            -62 if level >= 1.35 else -34 if over else 0
        )
        self.stages["over"].location[2] = 0.0 if over else -90.0
        self.stages["high"].location[2] = 0.0 if level >= 1.35 else -90.0


def make_bin(colour: Colour, seed: int) -> BinParts:
    """Make a 240-litre wheeled bin, front to +x, on the ground."""
    shell = surface(colour, rough=0.45)
    dark = surface((0.015, 0.015, 0.015), rough=0.7)
    mark = surface((0.8, 0.8, 0.78), rough=0.6)
    b = Builder(seed)
    b.box((0, 0, 0.52), (0.68, 0.56, 0.92), shell, taper=0.76)
    b.box((0, 0, 0.97), (0.74, 0.6, 0.06), shell)
    b.box((0.305, 0, 0.62), (0.02, 0.26, 0.2), mark)
    b.tube((-0.4, -0.22, 1.0), (-0.4, 0.22, 1.0), (0.018, 0.018), dark)
    for side in (-1, 1):
        b.tube(
            (-0.25, side * 0.2, 0.1),
            (-0.25, side * 0.28, 0.1),
            (0.1, 0.1),
            dark,
            sides=14,
        )
    root = b.build("bin", bevel_m=0.025)
    b = Builder(seed)
    b.box((0.37, 0, 0.03), (0.76, 0.61, 0.05), shell)
    b.box((0.37, 0, 0.065), (0.55, 0.42, 0.04), shell)
    lid = b.build("lid", bevel_m=0.02)
    lid.parent, lid.location = root, (-0.37, 0, 1.0)
    stages = {}
    for name, count, base in (("over", 3, 0.86), ("high", 4, 1.08)):
        b = Builder(seed + len(name))
        for k in range(count):
            a = 2 * math.pi * k / count + float(b.rng.uniform(0, 1))
            spread = 0.17 if name == "over" else 0.22
            add_bag(
                b,
                (spread * math.cos(a), 0.8 * spread * math.sin(a), base),
                float(b.rng.uniform(0.19, 0.25)),
                _BAGS[int(b.rng.integers(len(_BAGS)))],
            )
        if name == "high":
            _add_carton(b, (0.05, 0.05, base + 0.15), 0.4)
        content = b.build(f"content_{name}", smooth_deg=50.0)
        content.parent = root
        stages[name] = content
    return BinParts(root, lid, stages)


def bag_in_hand(seed: int, *, carton: bool) -> Object:
    """Make what a person carries: a bag or a carton, hanging from the origin."""
    b = Builder(seed)
    if carton:
        _add_carton(b, (0, 0, -0.1), 0.45)
    else:
        add_bag(
            b,
            (0, 0, -0.62),
            0.24,
            _BAGS[int(np.random.default_rng(seed).integers(len(_BAGS)))],
        )
    return b.build("carried", smooth_deg=50.0)
