"""What stands in streets and is no refuse: what a camera takes for a bin or a heap."""

import math
from collections.abc import Callable

from datasets.cutouts.paints import (
    DARK,
    any_matter,
    any_paint,
    between,
    chance,
    coat,
    pick,
    stone,
    wood,
)
from datasets.cutouts.wares import (
    cooler,
    cylinders,
    goods,
    luggage,
    rucksack,
    seat,
)
from datasets.street_scene.materials import speckled, surface
from datasets.street_scene.shapes import Builder


def _post_box(b: Builder) -> None:
    rng = b.rng
    shell = coat(rng, any_paint(rng))
    w, h = between(rng, 0.4, 0.6), between(rng, 0.8, 1.4)
    if chance(rng, 0.5):
        b.tube((0, 0, 0), (0, 0, h), (w / 2, w / 2), shell, 28)
        b.blob((0, 0, h), (w / 2, w / 2, 0.15), shell)
    else:
        for x in (-0.4, 0.4):
            b.box((x * w, 0, 0.1), (0.06, w, 0.2), shell)
        b.box((0, 0, 0.2 + h / 2), (w, w, h), shell)
        b.tube((0, -w / 2, h + 0.2), (0, w / 2, h + 0.2), (w / 2, w / 2), shell, 24)
    b.box((w / 2, 0, h), (0.03, w * 0.5, 0.04), surface(DARK))


def _news_box(b: Builder) -> None:
    rng = b.rng
    for k in range(int(rng.integers(1, 4))):
        shell, y = coat(rng, any_paint(rng)), 0.55 * k
        b.box((0, y, 0.7), (0.4, 0.48, 0.7), shell)
        b.box((0, y, 0.17), (0.1, 0.1, 0.35), shell)
        b.box((0, y, 0.02), (0.4, 0.45, 0.04), shell)
        b.box((0.2, y, 0.82), (0.03, 0.36, 0.32), surface((0.1, 0.12, 0.14), rough=0.1))
        b.box((0.22, y, 0.8), (0.01, 0.3, 0.25), surface(any_paint(rng)))


def _hydrant(b: Builder) -> None:
    shell = coat(b.rng, any_paint(b.rng))
    h = between(b.rng, 0.5, 0.8)
    b.tube((0, 0, 0), (0, 0, 0.06), (0.17, 0.17), shell, 18)
    b.tube((0, 0, 0), (0, 0, h), (0.12, 0.11), shell, 18)
    b.blob((0, 0, h), (0.14, 0.14, 0.13), shell)
    for a in (0.0, math.pi / 2, math.pi, -math.pi / 2):
        tip = (0.2 * math.cos(a), 0.2 * math.sin(a), 0.65 * h)
        b.tube((0, 0, 0.65 * h), tip, (0.06, 0.07), shell, 12)


def _planter(b: Builder) -> None:
    rng = b.rng
    matter = any_matter(rng)
    w, h = between(rng, 0.4, 1.2), between(rng, 0.3, 0.8)
    if chance(rng, 0.5):
        b.tube((0, 0, 0), (0, 0, h), (0.35 * w, 0.5 * w), matter, 24)
        wide = w
    else:
        wide = w * between(rng, 1.0, 2.0)
        b.box((0, 0, h / 2), (w, wide, h), matter, taper=between(rng, 0.8, 1.0))
    b.box((0, 0, h), (0.6 * w, 0.7 * wide, 0.02), surface((0.03, 0.02, 0.01)))
    leaf = between(rng, 0.05, 0.2)
    green = speckled((0.01, leaf / 3, 0.01), (0.05, leaf, 0.03), scale=25)
    for _ in range(int(rng.integers(3, 14))):
        r = between(rng, 0.1, 0.3)
        at = (
            between(rng, -0.3, 0.3) * w,
            between(rng, -0.4, 0.4) * wide,
            h + between(rng, 0.0, 0.5),
        )
        b.blob(at, (r, r, r), green, crumple=0.3, rings=9, sides=12)
        if chance(rng, 0.4):
            b.blob(
                (at[0], at[1], at[2] + r), (0.05,) * 3, surface(any_paint(rng)), rings=5
            )


def _cabinet(b: Builder) -> None:
    rng = b.rng
    shell = coat(rng, any_paint(rng))
    w, d, h = between(rng, 0.5, 1.6), between(rng, 0.3, 0.7), between(rng, 0.8, 1.8)
    b.box((0, 0, 0.05), (d * 1.05, w * 1.03, 0.1), stone(rng))
    b.box((0, 0, 0.1 + h / 2), (d, w, h), shell)
    b.box((0, 0, 0.12 + h), (d * 1.08, w * 1.04, 0.05), shell)
    seam = surface(DARK)
    b.box((d / 2, 0, 0.1 + h / 2), (0.01, 0.015, h * 0.9), seam)
    for k in range(int(rng.integers(0, 6))):
        b.box((d / 2, w * 0.25, 0.3 + 0.05 * k), (0.012, w * 0.3, 0.02), seam)
    if chance(rng, 0.4):
        note = surface(any_paint(rng))
        b.box((d / 2, -w * 0.2, h * 0.7), (0.014, 0.2, 0.28), note)


def _bollards(b: Builder) -> None:
    rng = b.rng
    matter = stone(rng) if chance(rng, 0.4) else coat(rng, any_paint(rng))
    r, h = between(rng, 0.06, 0.2), between(rng, 0.5, 1.1)
    for k in range(int(rng.integers(1, 4))):
        y = 1.2 * k
        b.tube((0, y, 0), (0, y, h), (r, 0.9 * r), matter, 20)
        b.blob((0, y, h), (0.92 * r, 0.92 * r, 0.5 * r), matter)
        if chance(rng, 0.5):
            band = surface((0.8, 0.8, 0.75))
            b.tube((0, y, 0.75 * h), (0, y, 0.85 * h), (1.02 * r,) * 2, band, 20)


def _cones(b: Builder) -> None:
    rng = b.rng
    red, white = surface((0.8, 0.12, 0.02)), surface((0.85, 0.85, 0.8))
    for k in range(int(rng.integers(1, 4))):
        y, h = 0.9 * k, between(rng, 0.45, 0.9)
        b.box((0, y, 0.02), (0.36, 0.36, 0.04), red)
        b.tube((0, y, 0), (0, y, h), (0.14, 0.025), red, 18)
        b.tube((0, y, 0.5 * h), (0, y, 0.7 * h), (0.09, 0.065), white, 18)


def _barrier(b: Builder) -> None:
    rng = b.rng
    if chance(rng, 0.5):
        matter = stone(rng) if chance(rng, 0.4) else coat(rng, any_paint(rng))
        b.box((0, 0, 0.4), (0.25, 1.6, 0.8), matter, taper=2.0)
        return
    matter = coat(rng, any_paint(rng))
    for z in (0.3, 0.95):
        b.tube((0, -0.9, z), (0, 0.9, z), (0.025, 0.025), matter, 8)
    for y in (-0.9, 0.9):
        b.tube((0, y, 0), (0, y, 0.95), (0.025, 0.025), matter, 8)
    for k in range(13):
        y = 0.15 * (k - 6)
        b.tube((0, y, 0.3), (0, y, 0.95), (0.012, 0.012), matter, 6)


def _meter(b: Builder) -> None:
    rng = b.rng
    shell = coat(rng, any_paint(rng))
    h = between(rng, 1.0, 1.5)
    b.tube((0, 0, 0), (0, 0, h), (0.035, 0.035), shell, 10)
    w = between(rng, 0.15, 0.4)
    b.box((0, 0, h + w / 2), (0.15, w, 1.3 * w), shell)
    b.box((0.08, 0, h + 0.7 * w), (0.02, 0.7 * w, 0.4 * w), surface(DARK, rough=0.1))


def _signal(b: Builder) -> None:
    """Add a pole with the box of a signal, a button or a fuse."""
    rng = b.rng
    h = between(rng, 2.2, 3.0)
    b.tube((0, 0, 0), (0, 0, h), (0.05, 0.05), coat(rng, any_paint(rng)), 12)
    shell = coat(rng, (0.015, 0.015, 0.015) if chance(rng, 0.5) else any_paint(rng))
    z, tall = h - between(rng, 0.0, 1.2), between(rng, 0.3, 0.7)
    b.box((0.12, 0, z), (0.16, 0.26, tall), shell)
    for k in range(int(rng.integers(0, 3))):
        glow = pick(rng, ((0.9, 0.05, 0.02), (0.05, 0.8, 0.3), (0.02, 0.02, 0.02)))
        at = (0.2, 0.0, z + tall * (0.25 - 0.5 * k))
        b.tube(at, (at[0] + 0.03, 0, at[2]), (0.09, 0.09), surface(glow, glow=1.0), 16)


def _bench(b: Builder) -> None:
    rng = b.rng
    plank, leg = wood(rng), coat(rng, any_paint(rng))
    for k in range(4):
        b.box((0.12 * k - 0.2, 0, 0.45), (0.09, 1.6, 0.04), plank)
    if chance(rng, 0.7):
        for k in range(3):
            b.box((-0.28, 0, 0.6 + 0.12 * k), (0.04, 1.6, 0.09), plank)
    for y in (-0.65, 0.65):
        b.box((-0.05, y, 0.22), (0.45, 0.06, 0.44), leg)


def _sign(b: Builder) -> None:
    rng = b.rng
    face = surface(any_paint(rng), rough=0.6)
    w, h = between(rng, 0.5, 0.8), between(rng, 0.7, 1.1)
    b.box((0.12, 0, h / 2), (0.04, w, h), wood(rng))
    b.box((-0.12, 0, h / 2), (0.04, w, h), wood(rng))
    b.box((0.15, 0, h / 2), (0.01, 0.85 * w, 0.85 * h), face)
    ink = surface(any_paint(rng))
    for k in range(4):
        line = w * between(rng, 0.3, 0.7)
        b.box((0.157, 0, h * (0.75 - 0.15 * k)), (0.005, line, 0.04), ink)


def _rocks(b: Builder) -> None:
    rng = b.rng
    matter = stone(rng)
    for k in range(int(rng.integers(1, 4))):
        r = between(rng, 0.2, 0.5)
        at = (between(rng, -0.2, 0.2), 0.7 * k, 0.6 * r)
        b.blob(at, (r, r, 0.8 * r), matter, crumple=0.12, rings=9, sides=12)


def _shrub(b: Builder) -> None:
    rng = b.rng
    leaf = between(rng, 0.05, 0.25)
    green = speckled((0.01, leaf / 3, 0.01), (leaf / 3, leaf, 0.03), scale=30)
    for _ in range(int(rng.integers(3, 16))):
        r = between(rng, 0.12, 0.35)
        at = (between(rng, -0.3, 0.3), between(rng, -0.6, 0.6), between(rng, 0.1, 0.6))
        b.blob(at, (r, r, r), green, crumple=0.35, rings=10, sides=14)


def _kiosk(b: Builder) -> None:
    rng = b.rng
    shell = coat(rng, any_paint(rng))
    w, h = between(rng, 0.4, 0.9), between(rng, 1.4, 2.2)
    b.box((0, 0, h / 2), (0.4, w, h), shell)
    b.box(
        (0.2, 0, h * 0.65),
        (0.02, w * 0.7, h * 0.3),
        surface((0.05, 0.1, 0.15), rough=0.1),
    )
    b.box((0.21, 0, h * 0.35), (0.02, w * 0.3, 0.15), surface(DARK))


#: What makes a thing that is none of our classes.
FURNITURE: tuple[Callable[[Builder], None], ...] = (
    _post_box,
    _news_box,
    _hydrant,
    _planter,
    _planter,
    _cabinet,
    _cabinet,
    _bollards,
    luggage,
    rucksack,
    _cones,
    _barrier,
    _meter,
    _signal,
    _bench,
    goods,
    goods,
    _sign,
    seat,
    cylinders,
    cooler,
    _rocks,
    _shrub,
    _kiosk,
)
