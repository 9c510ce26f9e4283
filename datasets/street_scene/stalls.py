"""Street stalls: table, cart, tricycle, mat, clothes rack; packed or open."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math
from dataclasses import dataclass

from datasets.street_scene.blender import Object
from datasets.street_scene.materials import any_colour, paint, surface
from datasets.street_scene.schema import Colour
from datasets.street_scene.shapes import Builder, Vec3

_FRUIT: tuple[Colour, ...] = (
    (0.7, 0.06, 0.03),
    (0.85, 0.35, 0.02),
    (0.8, 0.6, 0.04),
    (0.2, 0.45, 0.06),
    (0.25, 0.05, 0.2),
    (0.5, 0.65, 0.12),
)
_STRIPES = 16


@dataclass(frozen=True, slots=True)
class StallParts:
    """A stall: what always shows, and what shows only when it is open."""

    base: Object
    goods: Object

    @property
    def objects(self) -> list[Object]:
        """Everything that belongs to the stall."""
        return [self.base, self.goods]

    def open(self, *, is_open: bool) -> None:
        """Lay out or put away goods and umbrella."""
        self.goods.location[2] = 0.0 if is_open else -90.0


def _tray(b: Builder, at: Vec3, size: tuple[float, float]) -> None:
    """Add a crate with a layer of fruit."""
    crate = surface((0.1, 0.3, 0.6) if b.rng.random() < 0.4 else (0.45, 0.3, 0.15))
    colour = _FRUIT[int(b.rng.integers(len(_FRUIT)))]
    fruit = surface(colour, rough=0.4)
    w, d = size
    b.box((at[0], at[1], at[2] + 0.06), (w, d, 0.12), crate)
    r = float(b.rng.uniform(0.045, 0.065))
    nx, ny = max(1, int(w / (2 * r))), max(1, int(d / (2 * r)))
    for i in range(nx):
        for j in range(ny):
            x = at[0] + (i + 0.5) * w / nx - w / 2
            y = at[1] + (j + 0.5) * d / ny - d / 2
            b.blob(
                (x, y, at[2] + 0.13 + 0.03 * b.rng.random()),
                (r, r, r),
                fruit,
                rings=5,
                sides=7,
            )


def _umbrella(
    b: Builder, at: Vec3, radius: float, colours: tuple[Colour, Colour]
) -> None:
    x, y, z = at
    pole = surface((0.6, 0.6, 0.6), metal=0.7, rough=0.4)
    b.tube((x, y, 0), (x, y, z + 0.45), (0.022, 0.022), pole)
    cloths = [surface(c, rough=0.9) for c in colours]
    for k in range(_STRIPES):
        a0, a1 = (2 * math.pi * (k + i) / _STRIPES for i in (0, 1))
        rim = [
            (x + radius * math.cos(a), y + radius * math.sin(a), z) for a in (a0, a1)
        ]
        mid = [
            (x + 0.55 * radius * math.cos(a), y + 0.55 * radius * math.sin(a), z + 0.32)
            for a in (a0, a1)
        ]
        low = [(p[0], p[1], z - 0.14) for p in rim]
        verts = [*low, *rim, *mid, (x, y, z + 0.45)]
        b.add(verts, [(0, 1, 3, 2), (2, 3, 5, 4), (4, 5, 6)], cloths[k // 2 % 2])


def _table(b: Builder, g: Builder, colour: Colour) -> None:
    wood = surface((0.3, 0.2, 0.1), rough=0.8)
    b.box((0, 0, 0.74), (1.9, 0.85, 0.04), wood)
    b.box((0, -0.42, 0.5), (1.9, 0.02, 0.46), surface(colour, rough=0.9))
    for x in (-0.88, 0.88):
        for y in (-0.36, 0.36):
            b.box((x, y, 0.37), (0.05, 0.05, 0.74), wood)
    for i in range(4):
        for j in range(2):
            _tray(g, (-0.7 + 0.46 * i, -0.2 + 0.4 * j, 0.77), (0.42, 0.36))
    for i in range(3):
        _tray(g, (-0.6 + 0.6 * i, -0.75, 0.0), (0.5, 0.36))


def _cart(b: Builder, g: Builder, colour: Colour) -> None:
    body, steel = paint(colour), surface((0.6, 0.61, 0.63), metal=0.8, rough=0.35)
    b.box((0, 0, 0.62), (1.5, 0.75, 0.5), body)
    b.box((0, 0, 0.89), (1.6, 0.85, 0.05), steel)
    for x in (-0.5, 0.5):
        for side in (-1, 1):
            b.tube(
                (x, side * 0.38, 0.2),
                (x, side * 0.44, 0.2),
                (0.2, 0.2),
                surface((0.02, 0.02, 0.02)),
                sides=16,
            )
    b.tube((-0.75, -0.3, 0.85), (-1.1, -0.3, 1.0), (0.02, 0.02), steel)
    b.tube((-0.75, 0.3, 0.85), (-1.1, 0.3, 1.0), (0.02, 0.02), steel)
    pane = surface((0.5, 0.55, 0.55), rough=0.08)
    g.box((0.25, 0, 1.12), (0.8, 0.6, 0.42), pane)
    g.tube((-0.45, 0, 0.92), (-0.45, 0, 1.2), (0.24, 0.24), steel)
    for k in range(6):
        g.blob(
            (0.0 + 0.12 * k, -0.1, 0.96),
            (0.06, 0.06, 0.05),
            surface((0.6, 0.38, 0.15)),
            rings=5,
            sides=7,
        )
    g.box((0.0, -0.44, 0.66), (1.3, 0.02, 0.32), surface((0.85, 0.75, 0.1), rough=0.7))
    for x in (-0.7, 0.7):
        for y in (-0.34, 0.34):
            g.tube((x, y, 0.9), (x, y, 2.0), (0.02, 0.02), steel)
    g.box((0, 0, 2.03), (1.7, 1.1, 0.05), body)
    g.box((0, -0.55, 1.92), (1.7, 0.02, 0.2), surface((0.8, 0.1, 0.05)))


def _tricycle(b: Builder, g: Builder, colour: Colour) -> None:
    body, dark = paint(colour), surface((0.02, 0.02, 0.02), rough=0.8)
    b.box((-0.35, 0, 0.55), (1.5, 1.0, 0.06), body)
    for y in (-0.5, 0.5):
        b.box((-0.35, y, 0.72), (1.5, 0.03, 0.3), body)
    b.box((-1.1, 0, 0.72), (0.03, 1.0, 0.3), body)
    for x, y in ((-0.55, -0.56), (-0.55, 0.56), (1.1, 0.0)):
        b.tube((x, y - 0.05, 0.28), (x, y + 0.05, 0.28), (0.28, 0.28), dark, sides=20)
    b.limb((1.1, 0, 0.3), (0.95, 0, 1.0), (0.06, 0.04), body)
    b.tube((0.92, -0.35, 1.02), (0.92, 0.35, 1.02), (0.02, 0.02), dark)
    b.box((0.6, 0, 0.4), (0.7, 0.25, 0.1), body)
    b.blob((0.45, 0, 0.78), (0.22, 0.17, 0.06), dark)
    for i in range(3):
        for j in range(2):
            _tray(g, (-0.85 + 0.48 * i, -0.23 + 0.46 * j, 0.6), (0.44, 0.42))
    g.box((-0.3, -0.55, 0.45), (0.7, 0.03, 0.35), surface((0.85, 0.8, 0.7)))


def _mat(b: Builder, g: Builder, colour: Colour) -> None:
    b.box((0, 0, 0.01), (2.2, 1.3, 0.02), surface(colour, rough=0.95))
    for i in range(7):
        for j in range(4):
            c = surface(any_colour(g.rng, 0.03, 0.8), rough=0.5)
            h = float(g.rng.uniform(0.05, 0.28))
            g.box(
                (-0.95 + 0.31 * i, -0.5 + 0.32 * j, 0.02 + h / 2),
                (0.22, 0.2, h),
                c,
                float(g.rng.uniform(0, 1)),
            )


def _rack(b: Builder, g: Builder, colour: Colour) -> None:
    steel = surface((0.6, 0.6, 0.62), metal=0.8, rough=0.4)
    for x in (-0.9, 0.9):
        b.tube((x, 0, 0), (x, 0, 1.6), (0.02, 0.02), steel)
        b.tube((x, -0.3, 0.02), (x, 0.3, 0.02), (0.02, 0.02), steel)
    b.tube((-0.9, 0, 1.6), (0.9, 0, 1.6), (0.02, 0.02), steel)
    for k in range(14):
        c = colour if k % 4 == 0 else any_colour(g.rng, 0.02, 0.7)
        g.box(
            (-0.82 + 0.125 * k, 0, 1.2),
            (0.05, 0.42, 0.72),
            surface(c, rough=0.95),
            0.2,
            1.15,
        )
    for k in range(3):
        g.box(
            (-0.6 + 0.6 * k, -0.6, 0.15), (0.5, 0.4, 0.3), surface((0.36, 0.22, 0.11))
        )


_FORMS = {
    "table": _table,
    "cart": _cart,
    "tricycle": _tricycle,
    "mat": _mat,
    "rack": _rack,
}
_SHADES: tuple[tuple[Colour, Colour], ...] = (
    ((0.65, 0.04, 0.03), (0.75, 0.72, 0.68)),
    ((0.03, 0.12, 0.5), (0.75, 0.75, 0.75)),
    ((0.75, 0.45, 0.03), (0.65, 0.05, 0.04)),
    ((0.03, 0.3, 0.12), (0.03, 0.3, 0.12)),
    ((0.3, 0.03, 0.3), (0.7, 0.6, 0.1)),
)


def make_stall(form: str, colour: Colour, seed: int, *, umbrella: bool) -> StallParts:
    """Make a stall whose counter faces -y.

    Args:
        form: table, cart, tricycle, mat or rack.
        colour: linear RGB of its body or cloth.
        seed: goods and shades.
        umbrella: stand a big umbrella over it.
    """
    b, g = Builder(seed), Builder(seed + 1)
    _FORMS[form](b, g, colour)
    if umbrella:
        at = {"tricycle": (-0.35, 0.3), "cart": (-0.9, 0.3)}.get(form, (0.0, 0.35))
        shade = _SHADES[int(g.rng.integers(len(_SHADES)))]
        _umbrella(
            g,
            (*at, float(g.rng.uniform(2.0, 2.3))),
            float(g.rng.uniform(1.15, 1.5)),
            shade,
        )
    base = b.build(f"stall_{form}", bevel_m=0.008)
    goods = g.build(f"goods_{form}", smooth_deg=50.0)
    goods.parent = base
    return StallParts(base, goods)
