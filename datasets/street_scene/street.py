"""The fixed street: carriageway, pavements, shops, trees, lamps."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math

import numpy as np

from datasets.street_scene.blender import Material, Object, bpy
from datasets.street_scene.materials import (
    any_colour,
    glass,
    shade,
    speckled,
    surface,
    tiles,
)
from datasets.street_scene.schema import Colour, Scenario
from datasets.street_scene.shapes import Builder

_HALF_M = 60.0
_SIGNS: tuple[Colour, ...] = (
    (0.6, 0.03, 0.02),
    (0.02, 0.12, 0.45),
    (0.02, 0.3, 0.12),
    (0.75, 0.45, 0.02),
    (0.7, 0.7, 0.68),
    (0.25, 0.02, 0.25),
    (0.03, 0.03, 0.03),
)
_WALLS: tuple[Colour, ...] = (
    (0.42, 0.36, 0.3),
    (0.5, 0.48, 0.44),
    (0.32, 0.2, 0.15),
    (0.36, 0.38, 0.4),
    (0.55, 0.47, 0.36),
)


def _slab(name: str, span: tuple[float, float, float], material: Material) -> Object:
    """Lay a slab over the whole length: y from, y to, top height."""
    b = Builder()
    y0, y1, top = span
    b.box((0, (y0 + y1) / 2, top - 0.5), (2 * _HALF_M, y1 - y0, 1.0), material)
    return b.build(name)


def _ground(scene: Scenario, rng: np.random.Generator) -> None:
    s, wet = scene.street, scene.weather == "rain"
    wear = float(rng.uniform(0.7, 1.3)) * (0.6 if wet else 1.0)
    dark, light = (0.07 * wear,) * 3, (0.15 * wear,) * 3
    road = speckled(dark, light, scale=26.0, wet=wet)
    _slab("road", (s.near_kerb_y - 0.05, s.far_kerb_y + 0.05, 0.0), road)
    warm = float(rng.uniform(0.75, 1.15))
    paving = tiles(
        (0.3 * warm, 0.27 * warm, 0.24),
        (0.24 * warm, 0.22, 0.2),
        size_m=float(rng.choice([0.4, 0.6, 0.8])),
        wet=wet,
    )
    kerb = surface((0.38, 0.37, 0.35), rough=0.8)
    _slab("far_pavement", (s.far_kerb_y + 0.25, s.facade_y + 12, 0.14), paving)
    _slab("near_pavement", (-40.0, s.near_kerb_y - 0.25, 0.14), paving)
    _slab("far_kerb", (s.far_kerb_y, s.far_kerb_y + 0.26, 0.15), kerb)
    _slab("near_kerb", (s.near_kerb_y - 0.26, s.near_kerb_y, 0.15), kerb)
    _marks(scene)


def _marks(scene: Scenario) -> None:
    s = scene.street
    white = speckled((0.5, 0.5, 0.48), (0.72, 0.72, 0.7), scale=18.0)
    yellow = speckled((0.55, 0.36, 0.03), (0.75, 0.5, 0.05), scale=18.0)
    b = Builder()
    for offset in (-0.1, 0.1):
        b.box((0, s.divider_y + offset, 0.003), (2 * _HALF_M, 0.1, 0.006), yellow)
    for k in range(-20, 20):
        b.box((k * 3.0, s.far_kerb_y - 2.3, 0.003), (1.2, 0.1, 0.006), white)
    b.box((0, s.far_kerb_y - 0.22, 0.003), (2 * _HALF_M, 0.14, 0.006), yellow)
    if s.stop_line_x is not None:
        b.box(
            (s.stop_line_x, (s.divider_y + s.far_kerb_y - 2.3) / 2, 0.003),
            (0.35, s.far_kerb_y - 2.5 - s.divider_y, 0.006),
            white,
        )
        for k in range(12):
            b.box(
                (s.stop_line_x - 2.6, s.near_kerb_y + 0.4 + 0.72 * k, 0.003),
                (2.6, 0.38, 0.006),
                white,
            )
    b.build("marks")


def _shop(
    b: Builder,
    at: tuple[float, float],
    width: float,
    rng: np.random.Generator,
    *,
    lit: bool,
) -> None:
    """Add a shop front: window, door, sign, sometimes an awning."""
    x, y = at
    sign = _SIGNS[int(rng.integers(len(_SIGNS)))]
    frame = surface((0.15, 0.15, 0.16), rough=0.4)
    inside = (
        surface((0.9, 0.7, 0.42), glow=0.12)
        if lit
        else surface((0.05, 0.055, 0.06), rough=0.1)
    )
    b.box((x, y - 0.03, 1.5), (width - 0.5, 0.1, 2.5), frame)
    panes = max(2, round(width / 1.3))
    for k in range(panes):
        w = (width - 0.7) / panes
        b.box(
            (x - (width - 0.7) / 2 + (k + 0.5) * w, y - 0.09, 1.42),
            (w - 0.09, 0.06, 2.2),
            inside,
        )
        if rng.random() < 0.5:
            c = any_colour(rng, 0.05, 0.6)
            b.box(
                (
                    x - (width - 0.7) / 2 + (k + 0.5) * w,
                    y - 0.13,
                    float(rng.uniform(0.6, 1.8)),
                ),
                (w * 0.6, 0.02, 0.7),
                surface(c),
            )
    b.box(
        (x, y - 0.2, 3.15),
        (width - 0.2, 0.3, 0.8),
        surface(sign, rough=0.5, glow=0.9 if lit else 0.0),
    )
    letters = surface(
        (0.8, 0.78, 0.7) if sum(sign) < 1.2 else (0.5, 0.03, 0.02),
        glow=1.5 if lit else 0.0,
    )
    for k in range(int(rng.integers(3, 6))):
        lx = x - width * 0.3 + k * 0.62
        b.box((lx, y - 0.37, 3.15), (0.07, 0.03, 0.46), letters)
        for dz in (-0.16, 0.02, 0.18):
            b.box((lx, y - 0.37, 3.15 + dz), (0.4, 0.03, 0.06), letters)
    if rng.random() < 0.35:
        cloth = surface(_SIGNS[int(rng.integers(len(_SIGNS)))], rough=0.9)
        top, low = (y - 0.1, 2.72), (y - 1.15, 2.35)
        h = width / 2 - 0.3
        b.add(
            [(x - h, *top), (x + h, *top), (x + h, *low), (x - h, *low)],
            [(0, 1, 2, 3)],
            cloth,
        )


def _facades(scene: Scenario, rng: np.random.Generator, *, lit: bool) -> None:
    x, y = -46.0, scene.street.facade_y
    pane = glass()
    glow = surface((0.9, 0.65, 0.35), glow=0.6)
    while x < 46:
        width = float(rng.uniform(8, 13))
        wall = _WALLS[int(rng.integers(len(_WALLS)))]
        matter = tiles(wall, shade(wall, 0.85), size_m=0.5)
        height = float(rng.uniform(9, 16))
        b = Builder()
        b.box((x + width / 2, y + 5, height / 2), (width, 10, height), matter)
        shops = max(1, round(width / 4.2))
        for k in range(shops):
            _shop(
                b,
                (x + (k + 0.5) * width / shops, y),
                width / shops,
                rng,
                lit=lit,
            )
        frame = surface((0.6, 0.6, 0.6))
        for floor in range(int((height - 4.2) / 3.0) + 1):
            for k in range(max(2, int(width / 2.4))):
                at = (
                    x + (k + 0.5) * width / max(2, int(width / 2.4)),
                    5.2 + 3.0 * floor,
                )
                b.box((at[0], y - 0.02, at[1]), (1.5, 0.1, 1.6), frame)
                b.box(
                    (at[0], y - 0.06, at[1]),
                    (1.36, 0.08, 1.46),
                    glow if lit and rng.random() < 0.4 else pane,
                )
                if rng.random() < 0.3:
                    b.box(
                        (at[0] + 1.0, y - 0.25, at[1] - 0.5),
                        (0.8, 0.4, 0.6),
                        surface((0.65, 0.65, 0.63)),
                    )
        b.build("facade")
        x += width


def _tree(x: float, y: float, rng: np.random.Generator) -> None:
    bark = surface((0.1, 0.07, 0.045), rough=0.95)
    tone = float(rng.uniform(0.7, 1.3))
    leaves = [
        surface((0.03 * tone * k, 0.1 * tone * k, 0.02 * k), rough=0.7)
        for k in (0.7, 1.0, 1.4)
    ]
    b = Builder(int(rng.integers(1 << 30)))
    h = float(rng.uniform(2.9, 3.6))
    b.tube((x, y, 0), (x + 0.1, y, h + 0.5), (0.15, 0.1), bark)
    for k in range(5):
        a = 1.3 * k
        b.tube(
            (x, y, h),
            (x + 1.1 * math.cos(a), y + 1.1 * math.sin(a), h + 1.3),
            (0.07, 0.02),
            bark,
            sides=6,
        )
    n = 2600
    spread = rng.normal(size=(n, 3))
    spread /= np.linalg.norm(spread, axis=1, keepdims=True)
    places = spread * (rng.random((n, 1)) ** 0.4) * np.array([1.9, 1.9, 1.5]) + [
        x,
        y,
        h + 1.5,
    ]
    u = rng.normal(size=(n, 3)) * 0.1
    v = rng.normal(size=(n, 3)) * 0.1
    quads = np.stack([places - u, places + v, places + u, places - v], axis=1)
    for k, leaf in enumerate(leaves):
        part = quads[k::3]
        faces = [tuple(range(4 * i, 4 * i + 4)) for i in range(len(part))]
        b.add(part.reshape(-1, 3), faces, leaf)
    soil = surface((0.06, 0.045, 0.03), rough=1.0)
    b.box((x, y, 0.145), (1.1, 1.1, 0.02), soil)
    b.build("tree", smooth_deg=20.0)


def _lamp(x: float, y: float, *, lit: bool) -> None:
    steel = surface((0.25, 0.26, 0.27), rough=0.5, metal=0.5)
    b = Builder()
    b.tube((x, y, 0), (x, y, 6.5), (0.09, 0.06), steel)
    b.tube((x, y, 6.4), (x, y - 1.8, 6.8), (0.05, 0.04), steel)
    b.box((x, y - 1.9, 6.8), (0.25, 0.7, 0.1), steel)
    b.box(
        (x, y - 1.9, 6.73),
        (0.2, 0.6, 0.04),
        surface((1.0, 0.8, 0.5), glow=30.0 if lit else 0.0),
    )
    b.build("lamp")
    if lit:
        light = bpy.data.lights.new("lamp", "AREA")
        light.energy, light.size, light.color = 900.0, 0.8, (1.0, 0.72, 0.42)
        thing = bpy.data.objects.new("lamp_light", light)
        thing.location = (x, y - 1.9, 6.6)
        bpy.context.scene.collection.objects.link(thing)


def _furniture(scene: Scenario, rng: np.random.Generator) -> None:
    """Stand street furniture about that is no violation: boxes, bollards."""
    y = scene.street.far_kerb_y
    b = Builder(int(rng.integers(1 << 30)))
    steel = surface((0.45, 0.46, 0.47), rough=0.5)
    green = surface((0.08, 0.18, 0.12), rough=0.6)
    for x in (-17.0, 16.5, 24.0):
        b.box(
            (x, y + 3.4, 0.8), (0.9, 0.45, 1.3), steel if rng.random() < 0.5 else green
        )
    for x in (-13.0, 13.0, 20.0):
        b.box((x, y + 3.5, 0.35), (1.6, 0.5, 0.45), surface((0.4, 0.36, 0.33)))
        b.blob(
            (x, y + 3.5, 0.7),
            (0.8, 0.25, 0.35),
            surface((0.03, 0.11, 0.02)),
            crumple=0.25,
        )
    b.build("furniture", bevel_m=0.02)


def make_street(scene: Scenario) -> None:
    """Build everything that never moves."""
    rng = np.random.default_rng(scene.seed)
    lit = scene.light in ("dusk", "night", "ir")
    _ground(scene, rng)
    _facades(scene, rng, lit=lit and scene.light != "ir")
    for x in scene.street.trees_x:
        _tree(x, scene.street.far_kerb_y + 0.9, rng)
    for x in scene.street.lamps_x:
        _lamp(x, scene.street.far_kerb_y + 0.7, lit=lit)
    _furniture(scene, rng)
