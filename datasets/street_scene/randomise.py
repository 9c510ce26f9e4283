"""Random scenes for training pictures: one moment each, everything varied."""
# ruff: noqa: PLR2004 - the numbers are the odds

import math
from collections.abc import Iterator

import numpy as np

from datasets.street_scene.schema import (
    Actor,
    Bin,
    BinState,
    Colour,
    Person,
    Refuse,
    Scenario,
    Stall,
    Street,
    Vehicle,
    Viewpoint,
)

_FORMS = ("table", "cart", "tricycle", "mat", "rack")
_LOOKS = ("bags", "heap", "scatter", "boxes", "furniture")
_BIN_PAINT: tuple[Colour, ...] = (
    (0.04, 0.2, 0.08),
    (0.03, 0.1, 0.35),
    (0.06, 0.06, 0.065),
    (0.4, 0.03, 0.03),
    (0.25, 0.25, 0.26),
    (0.5, 0.32, 0.03),
)
_LIGHTS = ("day", "day", "day", "overcast", "overcast", "dusk", "night", "ir")
_KINDS = (
    "sedan",
    "suv",
    "van",
    "sedan",
    "suv",
    "truck",
    "bus",
    "bicycle",
    "motorcycle",
)
_CAR_KINDS = ("sedan", "suv", "van")
_NEAR_M = 6.5


class Dice:
    """Seeded choices with plain Python types."""

    def __init__(self, seed: int) -> None:
        """Throw from ``seed`` on."""
        self._rng = np.random.default_rng(seed)

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return float(self._rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """Return a whole number in [low, high]."""
        return int(self._rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        """Return true in ``share`` of all throws."""
        return bool(self._rng.random() < share)

    def colour(self) -> Colour:
        """Return a colour; greys are as common as on streets."""
        value = self.between(0.01, 0.8)
        if self.chance(0.55):
            return (value, value, value)
        r, g, b = (float(v) for v in self._rng.uniform(0.01, 0.6, size=3))
        return (r, g, b)


def _slots(dice: Dice, low: float, high: float) -> Iterator[float]:
    """Return places along the pavement that keep their distance, shuffled."""
    places = []
    x = low + dice.between(0, 2)
    while x < high:
        places.append(x)
        x += dice.between(2.6, 4.6)
    for k in range(len(places) - 1, 0, -1):
        j = dice.whole(0, k)
        places[k], places[j] = places[j], places[k]
    yield from places


def _stall(dice: Dice, n: int, x: float, y: float) -> Stall:
    form = _FORMS[dice.whole(0, len(_FORMS) - 1)]
    return Stall(
        type="stall",
        id=f"stall{n}",
        form=form,
        path=((0.0, x, y),),
        umbrella=dice.chance(0.55),
        open_s=-1.0,
        vendor=dice.chance(0.8),
        colour=dice.colour(),
    )


def _bins(dice: Dice, n: int, x: float, y: float) -> Iterator[Bin]:
    for k in range(dice.whole(1, 4)):
        fill = dice.between(1.1, 1.7) if dice.chance(0.45) else dice.between(0.1, 0.9)
        yield Bin(
            type="bin",
            id=f"bin{n}-{k}",
            x=x + 0.72 * k,
            y=y + dice.between(-0.1, 0.1),
            colour=_BIN_PAINT[dice.whole(0, len(_BIN_PAINT) - 1)],
            turn_deg=dice.between(-25, 25),
            states=(BinState(t=-1.0, fill=fill),),
        )


def _pavement(dice: Dice, street: Street, low: float, high: float) -> Iterator[Actor]:
    depth = street.facade_y - street.far_kerb_y
    for n, x in enumerate(_slots(dice, low, high)):
        y = street.far_kerb_y + dice.between(0.9, max(1.2, depth - 1.4))
        what = dice.between(0, 1)
        if what < 0.24:
            yield _stall(dice, n, x, y)
        elif what < 0.48:
            yield Refuse(
                type="refuse",
                id=f"refuse{n}",
                x=x,
                y=y,
                size=dice.between(0.5, 1.7),
                look=_LOOKS[dice.whole(0, len(_LOOKS) - 1)],
            )
        elif what < 0.74:
            yield from _bins(dice, n, x, y)
        elif what < 0.86:
            yield _parked(dice, f"two{n}", ("bicycle", "motorcycle"), x, y)


def _parked(
    dice: Dice, name: str, kinds: tuple[str, ...], x: float, y: float
) -> Vehicle:
    turn = dice.between(-12, 12) + (180 if dice.chance(0.5) else 0)
    return Vehicle.model_validate(
        {
            "type": "vehicle",
            "id": name,
            "kind": kinds[dice.whole(0, len(kinds) - 1)],
            "colour": dice.colour(),
            "path": ((0.0, x, y),),
            "heading_deg": turn,
        }
    )


def _road(
    dice: Dice, street: Street, eye: tuple[float, float], low: float, high: float
) -> Iterator[Vehicle]:
    """Fill the lanes, but put nothing right in front of the lens."""
    lanes = (
        (street.near_kerb_y + street.divider_y) / 2,
        street.divider_y + 1.6,
        street.far_kerb_y - 1.15,
    )
    for lane, (y, busy) in enumerate(zip(lanes, (0.45, 0.5, 0.45), strict=True)):
        x = low - dice.between(0, 6)
        while x < high:
            near = math.dist(eye, (x, y))
            if dice.chance(busy) and near > _NEAR_M:
                kinds = (
                    _KINDS
                    if lane < 2 and near > 2 * _NEAR_M
                    else (*_CAR_KINDS, "motorcycle")
                )
                yield _parked(
                    dice, f"road{lane}{x:.1f}", kinds, x, y + dice.between(-0.3, 0.3)
                )
                x += 6.0
            x += dice.between(2.0, 9.0)


def _people(dice: Dice, street: Street, low: float, high: float) -> Iterator[Person]:
    for n in range(dice.whole(0, 6)):
        x, y = dice.between(low, high), street.far_kerb_y + dice.between(0.4, 4.0)
        turn = dice.between(0, 2 * math.pi)
        start = (-1.0, x - 1.3 * math.cos(turn), y - 1.3 * math.sin(turn))
        walking = (start, (1.0 + n * 0.1, x, y))
        yield Person(
            type="person",
            id=f"person{n}",
            path=walking if dice.chance(0.6) else ((0.0, x, y),),
            carries="bags" if dice.chance(0.2) else "nothing",
        )


def random_scenario(seed: int, *, width: int = 640, height: int = 360) -> Scenario:
    """Return a street moment unlike any other.

    Args:
        seed: the same seed gives the same scenario.
        width: pixels.
        height: pixels.
    """
    dice = Dice(seed)
    kerb = dice.between(3.6, 6.4)
    street = Street(
        near_kerb_y=-dice.between(2.8, 4.2),
        far_kerb_y=kerb,
        facade_y=kerb + dice.between(3.4, 6.5),
        stop_line_x=dice.between(-12, 12) if dice.chance(0.3) else None,
        trees_x=tuple(dice.between(-18, 18) for _ in range(dice.whole(0, 4))),
        lamps_x=(dice.between(-14, -6), dice.between(6, 14)),
    )
    far = dice.between(5.0, 15.0)
    eye_x = dice.between(-9, 9)
    view = Viewpoint(
        x=eye_x,
        y=kerb - far,
        height_m=dice.between(3.2, 9.0),
        look_at=(
            eye_x + dice.between(-7, 7),
            kerb + dice.between(-1.5, 2.0),
            dice.between(0.2, 1.4),
        ),
        focal_mm=dice.between(22, 52),
    )
    low, high = eye_x - 12, eye_x + 12
    actors: list[Actor] = [
        *_pavement(dice, street, low, high),
        *_road(dice, street, (eye_x, kerb - far), low - 6, high + 6),
        *_people(dice, street, low, high),
    ]
    light = _LIGHTS[dice.whole(0, len(_LIGHTS) - 1)]
    return Scenario.model_validate(
        {
            "schema": 1,
            "name": f"still{seed}",
            "seed": seed,
            "duration_s": 1.0,
            "fps": 1.0,
            "width": width,
            "height": height,
            "samples": 4,
            "view": view,
            "street": street,
            "light": light,
            "sun_deg": dice.between(-100, 100),
            "weather": "rain" if dice.chance(0.15) else "dry",
            "actors": actors,
        }
    )
