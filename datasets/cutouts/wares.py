"""What people set down in a street and mean to keep: luggage, wares, chairs."""

from datasets.cutouts.paints import DARK, any_paint, between, chance, coat, steel, wood
from datasets.street_scene.materials import surface
from datasets.street_scene.shapes import Builder


def luggage(b: Builder) -> None:
    """Add one to three suitcases."""
    rng = b.rng
    for k in range(int(rng.integers(1, 4))):
        shell = coat(rng, any_paint(rng))
        w, d, h = (
            between(rng, 0.35, 0.55),
            between(rng, 0.2, 0.3),
            between(rng, 0.4, 0.75),
        )
        y, turn = 0.6 * k, between(rng, -0.8, 0.8)
        b.box((0, y, 0.05 + h / 2), (d, w, h), shell, turn)
        for side in (-0.15, 0.15):
            up = (0.0, y + side, h + between(rng, 0.05, 0.5))
            b.tube((0, y + side, h), up, (0.012, 0.012), surface(DARK), 6)


def rucksack(b: Builder) -> None:
    """Add a rucksack."""
    cloth = surface(any_paint(b.rng), rough=0.9)
    b.blob((0, 0, 0.25), (0.16, 0.18, 0.26), cloth, crumple=0.05, rings=12, sides=16)
    b.blob((0.13, 0, 0.18), (0.08, 0.13, 0.12), cloth, rings=10)
    b.tube((-0.1, 0, 0.48), (-0.02, 0, 0.55), (0.015, 0.015), cloth, 6)


def goods(b: Builder) -> None:
    """Add crates of fruit and stacked wares, as before a shop: in rows, not heaped."""
    rng = b.rng
    crate = wood(rng) if chance(rng, 0.5) else coat(rng, any_paint(rng))
    rows, high = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    for row in range(rows):
        y = 0.48 * row
        for level in range(high):
            b.box((0, y, 0.12 + 0.25 * level), (0.34, 0.46, 0.22), crate)
        fruit = surface(any_paint(rng), rough=0.5)
        top = 0.25 * high + 0.02
        for _ in range(int(rng.integers(10, 24))):
            at = (between(rng, -0.14, 0.14), y + between(rng, -0.2, 0.2), top)
            b.blob(at, (0.045,) * 3, fruit, rings=6, sides=8)


def seat(b: Builder) -> None:
    """Add a stool or a chair."""
    rng = b.rng
    matter = coat(rng, any_paint(rng))
    h = between(rng, 0.25, 0.48)
    b.box((0, 0, h), (0.4, 0.4, 0.04), matter)
    for x in (-0.17, 0.17):
        for y in (-0.17, 0.17):
            b.tube((1.15 * x, 1.15 * y, 0), (x, y, h), (0.02, 0.02), matter, 6)
    if chance(rng, 0.6):
        b.box((-0.2, 0, h + 0.22), (0.04, 0.4, 0.4), matter)


def cylinders(b: Builder) -> None:
    """Add gas bottles, water barrels or the drums of road works."""
    rng = b.rng
    r, h = between(rng, 0.12, 0.3), between(rng, 0.5, 1.1)
    for k in range(int(rng.integers(1, 3))):
        y, shell = 2.3 * r * k, coat(rng, any_paint(rng))
        b.tube((0, y, 0), (0, y, h), (r, r), shell, 24)
        b.blob((0, y, h), (r, r, 0.4 * r), shell)
        band = surface((0.85, 0.85, 0.8))
        for z in (0.35, 0.65) if chance(rng, 0.5) else ():
            b.tube((0, y, z * h), (0, y, (z + 0.12) * h), (1.02 * r,) * 2, band, 24)


def cooler(b: Builder) -> None:
    """Add the outer part of an air conditioner."""
    rng = b.rng
    shell = surface((between(rng, 0.5, 0.8),) * 3, rough=0.5)
    b.box((0, 0, 0.35), (0.32, 0.85, 0.6), shell)
    b.tube((0.15, -0.1, 0.36), (0.17, -0.1, 0.36), (0.24, 0.24), surface(DARK), 24)
    for k in range(5):
        z = 0.2 + 0.08 * k
        b.box((0.18, -0.1, z), (0.01, 0.48, 0.01), steel(rng))
