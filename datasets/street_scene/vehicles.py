"""Cars, vans, buses, trucks and two-wheelers, facing +x, on the ground."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math

from datasets.street_scene.blender import Material, Object
from datasets.street_scene.bodies import CARS, Station
from datasets.street_scene.materials import glass, paint, surface
from datasets.street_scene.schema import Colour
from datasets.street_scene.shapes import Builder, Vec3

LENGTHS_M = {
    "sedan": 4.56,
    "suv": 4.53,
    "van": 4.6,
    "truck": 6.6,
    "bus": 10.6,
    "motorcycle": 1.8,
    "bicycle": 1.75,
}


def _ring(s: Station) -> list[Vec3]:
    """Return one cross-section, 16 points, counter-clockwise from below."""
    x, w, foot, belt, top, tw = s
    mid = foot + 0.55 * (belt - foot)
    half = [
        (0.4 * w, foot),
        (0.93 * w, foot + 0.02),
        (w, foot + 0.14),
        (1.0 * w, mid),
        (0.965 * w, belt),
        (tw, top - 0.05),
        (0.86 * tw, top - 0.005),
        (0.3 * tw, top + 0.02),
    ]
    left = [(x, y, z) for y, z in half]
    return left + [(x, -y, z) for y, z in reversed(half)]


def _wheels(b: Builder, radius: float, at_x: tuple[float, ...], half: float) -> None:
    tyre = surface((0.012, 0.012, 0.013), rough=0.85)
    rim = surface((0.55, 0.56, 0.58), rough=0.3, metal=0.9)
    hole = surface((0.004, 0.004, 0.004), rough=1.0)
    for x in at_x:
        for side in (-1, 1):
            out = side * half
            arch = (
                (x, out - side * 0.3, radius + 0.03),
                (x, out + side * 0.006, radius + 0.03),
            )
            b.tube(*arch, (radius * 1.17,) * 2, hole, sides=20)
            b.tube(
                (x, out - side * 0.22, radius),
                (x, out + side * 0.012, radius),
                (radius,) * 2,
                tyre,
                sides=20,
            )
            b.tube(
                (x, out, radius),
                (x, out + side * 0.022, radius),
                (radius * 0.62, radius * 0.5),
                rim,
                sides=10,
            )


def _lamps(b: Builder, x: float, y: float, z: float, *, lit: bool) -> None:
    """Add head lamps, rear lamps and number plates."""
    white = surface((0.9, 0.9, 0.85), rough=0.1, glow=25.0 if lit else 0.3)
    red = surface((0.55, 0.01, 0.01), rough=0.2, glow=4.0 if lit else 0.15)
    plate = surface((0.02, 0.08, 0.5), rough=0.5)
    for side in (-1, 1):
        b.blob((x - 0.11, side * y, z), (0.12, 0.17, 0.075), white)
        b.blob((-x + 0.10, side * y, z + 0.14), (0.12, 0.16, 0.09), red)
    b.box((x + 0.015, 0, z - 0.22), (0.02, 0.44, 0.14), plate)
    b.box((-x - 0.01, 0, z - 0.02), (0.02, 0.44, 0.14), plate)


def _car(kind: str, colour: Colour, *, lit: bool) -> list[Object]:
    stations, radius, axle = CARS[kind]
    body, pane = paint(colour), glass()
    black = surface((0.02, 0.02, 0.02), rough=0.7)
    b = Builder()
    front, rear = _glazed(stations)

    def material_of(r: int, k: int) -> Material:
        side = k in (4, 10)
        roof = k in (5, 6, 7, 8, 9)
        if side and front <= r < rear:
            return body if stations[r][0] - stations[r + 1][0] < 0.2 else pane
        if roof and r in (front, rear - 1):
            return pane
        return black if k in (15, 0) else body

    b.loft([_ring(s) for s in stations], material_of)
    shell = b.build(kind, subdivide=1, smooth_deg=180.0)
    d = Builder()
    _wheels(d, radius, (axle, -axle + 0.02), stations[5][1])
    belt = stations[2][3]
    _lamps(d, stations[0][0] - 0.03, 0.58, belt - 0.16, lit=lit)
    for side in (-1, 1):
        d.blob(
            (stations[3][0] - 0.12, side * (stations[3][1] + 0.03), belt + 0.1),
            (0.06, 0.09, 0.055),
            body,
        )
        for x in (0.05, -0.75):
            d.box(
                (x, side * (stations[4][1] - 0.012), belt - 0.02),
                (0.16, 0.04, 0.025),
                black,
            )
    d.box((stations[0][0] - 0.03, 0, belt - 0.25), (0.04, 0.9, 0.13), black)
    parts = d.build(f"{kind}_parts", bevel_m=0.0)
    parts.parent = shell
    return [shell, parts]


def _glazed(stations: tuple[Station, ...]) -> tuple[int, int]:
    """Return the first and one past the last station pair that hold windows."""
    high = [s[4] - s[3] > 0.3 for s in stations]
    first = high.index(True)
    last = len(high) - 1 - high[::-1].index(True)
    return first - 1, last + 1


def _bus(colour: Colour, *, lit: bool) -> list[Object]:
    body, pane = paint(colour), glass()
    white = surface((0.75, 0.75, 0.72), rough=0.5)
    b = Builder()
    b.box((0, 0, 1.65), (10.5, 2.5, 2.75), body)
    b.box((0, 0, 3.06), (9.6, 2.1, 0.18), white)
    shell = b.build("bus", bevel_m=0.16)
    d = Builder()
    for k in range(6):
        for side in (-1, 1):
            d.box((-4.1 + 1.55 * k, side * 1.25, 2.1), (1.38, 0.03, 1.0), pane)
    d.box((5.25, 0, 2.0), (0.04, 2.2, 1.45), pane)
    d.box((-5.25, 0, 2.2), (0.04, 2.0, 0.9), pane)
    for x in (4.2, -0.6):
        d.box((x, -1.252, 1.5), (1.1, 0.03, 2.1), pane)
    d.box((0, 0, 0.85), (10.3, 2.53, 0.18), white)
    _wheels(d, 0.48, (3.3, -3.2), 1.25)
    _lamps(d, 5.24, 0.95, 0.9, lit=lit)
    parts = d.build("bus_parts")
    parts.parent = shell
    return [shell, parts]


def _truck(colour: Colour, *, lit: bool) -> list[Object]:
    body, pane = paint(colour), glass()
    dark = surface((0.03, 0.03, 0.035), rough=0.7)
    cargo = surface((0.7, 0.72, 0.74), rough=0.5)
    b = Builder()
    b.box((2.45, 0, 1.35), (1.6, 2.0, 1.6), body)
    b.box((-0.85, 0, 1.85), (4.8, 2.15, 2.1), cargo)
    b.box((0, 0, 0.62), (6.3, 1.4, 0.25), dark)
    shell = b.build("truck", bevel_m=0.06)
    d = Builder()
    d.box((3.25, 0, 1.68), (0.05, 1.75, 0.72), pane)
    for side in (-1, 1):
        d.box((2.55, side * 1.0, 1.68), (0.95, 0.03, 0.62), pane)
        d.tube((3.2, side * 1.15, 1.4), (3.2, side * 1.15, 1.9), (0.07, 0.07), dark)
        d.box((-0.85, side * 1.08, 0.85), (4.7, 0.02, 0.06), surface((0.6, 0.05, 0.03)))
    _wheels(d, 0.42, (2.3, -1.9), 1.04)
    _lamps(d, 3.26, 0.78, 0.85, lit=lit)
    parts = d.build("truck_parts")
    parts.parent = shell
    return [shell, parts]


def _wheel_ring(b: Builder, x: float, r: float, thick: float, m: Material) -> None:
    """Add a thin wheel as a chain of tubes in the x–z plane."""
    n = 16
    ring = [
        (
            x + r * math.cos(2 * math.pi * k / n),
            0.0,
            r + thick + r * math.sin(2 * math.pi * k / n),
        )
        for k in range(n)
    ]
    for k in range(n):
        b.tube(ring[k], ring[(k + 1) % n], (thick, thick), m, sides=6)
    for k in range(0, n, 2):
        b.tube((x, 0.0, r + thick), ring[k], (0.006, 0.006), m, sides=4)


def _bicycle(colour: Colour) -> list[Object]:
    b = Builder()
    tyre, frame = surface((0.015, 0.015, 0.015), rough=0.8), paint(colour)
    for x in (0.55, -0.5):
        _wheel_ring(b, x, 0.32, 0.022, tyre)
    joints: dict[str, Vec3] = {
        "rear": (-0.5, 0, 0.34),
        "crank": (-0.08, 0, 0.3),
        "seat": (-0.22, 0, 0.85),
        "head": (0.38, 0, 0.82),
        "front": (0.55, 0, 0.34),
        "bar": (0.36, 0, 1.0),
    }
    for p, q in (
        ("rear", "crank"),
        ("rear", "seat"),
        ("crank", "seat"),
        ("crank", "head"),
        ("seat", "head"),
        ("front", "bar"),
    ):
        b.tube(joints[p], joints[q], (0.022, 0.022), frame, sides=8)
    b.tube((0.33, -0.28, 1.02), (0.33, 0.28, 1.02), (0.016, 0.016), tyre)
    b.blob((-0.25, 0, 0.92), (0.14, 0.08, 0.04), tyre)
    b.box((0.62, 0, 0.82), (0.26, 0.32, 0.22), surface((0.1, 0.1, 0.1)))
    return [b.build("bicycle")]


def _motorcycle(colour: Colour, *, lit: bool) -> list[Object]:
    b = Builder()
    tyre, body = surface((0.015, 0.015, 0.015), rough=0.8), paint(colour)
    for x in (0.62, -0.6):
        b.tube((x, -0.06, 0.25), (x, 0.06, 0.25), (0.25, 0.25), tyre, sides=20)
        b.tube(
            (x, -0.065, 0.25),
            (x, 0.065, 0.25),
            (0.13, 0.13),
            surface((0.6, 0.6, 0.6), metal=0.8),
            sides=12,
        )
    b.box((0.0, 0, 0.32), (0.75, 0.3, 0.12), body)
    b.blob((-0.45, 0, 0.55), (0.42, 0.17, 0.2), body)
    b.blob((-0.35, 0, 0.76), (0.4, 0.15, 0.07), tyre)
    b.limb((0.6, 0, 0.3), (0.42, 0, 1.0), (0.07, 0.05), body)
    b.blob((0.5, 0, 0.7), (0.12, 0.2, 0.32), body)
    b.tube((0.38, -0.33, 1.03), (0.38, 0.33, 1.03), (0.02, 0.02), tyre)
    b.blob(
        (0.5, 0, 1.0),
        (0.09, 0.12, 0.09),
        surface((0.9, 0.9, 0.85), glow=12.0 if lit else 0.2),
    )
    b.box((-0.85, 0, 0.95), (0.36, 0.36, 0.32), surface((0.03, 0.03, 0.04)))
    return [b.build("motorcycle", bevel_m=0.02)]


def make_vehicle(kind: str, colour: Colour, *, lit: bool) -> list[Object]:
    """Make a vehicle.

    Args:
        kind: one of ``schema.VEHICLES``.
        colour: linear RGB, 0..1.
        lit: lamps on.

    Returns:
        Its objects; the first carries the rest.

    Raises:
        ValueError: the kind is unknown.
    """
    if kind in CARS:
        return _car(kind, colour, lit=lit)
    if kind == "bus":
        return _bus(colour, lit=lit)
    if kind == "truck":
        return _truck(colour, lit=lit)
    if kind == "bicycle":
        return _bicycle(colour)
    if kind == "motorcycle":
        return _motorcycle(colour, lit=lit)
    msg = f"vehicle kind: got {kind!r}, expected one of {sorted(LENGTHS_M)}"
    raise ValueError(msg)
