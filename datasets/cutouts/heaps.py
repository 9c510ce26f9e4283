"""Refuse where none belongs: bags, cartons, furniture, rubble, litter."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math
from collections.abc import Callable

from datasets.cutouts.mouth import Mouth
from datasets.cutouts.paints import (
    DARK,
    any_paint,
    between,
    chance,
    coat,
    pick,
    stone,
    wood,
    wrinkled,
)
from datasets.street_scene.materials import any_colour, shade, speckled, surface
from datasets.street_scene.schema import Colour
from datasets.street_scene.shapes import Builder, Vec3

_BAGS: tuple[Colour, ...] = (
    (0.01, 0.01, 0.012),
    (0.01, 0.01, 0.012),
    (0.03, 0.03, 0.035),
    (0.65, 0.65, 0.66),
    (0.6, 0.58, 0.5),
    (0.03, 0.1, 0.35),
    (0.5, 0.04, 0.03),
    (0.05, 0.25, 0.09),
    (0.7, 0.5, 0.05),
)
_CARD: Colour = (0.36, 0.22, 0.11)


def _bag(b: Builder, at: Vec3) -> None:
    """Add a bag: tied and standing, or slack and lying."""
    rng = b.rng
    plastic = wrinkled(rng, shade(pick(rng, _BAGS), between(rng, 0.7, 1.3)))
    r = between(rng, 0.14, 0.36)
    x, y, z = at
    if chance(rng, 0.3):
        radii = (r * 1.3, r, r * between(rng, 0.45, 0.8))
        b.blob(
            (x, y, z + 0.8 * radii[2]), radii, plastic, crumple=0.12, rings=12, sides=18
        )
        return
    tall = r * between(rng, 0.75, 1.1)
    radii = (r, r * between(rng, 0.8, 1.0), tall)
    b.blob((x, y, z + 0.85 * tall), radii, plastic, crumple=0.1, rings=12, sides=18)
    neck, lean = z + 1.72 * tall, between(rng, -0.06, 0.06)
    b.tube((x, y, neck), (x + 0.05, y + lean, neck + 0.13), (0.04, 0.09), plastic, 9)


def _carton(b: Builder, at: Vec3) -> None:
    """Add a box of card: shut, open, or pressed flat."""
    rng = b.rng
    colour = shade(_CARD, between(rng, 0.6, 1.7))
    if chance(rng, 0.15):
        colour = any_paint(rng)
    card = surface(colour, rough=0.9)
    size = between(rng, 0.2, 0.6)
    w, d, h = (size * float(v) for v in rng.uniform(0.6, 1.2, 3))
    turn = between(rng, 0, math.pi)
    if chance(rng, 0.3):
        b.box((at[0], at[1], at[2] + 0.03), (1.6 * w, 1.6 * d, 0.03), card, turn)
        return
    b.box((at[0], at[1], at[2] + h / 2), (w, d, h), card, turn)
    c, s = math.cos(turn), math.sin(turn)
    if chance(rng, 0.5):
        inside = surface(shade(colour, 0.25), rough=0.95)
        b.box((at[0], at[1], at[2] + h), (0.9 * w, 0.9 * d, 0.012), inside, turn)
        for side in (-1, 1):
            x, y = at[0] + side * 0.62 * w * c, at[1] + side * 0.62 * w * s
            b.box((x, y, at[2] + h), (0.28 * w, d, 0.015), card, turn)
    else:
        tape = surface((0.5, 0.4, 0.25), rough=0.4)
        b.box((at[0], at[1], at[2] + h + 0.002), (1.01 * w, 0.06, 0.004), tape, turn)


def _litter(b: Builder, at: Vec3) -> None:
    """Add one small thing: paper, bottle, cup, tin, peel, film."""
    rng = b.rng
    x, y, z = at
    kind, turn = int(rng.integers(6)), between(rng, 0, 2 * math.pi)
    matter = surface(any_colour(rng, 0.02, 0.9), rough=between(rng, 0.2, 0.9))
    c, s = math.cos(turn), math.sin(turn)
    if kind <= 1:
        white = surface((between(rng, 0.5, 0.9),) * 3, rough=0.9)
        r = between(rng, 0.06, 0.16)
        sheet = white if kind == 0 else matter
        b.blob((x, y, z + 0.3 * r), (r, 0.8 * r, 0.35 * r), sheet, crumple=0.4, rings=6)
    elif kind == 2:
        tip = (x + 0.22 * c, y + 0.22 * s, z + 0.035)
        b.tube((x, y, z + 0.035), tip, (0.035, 0.03), matter, 8)
        b.tube(
            tip, (tip[0] + 0.05 * c, tip[1] + 0.05 * s, tip[2]), (0.03, 0.012), matter
        )
    elif kind == 3:
        b.tube((x, y, z), (x, y, z + 0.11), (0.03, 0.042), matter, 10)
    elif kind == 4:
        b.box((x, y, z + 0.012), (0.25, 0.18, 0.015), matter, turn)
    else:
        r = between(rng, 0.1, 0.25)
        b.blob((x, y, z + 0.04), (r, 0.7 * r, 0.05), matter, crumple=0.5, rings=8)


def _sofa(b: Builder, at: Vec3) -> None:
    cloth = coat(b.rng, any_paint(b.rng))
    x, y, z = at
    long = between(b.rng, 0.8, 1.9)
    b.box((x, y, z + 0.25), (0.75, long, 0.3), cloth)
    b.box((x - 0.32, y, z + 0.55), (0.18, long, 0.6), cloth)
    for side in (-1, 1):
        b.box((x, y + side * long / 2, z + 0.4), (0.75, 0.18, 0.45), cloth)


def _mattress(b: Builder, at: Vec3) -> None:
    rng = b.rng
    grey = between(rng, 0.4, 0.8)
    cloth = speckled((grey * 0.8, grey * 0.76, grey * 0.7), (grey,) * 3, scale=6)
    x, y, z = at
    if chance(rng, 0.5):
        b.box((x - 0.4, y, z + 0.55), (0.2, 1.7, 1.1), cloth, between(rng, -0.3, 0.3))
    else:
        b.box((x, y, z + 0.12), (1.0, 1.8, 0.2), cloth, between(rng, -0.5, 0.5))


def _appliance(b: Builder, at: Vec3) -> None:
    rng = b.rng
    x, y, z = at
    w, h = between(rng, 0.5, 0.65), between(rng, 0.5, 1.6)
    turn = between(rng, -0.6, 0.6)
    b.box((x, y, z + h / 2), (w, w, h), surface((0.7, 0.7, 0.7), rough=0.4), turn)
    dark = surface(DARK, rough=0.2)
    front = (x + w / 2 * math.cos(turn), y + w / 2 * math.sin(turn), z + h * 0.5)
    b.box(front, (0.02, w * 0.6, h * 0.4), dark, turn)


def _planks(b: Builder, at: Vec3) -> None:
    rng = b.rng
    matter = wood(rng)
    for _ in range(int(rng.integers(3, 9))):
        x, y = at[0] + between(rng, -0.4, 0.4), at[1] + between(rng, -0.4, 0.4)
        a, long = between(rng, 0, math.pi), between(rng, 0.5, 1.6)
        end = (
            x + long * math.cos(a),
            y + long * math.sin(a),
            at[2] + 0.3 * rng.random(),
        )
        b.tube((x, y, at[2] + 0.04), end, (0.05, 0.05), matter, 4)


def _pallet(b: Builder, at: Vec3) -> None:
    matter = wood(b.rng)
    x, y, z = at
    lean = chance(b.rng, 0.4)
    for k in range(7):
        along = 0.16 * (k - 3)
        if lean:
            b.box((x - 0.3, y, z + 0.55 + along), (0.03, 1.1, 0.1), matter)
        else:
            b.box((x + along, y, z + 0.13), (0.1, 1.1, 0.03), matter)
    for side in (-0.5, 0.0, 0.5):
        if lean:
            b.box((x - 0.34, y + side, z + 0.55), (0.05, 0.09, 1.1), matter)
        else:
            b.box((x, y + side, z + 0.06), (1.1, 0.09, 0.1), matter)


def _tyre(b: Builder, at: Vec3) -> None:
    x, y, z = at
    black = surface((0.015, 0.015, 0.016), rough=0.9)
    b.tube((x, y, z), (x, y, z + 0.2), (0.32, 0.32), black, 24)
    b.tube((x, y, z + 0.19), (x, y, z + 0.205), (0.19, 0.19), surface(DARK), 20)


def _rubble(b: Builder, at: Vec3) -> None:
    rng = b.rng
    matters = [stone(rng), stone(rng), coat(rng, (0.3, 0.1, 0.05))]
    for _ in range(int(rng.integers(12, 40))):
        r, a = 0.6 * math.sqrt(rng.random()), between(rng, 0, 2 * math.pi)
        size = between(rng, 0.05, 0.2)
        high = max(0.0, 0.35 * (0.6 - r) / 0.6 * rng.random())
        centre = (
            at[0] + r * math.cos(a),
            at[1] + r * math.sin(a),
            at[2] + high + size / 3,
        )
        b.blob(centre, (size,) * 3, pick(rng, matters), crumple=0.25, rings=5, sides=7)


def _cloth(b: Builder, at: Vec3) -> None:
    rng = b.rng
    matter = wrinkled(rng, any_paint(rng))
    r = between(rng, 0.2, 0.5)
    b.blob(
        (at[0], at[1], at[2] + 0.06), (r, 0.7 * r, 0.12), matter, crumple=0.35, rings=14
    )


_Part = Callable[[Builder, Vec3], None]
_LARGE: tuple[_Part, ...] = (_sofa, _mattress, _appliance, _planks, _pallet, _rubble)
_SMALL: tuple[_Part, ...] = (_bag, _bag, _bag, _carton, _carton, _cloth, _tyre)


def heap(b: Builder) -> None:
    """Heap bags, cartons and furniture, with litter around.

    One in three is of bags alone, one in four of litter alone.
    """
    rng = b.rng
    kind = rng.random()
    reach = between(rng, 0.3, 1.0)
    flat = between(rng, 0.4, 1.0)
    if kind < 0.25:
        parts: tuple[_Part, ...] = ()
        small = int(rng.integers(8, 60))
    elif kind < 0.6:
        parts, small = (_bag,), int(rng.integers(0, 14))
    else:
        parts, small = _SMALL, int(rng.integers(0, 25))
    if kind >= 0.6 and chance(rng, 0.6):
        pick(rng, _LARGE)(b, (between(rng, -0.3, 0.0), between(rng, -0.3, 0.3), 0.0))
    for k in range(int(rng.integers(1, 12)) if parts else 0):
        r, a = reach * math.sqrt(rng.random()), between(rng, 0, 2 * math.pi)
        high = 0.26 * (k % 3 == 2) * max(0.0, 1 - r / reach)
        pick(rng, parts)(b, (flat * r * math.cos(a), r * math.sin(a), high))
    strewn(b, (0.0, 0.0, 0.0), 1.2 * reach, small)


def strewn(b: Builder, at: Vec3, reach: float, count: int) -> None:
    """Strew small litter on the ground around a point, denser in the middle."""
    for _ in range(count):
        r = reach * float(b.rng.random())
        a = between(b.rng, 0, 2 * math.pi)
        _litter(b, (at[0] + 0.7 * r * math.cos(a), at[1] + r * math.sin(a), at[2]))


def overfill(b: Builder, mouth: Mouth) -> None:
    """Let a bin run over: on its top or out of its mouth."""
    rng = b.rng
    x, y, z = mouth.at
    rx, ry = mouth.reach
    if mouth.open_top:
        for _ in range(int(rng.integers(2, 6)) + round(4 * ry)):
            at = (
                x + 0.7 * rx * between(rng, -1, 1),
                y + 0.8 * ry * between(rng, -1, 1),
                z + between(rng, -0.1, 0.06),
            )
            if min(rx, ry) > 0.3:
                pick(rng, (_bag, _bag, _carton))(b, at)
            else:
                matter = wrinkled(rng, pick(rng, _BAGS))
                r = between(rng, 0.4, 0.8) * min(rx, ry)
                b.blob(at, (r, r, 0.8 * r), matter, crumple=0.2, rings=12, sides=16)
    for _ in range(int(rng.integers(3, 12))):
        at = (
            x + rx * between(rng, -0.8, 0.9),
            y + ry * between(rng, -0.9, 0.9),
            z + between(rng, -0.03, 0.1),
        )
        _litter(b, at)


def spill(b: Builder, mouth: Mouth) -> None:
    """Let litter lie around the foot of a bin, and bags beside it; or nothing."""
    rng = b.rng
    x, y, _ = mouth.at
    if not mouth.open_top or chance(rng, 0.4):
        strewn(b, (x + 0.1, y, 0.0), 0.7 + mouth.reach[1], int(rng.integers(2, 14)))
    if not mouth.open_top or chance(rng, 0.3):
        for _ in range(int(rng.integers(1, 4))):
            side = pick(rng, (-1.0, 1.0))
            far = y + side * (mouth.reach[1] + between(rng, 0.25, 0.5))
            pick(rng, (_bag, _bag, _carton))(b, (x + between(rng, -0.2, 0.3), far, 0.0))
