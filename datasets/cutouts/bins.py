"""Litter bins of the world: what a city puts up, or a household puts out.

Our pictures of bins are of one country's: boxes on wheels. Here are slatted
cylinders, baskets of wire, drums, concrete pots, boxes with a roof, bells,
containers and skips, in sizes that exist, in colours and matter far wider than
that (Tobin et al. 2017, "Domain Randomization").
"""

import itertools
import math
from collections.abc import Callable

from datasets.cutouts.containers import bell, compactor, container, wheeled
from datasets.cutouts.mouth import Mouth
from datasets.cutouts.paints import (
    any_matter,
    any_paint,
    between,
    chance,
    coat,
    dark,
    pick,
    steel,
    stone,
    wrinkled,
)
from datasets.street_scene.blender import Material
from datasets.street_scene.materials import surface
from datasets.street_scene.shapes import Builder


def _ring(
    b: Builder, z: float, radius: float, thick: float, matter: Material, sides: int = 20
) -> None:
    """Add a hoop of short rods around the z axis."""
    turn = [2 * math.pi * k / sides for k in range(sides + 1)]
    points = [(radius * math.cos(a), radius * math.sin(a), z) for a in turn]
    for a, c in itertools.pairwise(points):
        b.tube(a, c, (thick, thick), matter, sides=5)


def _roof(b: Builder, z: float, radius: float) -> None:
    """Add a rain roof on posts: a disc, a dome or a cone."""
    rng = b.rng
    matter = coat(rng, any_paint(rng)) if chance(rng, 0.6) else steel(rng)
    lift = between(rng, 0.12, 0.25)
    for k in range(3):
        a = 2 * math.pi * k / 3 + 0.4
        x, y = 0.85 * radius * math.cos(a), 0.85 * radius * math.sin(a)
        b.tube((x, y, z), (x, y, z + lift), (0.015, 0.015), matter, sides=6)
    wide = radius * between(rng, 1.0, 1.2)
    kind = int(rng.integers(3))
    if kind == 0:
        b.tube((0, 0, z + lift), (0, 0, z + lift + 0.03), (wide, wide), matter, 24)
    elif kind == 1:
        b.blob((0, 0, z + lift), (wide, wide, wide * between(rng, 0.3, 0.8)), matter)
    else:
        peak = z + lift + wide * between(rng, 0.3, 0.7)
        b.tube((0, 0, z + lift), (0, 0, peak), (wide, 0.02), matter, 24)


def slatted(b: Builder) -> Mouth:
    """Slats of wood or metal around a liner, most in American and European parks."""
    rng = b.rng
    r, h = between(rng, 0.24, 0.36), between(rng, 0.7, 1.0)
    foot = between(rng, 0.04, 0.12)
    matter = any_matter(rng, steel)
    b.tube((0, 0, foot), (0, 0, h - 0.05), (0.88 * r,) * 2, dark(), 24)
    count = int(rng.integers(14, 34))
    width = 2 * math.pi * r / count * between(rng, 0.5, 0.85)
    flare = between(rng, 1.0, 1.25) if chance(rng, 0.4) else 1.0
    for k in range(count):
        a = 2 * math.pi * k / count
        low = (r * math.cos(a), r * math.sin(a), foot)
        high = (flare * r * math.cos(a), flare * r * math.sin(a), h)
        if flare == 1.0:
            mid = (low[0], low[1], (foot + h) / 2)
            b.box(mid, (0.02, width, h - foot), matter, a)
        else:
            b.tube(low, high, (width / 2, width / 2), matter, sides=6)
    trim = steel(rng)
    _ring(b, h, flare * r, 0.018, trim)
    _ring(b, foot + 0.03, r, 0.015, trim)
    if chance(rng, 0.45):
        _roof(b, h, flare * r)
        return Mouth((0, 0, h), (0.8 * r, 0.8 * r), open_top=False)
    return Mouth((0, 0, h), (0.85 * r, 0.85 * r))


def drum(b: Builder) -> Mouth:
    """A round bin of sheet or plastic; with a dome and a door, or open."""
    rng = b.rng
    r, h = between(rng, 0.22, 0.36), between(rng, 0.6, 1.05)
    body = coat(rng, any_paint(rng)) if chance(rng, 0.75) else steel(rng)
    foot = r * between(rng, 0.75, 1.0)
    b.tube((0, 0, 0.02), (0, 0, h), (foot, r), body, 28)
    band = coat(rng, any_paint(rng)) if chance(rng, 0.5) else body
    for z in (0.08, *(h * v for v in rng.uniform(0.3, 0.98, int(rng.integers(0, 3))))):
        at = foot + (r - foot) * z / h
        b.tube((0, 0, z), (0, 0, z + 0.04), (1.04 * at, 1.04 * at), band, 28)
    if chance(rng, 0.5):
        tall = r * between(rng, 0.5, 1.1)
        b.blob((0, 0, h), (1.03 * r, 1.03 * r, tall), band, rings=10, sides=24)
        b.box((0.72 * r, 0, h + 0.4 * tall), (0.6 * r, 0.8 * r, 0.35 * tall), dark())
        return Mouth((0.9 * r, 0, h + 0.3 * tall), (0.12, 0.3 * r), open_top=False)
    b.tube((0, 0, h - 0.01), (0, 0, h + 0.004), (0.88 * r,) * 2, dark(), 28)
    return Mouth((0, 0, h), (0.8 * r, 0.8 * r))


def basket(b: Builder) -> Mouth:
    """A basket of wire, on the ground or on a post, mostly with a bag in it."""
    rng = b.rng
    r, h = between(rng, 0.18, 0.32), between(rng, 0.45, 0.85)
    raised = chance(rng, 0.5)
    z0 = between(rng, 0.3, 0.6) if raised else 0.03
    matter = coat(rng, any_paint(rng)) if chance(rng, 0.7) else steel(rng)
    foot = r * between(rng, 0.65, 1.0)
    count = int(rng.integers(16, 30))
    for k in range(count):
        a = 2 * math.pi * k / count
        low = (foot * math.cos(a), foot * math.sin(a), z0)
        high = (r * math.cos(a), r * math.sin(a), z0 + h)
        b.tube(low, high, (0.007, 0.007), matter, sides=4)
    for k in range(6):
        share = k / 5
        _ring(b, z0 + h * share, foot + (r - foot) * share, 0.008, matter)
    if chance(rng, 0.7):
        bag = wrinkled(rng, any_paint(rng))
        b.tube((0, 0, z0 + 0.02), (0, 0, z0 + h), (0.92 * foot, 0.95 * r), bag, 20)
        b.tube((0, 0, z0 + h - 0.12), (0, 0, z0 + h + 0.02), (1.06 * r,) * 2, bag, 20)
        b.tube((0, 0, z0 + h), (0, 0, z0 + h + 0.025), (0.9 * r,) * 2, dark(), 20)
    if raised:
        side = pick(rng, (0.0, -(r + 0.04)))
        top = z0 + h * between(rng, 0.6, 1.5) if side else z0
        b.tube((side, 0, 0), (side, 0, top), (0.03, 0.03), matter, sides=10)
    return Mouth((0, 0, z0 + h), (0.85 * r, 0.85 * r))


def pot(b: Builder) -> Mouth:
    """A heavy pot of concrete with a steel rim."""
    rng = b.rng
    r, h = between(rng, 0.28, 0.42), between(rng, 0.6, 0.95)
    sides = pick(rng, (4, 6, 8, 28))
    b.tube((0, 0, 0), (0, 0, h), (r * between(rng, 0.8, 1), r), stone(rng), sides)
    trim = steel(rng) if chance(rng, 0.5) else coat(rng, any_paint(rng))
    b.tube((0, 0, h), (0, 0, h + 0.05), (0.9 * r, 0.85 * r), trim, sides)
    b.tube((0, 0, h + 0.04), (0, 0, h + 0.055), (0.7 * r,) * 2, dark(), sides)
    if chance(rng, 0.3):
        _roof(b, h, 0.8 * r)
        return Mouth((0, 0, h), (0.6 * r, 0.6 * r), open_top=False)
    return Mouth((0, 0, h + 0.04), (0.7 * r, 0.7 * r))


def station(b: Builder) -> Mouth:
    """A box with a roof and one to four openings, each stream its colour."""
    rng = b.rng
    streams = int(rng.choice([1, 1, 1, 2, 2, 3, 4]))
    w, d, h = between(rng, 0.4, 0.55), between(rng, 0.35, 0.55), between(rng, 0.85, 1.4)
    frame = coat(rng, any_paint(rng)) if chance(rng, 0.6) else steel(rng)
    wide = w * streams
    leg = between(rng, 0.03, 0.2)
    b.box((0, 0, (leg + h) / 2), (d, wide, h - leg), frame)
    for side in (-1, 1):
        b.box((0, side * (wide / 2 - 0.03), leg / 2), (d * 0.8, 0.05, leg), frame)
    over = between(rng, 0.0, 0.1)
    b.box((0, 0, h + 0.03), (d + over, wide + over, 0.06), coat(rng, any_paint(rng)))
    high = between(rng, 0.1, 0.22)
    for k in range(streams):
        y = w * (k - (streams - 1) / 2)
        face = coat(rng, any_paint(rng))
        b.box((d / 2, y, (leg + h) / 2 - 0.1), (0.03, w * 0.86, (h - leg) * 0.66), face)
        b.box((d / 2, y, h - 0.05 - high / 2), (0.03, w * 0.7, high), dark())
        if chance(rng, 0.6):
            mark = surface(any_paint(rng), rough=0.7)
            b.box((d / 2 + 0.02, y, h * 0.5), (0.01, w * 0.35, w * 0.35), mark)
    return Mouth((d / 2, 0, h - 0.05 - high / 2), (0.1, 0.3 * w), open_top=False)


def bag_ring(b: Builder) -> Mouth:
    """A bag hung in a ring on a post."""
    rng = b.rng
    r, z = between(rng, 0.17, 0.25), between(rng, 0.8, 1.1)
    matter = coat(rng, any_paint(rng))
    bag = wrinkled(rng, any_paint(rng))
    b.tube((-r, 0, 0), (-r, 0, z + 0.1), (0.03, 0.03), matter, 10)
    _ring(b, z, r, 0.015, matter)
    long = between(rng, 0.5, 0.75)
    b.blob(
        (0, 0, z - long / 2), (r, r, long / 2), bag, crumple=0.08, rings=12, sides=18
    )
    b.tube((0, 0, z - 0.2), (0, 0, z + 0.02), (0.9 * r, 1.05 * r), bag, 18)
    if chance(rng, 0.4):
        b.tube((0, 0, z + 0.03), (0, 0, z + 0.06), (1.1 * r, 1.05 * r), matter, 18)
    else:
        b.tube((0, 0, z + 0.018), (0, 0, z + 0.025), (0.9 * r,) * 2, dark(), 18)
    return Mouth((0, 0, z), (0.8 * r, 0.8 * r))


#: What makes a bin; the likelier stand here twice.
BINS: tuple[Callable[[Builder], Mouth], ...] = (
    slatted,
    slatted,
    drum,
    drum,
    basket,
    basket,
    pot,
    station,
    station,
    wheeled,
    container,
    bell,
    bag_ring,
    compactor,
)
