"""What was taken for a bin or a heap in streets of other places, and is none."""

from datasets.cutouts.paints import (
    DARK,
    any_matter,
    any_paint,
    between,
    chance,
    coat,
    pick,
    steel,
    stone,
    wood,
)
from datasets.street_scene.materials import speckled, surface
from datasets.street_scene.shapes import Builder


def phone_box(b: Builder) -> None:
    """Add one or two glazed telephone boxes or bus shelters' panes."""
    rng = b.rng
    shell = coat(rng, any_paint(rng))
    pane = surface((0.06, 0.09, 0.1), rough=0.1)
    w, h = between(rng, 0.8, 1.1), between(rng, 2.1, 2.5)
    rows = int(rng.integers(1, 8))
    for k in range(int(rng.integers(1, 3))):
        y = 1.15 * w * k
        b.box((0, y, h / 2), (0.9 * w, 0.9 * w, h), pane)
        for dx in (-0.45, 0.45):
            for dy in (-0.45, 0.45):
                b.box((dx * w, y + dy * w, h / 2), (0.1, 0.1, h), shell)
        b.box((0, y, h - 0.15), (w, w, 0.3), shell)
        b.box((0, y, 0.12), (w, w, 0.24), shell)
        for row in range(rows):
            z = 0.3 + (h - 0.7) * (row + 1) / (rows + 1)
            b.box((0, y, z), (0.93 * w, 0.93 * w, 0.04), shell)
        if chance(rng, 0.5):
            b.blob((0, y, h), (0.5 * w, 0.5 * w, 0.12), shell)


def pillar_box(b: Builder) -> None:
    """Add a letter box: a column with a cap, a slot and a plinth."""
    rng = b.rng
    shell, plinth = coat(rng, any_paint(rng)), surface(DARK, rough=0.6)
    h, r = between(rng, 1.1, 1.7), between(rng, 0.2, 0.3)
    for k in range(1 if chance(rng, 0.7) else 2):
        y = 2 * r * k
        b.tube((0, y, 0), (0, y, 0.15), (1.05 * r, 1.05 * r), plinth, 28)
        b.tube((0, y, 0.15), (0, y, h - 0.2), (r, r), shell, 28)
        b.tube((0, y, h - 0.2), (0, y, h - 0.1), (1.12 * r, 1.18 * r), shell, 28)
        b.blob((0, y, h - 0.1), (1.12 * r, 1.12 * r, 0.12), shell)
        b.box((r, y, h - 0.32), (0.04, r, 0.05), plinth)
        note = surface((0.8, 0.8, 0.75))
        b.box((0.97 * r, y, h - 0.55), (0.06, 0.5 * r, 0.16), note)


def trolley_case(b: Builder) -> None:
    """Add a case on wheels with its handle drawn out, upright or tilted."""
    rng = b.rng
    shell = coat(rng, any_paint(rng))
    grey = surface(DARK, rough=0.5)
    w, d, h = between(rng, 0.36, 0.55), between(rng, 0.2, 0.32), between(rng, 0.45, 0.8)
    lean = between(rng, 0.0, 0.35) if chance(rng, 0.5) else 0.0
    parts = 5
    for k in range(parts):  # a tilted box, in slices
        z = 0.06 + h * (k + 0.5) / parts
        b.box((-lean * z, 0, z), (d, w, 1.02 * h / parts), shell)
        b.box((-lean * z + d / 2, 0, z), (0.02, 0.75 * w, 0.015), grey)
    top = h + 0.06
    grip = top + between(rng, 0.05, 0.5)
    for y in (-0.12, 0.12):
        b.tube((-lean * top, y, top), (-lean * grip, y, grip), (0.012, 0.012), grey, 6)
        b.tube((-0.06, 2 * y, 0.04), (0.06, 2 * y, 0.04), (0.04, 0.04), grey, 10)
    b.tube(
        (-lean * grip, -0.13, grip), (-lean * grip, 0.13, grip), (0.02, 0.02), grey, 8
    )


def hand_bags(b: Builder) -> None:
    """Add shopping bags or hand bags that someone set down."""
    rng = b.rng
    for k in range(int(rng.integers(1, 4))):
        cloth = surface(any_paint(rng), rough=0.7)
        y, w, h = 0.4 * k, between(rng, 0.25, 0.42), between(rng, 0.25, 0.45)
        b.box((0, y, h / 2), (between(rng, 0.08, 0.2), w, h), cloth, taper=0.85)
        for side in (-0.25, 0.25):
            strap = (0.0, y + side * w * 0.3, h + 0.16)
            b.tube((0, y + side * w, h), strap, (0.01, 0.01), cloth, 6)


def pot(b: Builder) -> None:
    """Add square or round pots that are narrow at the foot, planted or bare."""
    rng = b.rng
    matter = any_matter(rng)
    w, h = between(rng, 0.35, 0.9), between(rng, 0.4, 0.95)
    foot = between(rng, 0.55, 0.95)
    earth = surface((0.03, 0.02, 0.01), rough=0.95)
    leaf = between(rng, 0.04, 0.2)
    green = speckled((0.01, leaf / 3, 0.01), (0.04, leaf, 0.03), scale=25)
    round_one = chance(rng, 0.4)
    for k in range(int(rng.integers(1, 4))):
        y = 1.25 * w * k
        if round_one:
            b.tube((0, y, 0), (0, y, h), (0.5 * foot * w, 0.5 * w), matter, 28)
            b.tube((0, y, h), (0, y, h + 0.01), (0.44 * w, 0.44 * w), earth, 28)
        else:
            b.box((0, y, h / 2), (w, w, h), matter, taper=foot)
            b.box((0, y, h), (0.86 * w, 0.86 * w, 0.02), earth)
        for _ in range(int(rng.integers(0, 7))):
            r = between(rng, 0.05, 0.45 * w)
            at = (between(rng, -0.2, 0.2) * w, y + between(rng, -0.2, 0.2) * w, h + r)
            b.blob(at, (r, r, 1.4 * r), green, crumple=0.35, rings=8, sides=12)
        if chance(rng, 0.3):
            tip = (between(rng, -0.2, 0.2), y, h + between(rng, 0.4, 1.4))
            b.tube((0, y, h), tip, (0.03, 0.01), wood(rng), 8)


def cups(b: Builder) -> None:
    """Add glasses, cups or cans that stand in use, seen from near by."""
    rng = b.rng
    for k in range(int(rng.integers(1, 5))):
        side = surface(any_paint(rng), rough=between(rng, 0.05, 0.6))
        y, r, h = 0.11 * k, between(rng, 0.03, 0.045), between(rng, 0.08, 0.18)
        x = between(rng, -0.05, 0.05)
        b.tube((x, y, 0), (x, y, h), (r * between(rng, 0.6, 1.0), r), side, 24)
        rim = surface((0.85, 0.85, 0.8), rough=0.2)
        b.tube((x, y, h), (x, y, 1.03 * h), (1.05 * r, 1.05 * r), rim, 24)
        if chance(rng, 0.4):
            b.tube((x, y, h), (x, y + 0.02, 1.5 * h), (0.004, 0.004), rim, 6)


def niche(b: Builder) -> None:
    """Add a piece of wall with a dark door, window or hatch in it."""
    rng = b.rng
    wall = any_matter(rng)
    w, h, sill = between(rng, 0.6, 1.3), between(rng, 0.7, 2.1), between(rng, 0.0, 0.8)
    side = between(rng, 0.15, 0.6)
    b.box((-0.1, 0, (sill + h) / 2), (0.05, w, sill + h), surface(DARK, rough=0.9))
    for k in (-1, 1):
        y = k * (w + side) / 2
        b.box((0, y, (sill + h + 0.3) / 2), (0.25, side, sill + h + 0.3), wall)
    b.box((0, 0, sill + h + 0.15), (0.25, w, 0.3), wall)
    if sill:
        b.box((0, 0, sill / 2), (0.25, w, sill), wall)
    if chance(rng, 0.4):
        for k in range(4):
            bar = (k - 1.5) * w / 4
            b.tube((0, bar, sill), (0, bar, sill + h), (0.015, 0.015), steel(rng), 6)


def plate(b: Builder) -> None:
    """Add a traffic sign: a triangle, a disc or a board on its post."""
    rng = b.rng
    h, r = between(rng, 1.8, 2.6), between(rng, 0.25, 0.45)
    b.tube((-0.04, 0, 0), (-0.04, 0, h + r), (0.03, 0.03), steel(rng), 10)
    rim, face = surface(any_paint(rng), rough=0.4), surface(any_paint(rng), rough=0.4)
    sides = pick(rng, (3, 4, 8, 28))
    b.tube((0, 0, h), (0.02, 0, h), (r, r), rim, sides)
    b.tube((0.02, 0, h), (0.03, 0, h), (0.8 * r, 0.8 * r), face, sides)
    ink = surface(any_paint(rng))
    b.box((0.035, 0, h), (0.01, 0.7 * r, 0.2 * r), ink)


def machine(b: Builder) -> None:
    """Add a vending, ticket or charging machine with screen, slots and a notice."""
    rng = b.rng
    shell = coat(rng, any_paint(rng))
    w, d, h = between(rng, 0.4, 1.1), between(rng, 0.3, 0.8), between(rng, 1.1, 2.0)
    b.box((0, 0, h / 2), (d, w, h), shell)
    front = d / 2
    glass = surface((0.04, 0.07, 0.1), rough=0.08)
    b.box((front, 0, 0.68 * h), (0.02, 0.75 * w, 0.45 * h), glass)
    for _ in range(int(rng.integers(2, 9))):
        at = (front + 0.012, between(rng, -0.3, 0.3) * w, between(rng, 0.15, 0.9) * h)
        size = (0.01, between(rng, 0.05, 0.25) * w, between(rng, 0.02, 0.1) * h)
        b.box(at, size, surface(any_paint(rng), rough=0.4))
    b.box((front, 0, 0.2 * h), (0.03, 0.5 * w, 0.1 * h), surface(DARK))


def pier(b: Builder) -> None:
    """Add a gate post, a pedestal or the stump of a column, with its cap."""
    rng = b.rng
    matter = stone(rng)
    w, h = between(rng, 0.3, 0.6), between(rng, 0.6, 1.6)
    if chance(rng, 0.6):
        b.box((0, 0, h / 2), (w, w, h), matter, taper=between(rng, 1.0, 1.15))
        b.box((0, 0, h), (1.2 * w, 1.2 * w, 0.1), matter)
    else:
        b.tube((0, 0, 0), (0, 0, h), (0.55 * w, 0.5 * w), matter, 24)
        b.tube((0, 0, h), (0, 0, h + 0.1), (0.65 * w, 0.65 * w), matter, 24)
    if chance(rng, 0.4):
        b.blob((0, 0, h + 0.2), (0.3 * w,) * 3, matter)


def tubs(b: Builder) -> None:
    """Add buckets, tubs, jerry cans and laundry baskets in use."""
    rng = b.rng
    for k in range(int(rng.integers(1, 4))):
        shell, y = coat(rng, any_paint(rng)), 0.5 * k
        r, h = between(rng, 0.13, 0.26), between(rng, 0.2, 0.45)
        if chance(rng, 0.5):
            b.tube((0, y, 0), (0, y, h), (0.75 * r, r), shell, 24)
            b.tube((0, y, 0.96 * h), (0, y, h), (1.06 * r, 1.06 * r), shell, 24)
            if chance(rng, 0.6):
                inside = surface(any_paint(rng), rough=0.3)
                b.tube((0, y, h), (0, y, 1.01 * h), (0.9 * r, 0.9 * r), inside, 24)
        else:
            b.box((0, y, h / 2), (1.3 * r, 1.8 * r, h), shell, taper=0.85)
            b.box((0, y, h), (1.4 * r, 1.9 * r, 0.03), shell)


#: What makes a thing that is easily taken for a bin or a heap.
LOOKALIKES = (
    phone_box,
    phone_box,
    pillar_box,
    pillar_box,
    trolley_case,
    trolley_case,
    hand_bags,
    pot,
    pot,
    cups,
    niche,
    plate,
    machine,
    machine,
    pier,
    tubs,
)
