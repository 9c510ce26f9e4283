"""Pedestrians, vendors and riders built from limbs that swing."""
# ruff: noqa: PLR2004 - the numbers are the shapes, in metres

import math
from dataclasses import dataclass

import numpy as np

from datasets.street_scene.blender import Object
from datasets.street_scene.materials import surface
from datasets.street_scene.schema import Colour
from datasets.street_scene.shapes import Builder

_SKIN = ((0.58, 0.36, 0.24), (0.5, 0.29, 0.19), (0.65, 0.43, 0.31))
_STRIDE_M = 1.35


@dataclass(frozen=True, slots=True)
class Body:
    """A jointed person; the root stands on the ground."""

    root: Object
    limbs: dict[str, Object]

    @property
    def objects(self) -> list[Object]:
        """All objects of the body."""
        return [self.root, *self.limbs.values()]

    def stride(self, walked_m: float, *, moving: bool, work: float = 0.0) -> None:
        """Swing arms and legs.

        Args:
            walked_m: distance walked so far, metres.
            moving: false stands with the feet together.
            work: 0..1, how far the forearms are raised in front.
        """
        swing = math.sin(2 * math.pi * walked_m / _STRIDE_M) if moving else 0.12
        reach = 0.55 if moving else 0.15
        for side, sign in (("l", 1.0), ("r", -1.0)):
            s = swing * sign
            self.limbs[f"thigh_{side}"].rotation_euler[1] = -reach * s
            self.limbs[f"shin_{side}"].rotation_euler[1] = (
                reach * (0.9 if s < 0 else 0.25) * abs(s) * 1.2
            )
            self.limbs[f"arm_{side}"].rotation_euler[1] = (
                0.5 * reach * s * 1.4 - 0.6 * work
            )
            self.limbs[f"fore_{side}"].rotation_euler[1] = -0.35 - 0.9 * work
        self.root.location[2] = 0.02 * abs(swing) if moving else 0.0


def make_person(seed: int, clothes: Colour | None = None) -> Body:
    """Make a person, 1.55 to 1.82 m tall.

    Args:
        seed: picks build, skin, hair and clothes.
        clothes: colour of the jacket, linear RGB; picked when None.
    """
    rng = np.random.default_rng(seed)
    k = float(rng.uniform(0.92, 1.08))
    stout = float(rng.uniform(0.92, 1.18))
    hues = rng.uniform(0.02, 0.6, size=3) * rng.uniform(0.4, 1.0)
    top = surface(
        clothes or (float(hues[0]), float(hues[1]), float(hues[2])), rough=0.9
    )
    dull = float(rng.uniform(0.01, 0.14))
    legs = surface((dull, dull, dull * float(rng.uniform(1.0, 2.2))), rough=0.9)
    skin = surface(_SKIN[int(rng.integers(3))], rough=0.55)
    hair = surface((0.012, 0.01, 0.009), rough=0.5)
    shoe = surface((0.03, 0.03, 0.03) if rng.random() < 0.6 else (0.5, 0.5, 0.5))
    b = Builder(seed)
    rows = [
        (0.84, 0.105, 0.155),
        (0.92, 0.12, 0.172),
        (1.05, 0.11, 0.155),
        (1.2, 0.125, 0.178),
        (1.33, 0.12, 0.198),
        (1.42, 0.085, 0.165),
        (1.46, 0.05, 0.07),
    ]
    rings = [
        [
            (k * stout * d * math.cos(a), k * stout * w * math.sin(a), k * z)
            for a in np.linspace(0, 2 * math.pi, 14, endpoint=False)
        ]
        for z, d, w in rows
    ]
    b.loft(rings, lambda r, _: legs if r == 0 else top)
    b.limb((0, 0, 1.42 * k), (0.01, 0, 1.52 * k), (0.055, 0.05), skin)
    b.blob((0.025, 0, 1.6 * k), (0.097, 0.078, 0.12), skin, rings=10)
    b.blob((-0.012, 0, 1.635 * k), (0.1, 0.087, 0.105), hair, rings=10)
    if rng.random() < 0.25:
        b.tube(
            (0.02, 0, 1.66 * k),
            (0.02, 0, 1.75 * k),
            (0.15, 0.09),
            surface((0.6, 0.5, 0.2)),
        )
    root = b.build("person", smooth_deg=60.0)
    limbs: dict[str, Object] = {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        limbs |= _leg(side, sign, k, (legs, shoe), root)
        limbs |= _arm(side, sign, k * stout, (top, skin), root)
    return Body(root, limbs)


def _leg(
    side: str, sign: float, k: float, looks: tuple[object, object], root: Object
) -> dict[str, Object]:
    b = Builder()
    b.limb((0, 0, 0), (0, 0, -0.42 * k), (0.088, 0.062), looks[0])
    thigh = b.build("thigh")
    thigh.parent, thigh.location = root, (0, sign * 0.085, 0.88 * k)
    b = Builder()
    b.limb((0, 0, 0), (0, 0, -0.38 * k), (0.062, 0.046), looks[0])
    b.blob((0.055, 0, -0.415 * k), (0.135, 0.05, 0.05), looks[1])
    shin = b.build("shin")
    shin.parent, shin.location = thigh, (0, 0, -0.42 * k)
    return {f"thigh_{side}": thigh, f"shin_{side}": shin}


def _arm(
    side: str, sign: float, k: float, looks: tuple[object, object], root: Object
) -> dict[str, Object]:
    b = Builder()
    b.limb((0, 0, 0), (0, sign * 0.03, -0.28), (0.058, 0.046), looks[0])
    arm = b.build("arm")
    arm.parent, arm.location = root, (0, sign * 0.205 * k, 1.38)
    b = Builder()
    b.limb((0, 0, 0), (0.02, 0, -0.23), (0.044, 0.034), looks[0])
    b.blob((0.025, 0, -0.29), (0.035, 0.028, 0.06), looks[1])
    fore = b.build("fore")
    fore.parent, fore.location = arm, (0, sign * 0.03, -0.28)
    return {f"arm_{side}": arm, f"fore_{side}": fore}
