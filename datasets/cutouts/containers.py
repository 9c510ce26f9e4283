"""Bins that a lorry empties: of households, of a street, of a recycling point."""

import math

from datasets.cutouts.mouth import Mouth
from datasets.cutouts.paints import any_paint, between, chance, coat, dark
from datasets.street_scene.materials import surface
from datasets.street_scene.shapes import Builder


def wheeled(b: Builder) -> Mouth:
    """A household bin on two wheels, its lid shut, often of another colour."""
    rng = b.rng
    w, d, h = between(rng, 0.45, 0.6), between(rng, 0.5, 0.75), between(rng, 0.85, 1.1)
    colour = any_paint(rng)
    shell = coat(rng, colour)
    lid = coat(rng, any_paint(rng)) if chance(rng, 0.5) else shell
    b.box((0, 0, h / 2), (d, w, h - 0.1), shell, taper=between(rng, 0.7, 0.85))
    b.box((0, 0, h - 0.04), (d + 0.05, w + 0.04, 0.05), shell)
    b.box((0.02, 0, h), (d + 0.07, w + 0.05, 0.05), lid)
    b.box((0.02, 0, h + 0.03), (d * 0.7, w * 0.7, 0.05), lid, taper=1.2)
    b.tube((-d / 2 - 0.04, -w / 3, h), (-d / 2 - 0.04, w / 3, h), (0.02,) * 2, shell, 8)
    for side in (-1, 1):
        hub = (-d / 2 + 0.08, side * w * 0.36, 0.1)
        rim = (hub[0], side * w * 0.48, 0.1)
        b.tube(hub, rim, (0.1, 0.1), dark(), 16)
    if chance(rng, 0.4):
        mark = surface(any_paint(rng), rough=0.7)
        b.box((d * 0.44, 0, h * 0.6), (0.05, w * 0.4, 0.2), mark)
    return Mouth((0, 0, h), (d * 0.4, w * 0.4))


def container(b: Builder) -> Mouth:
    """A container on four wheels, or a skip with ribs and two lids."""
    rng = b.rng
    wide, d, h = between(rng, 1.2, 2.0), between(rng, 0.8, 1.3), between(rng, 1.0, 1.4)
    shell = coat(rng, any_paint(rng))
    lid = coat(rng, any_paint(rng)) if chance(rng, 0.5) else shell
    foot = between(rng, 0.05, 0.2)
    b.box(
        (0, 0, (h + foot) / 2), (d, wide, h - foot), shell, taper=between(rng, 0.75, 1)
    )
    for k in range(int(rng.integers(0, 6))):
        y = wide * (k - 2) / 5
        b.box((d * 0.49, y, (h + foot) / 2), (0.06, 0.06, h - foot - 0.1), shell)
    b.box((0, 0, h), (d + 0.08, wide + 0.08, 0.07), shell)
    if chance(rng, 0.35):
        b.box((0, 0, h + 0.035), (d * 0.9, wide * 0.95, 0.01), dark())
    elif chance(rng, 0.5):
        b.blob((0, 0, h), (d * 0.5, wide * 0.5, between(rng, 0.15, 0.45)), lid)
    else:
        for side in (-1, 1):
            mid = (0.0, side * wide * 0.25, h + 0.06)
            b.box(mid, (d * 1.02, wide * 0.48, 0.06), lid, taper=1.03)
    for x in (-0.38, 0.38):
        for y in (-0.42, 0.42):
            at = (x * d, y * wide - 0.03, foot / 2 + 0.02)
            b.tube(at, (at[0], at[1] + 0.06, at[2]), (foot / 2 + 0.02,) * 2, dark(), 14)
    return Mouth((0, 0, h), (d * 0.42, wide * 0.42))


def bell(b: Builder) -> Mouth:
    """A recycling bell or column with round holes."""
    rng = b.rng
    r, h = between(rng, 0.5, 0.75), between(rng, 1.2, 1.8)
    shell = coat(rng, any_paint(rng))
    body = h * between(rng, 0.45, 0.7)
    b.tube((0, 0, 0), (0, 0, body), (r * between(rng, 0.85, 1), r), shell, 28)
    b.blob((0, 0, body), (r, r, h - body), shell, rings=12, sides=28)
    for side in (-0.5, 0.0, 0.5):
        x, y = r * math.cos(side), r * math.sin(side)
        inner = (0.75 * x, 0.75 * y, body + 0.1)
        b.tube(inner, (1.02 * x, 1.02 * y, body), (0.09, 0.09), dark(), 14)
    mark = surface(any_paint(rng), rough=0.6)
    b.box((r * 0.99, 0, body * 0.5), (0.04, r * 0.7, body * 0.5), mark)
    return Mouth((r, 0, body), (0.1, 0.1), open_top=False)


def compactor(b: Builder) -> Mouth:
    """A tall box whose hopper has a handle, as solar compactors."""
    rng = b.rng
    w, d, h = between(rng, 0.55, 0.7), between(rng, 0.6, 0.75), between(rng, 1.15, 1.4)
    shell, face = coat(rng, any_paint(rng)), coat(rng, any_paint(rng))
    b.box((0, 0, h / 2), (d, w, h), shell)
    b.box((d / 2, 0, h * 0.42), (0.03, w * 0.88, h * 0.7), face)
    b.box((d / 2 + 0.03, 0, h * 0.86), (0.08, w * 0.8, h * 0.16), shell, taper=0.9)
    b.box((d / 2 + 0.08, 0, h * 0.82), (0.04, w * 0.5, 0.03), dark())
    b.box((0, 0, h + 0.02), (d * 0.96, w * 0.96, 0.05), dark(), taper=1.1)
    return Mouth((d / 2, 0, h * 0.9), (0.1, 0.3 * w), open_top=False)
