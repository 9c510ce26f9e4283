"""Actors on the stage: which objects they are and where, at any time."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

from datasets.street_scene import motion, people, refuse, stalls, vehicles
from datasets.street_scene.blender import Object
from datasets.street_scene.schema import (
    OVERFLOWS,
    Actor,
    Bin,
    Person,
    Refuse,
    Scenario,
    Stall,
    Street,
    Traffic,
    Vehicle,
)
from datasets.street_scene.seeds import seed_of

_AWAY_M = -100.0
_PAVEMENT_M = 0.14
_WALKING_MS = 0.1
_LABELS = {"sedan": "car", "suv": "car", "van": "car"}


@dataclass(frozen=True, slots=True)
class Prop:
    """One labelled thing.

    Attributes:
        id: the actor's id, with a suffix for its parts.
        label: class at a time, or None while it is not there.
        objects: every Blender object that belongs to it.
        place: moves the objects to where they are at a time.
    """

    id: str
    label: Callable[[float], str | None]
    objects: tuple[Object, ...]
    place: Callable[[float], None]


def _ground_m(street: Street, y: float) -> float:
    on_road = street.near_kerb_y <= y <= street.far_kerb_y
    return 0.0 if on_road else _PAVEMENT_M


def _put(root: Object, pose: motion.Pose, z: float, *, there: bool) -> None:
    root.location = (pose.x, pose.y, z if there else _AWAY_M)
    root.rotation_euler[2] = pose.heading


def _vehicle(actor: Vehicle, scenario: Scenario) -> Iterator[Prop]:
    lit = scenario.light in ("dusk", "night")
    objects = vehicles.make_vehicle(actor.kind, actor.colour, lit=lit)
    path = motion.SmoothPath(actor.path)
    rest = math.radians(actor.heading_deg or 0.0)
    always = len(actor.path) == 1

    def there(t: float) -> bool:
        return always or path.present(t)

    def place(t: float) -> None:
        pose = path.pose(t, rest)
        if actor.heading_deg is not None:
            pose = motion.Pose(pose.x, pose.y, rest, pose.speed_ms)
        _put(objects[0], pose, 0.0, there=there(t))

    name = _LABELS.get(actor.kind, actor.kind)
    yield Prop(actor.id, lambda t: name if there(t) else None, tuple(objects), place)
    if actor.kind in ("bicycle", "motorcycle") and not always:
        yield _rider(actor, objects[0], scenario, there)


def _rider(
    actor: Vehicle, mount: Object, scenario: Scenario, there: Callable[[float], bool]
) -> Prop:
    body = people.make_person(seed_of(actor.id, scenario.seed))
    body.root.parent = mount
    body.root.location = (-0.28, 0.0, -0.02)
    body.root.rotation_euler[1] = 0.15
    for side in ("l", "r"):
        body.limbs[f"thigh_{side}"].rotation_euler[1] = -1.15
        body.limbs[f"shin_{side}"].rotation_euler[1] = 1.2
        body.limbs[f"arm_{side}"].rotation_euler[1] = -0.75
        body.limbs[f"fore_{side}"].rotation_euler[1] = -0.35
    return Prop(
        f"{actor.id}/rider",
        lambda t: "person" if there(t) else None,
        tuple(body.objects),
        lambda _: None,
    )


_PAINTS = (
    (0.65, 0.65, 0.66),
    (0.03, 0.03, 0.035),
    (0.3, 0.31, 0.33),
    (0.45, 0.02, 0.02),
    (0.02, 0.07, 0.3),
    (0.55, 0.5, 0.4),
    (0.8, 0.8, 0.8),
    (0.05, 0.16, 0.1),
)


def _traffic(actor: Traffic, scenario: Scenario) -> Iterator[Prop]:
    for k, track in enumerate(motion.follow(actor, scenario.duration_s)):
        if track[-1][0] < 0.0 or track[0][0] > scenario.duration_s:
            continue
        pick = seed_of(f"{actor.id}/{k}", scenario.seed)
        car = Vehicle.model_validate(
            {
                "type": "vehicle",
                "id": f"{actor.id}/{k}",
                "kind": actor.kinds[pick % len(actor.kinds)],
                "colour": _PAINTS[pick // 7 % len(_PAINTS)],
                "heading_deg": 0.0 if actor.direction > 0 else 180.0,
                "path": track,
            }
        )
        yield from _vehicle(car, scenario)


def _person(actor: Person, scenario: Scenario) -> Iterator[Prop]:
    seed = seed_of(actor.id, scenario.seed)
    body = people.make_person(seed, actor.clothes)
    path = motion.SmoothPath(actor.path)
    always = len(actor.path) == 1
    load = refuse.bag_in_hand(seed, carton=actor.carries == "box")

    def there(t: float) -> bool:
        return always or path.present(t)

    def carrying(t: float) -> bool:
        after = actor.pick_s is None or t >= actor.pick_s
        before = actor.drop_s is None or t < actor.drop_s
        return actor.carries != "nothing" and after and before and there(t)

    def place(t: float) -> None:
        pose = path.pose(t, math.radians(-90))
        z = _ground_m(scenario.street, pose.y)
        moments = [m for m in (actor.drop_s, actor.pick_s) if m is not None]
        work = max((max(0.0, 1 - abs(t - m) / 1.5) for m in moments), default=0.0)
        _put(body.root, pose, z, there=there(t))
        body.stride(_walked(path, t), moving=pose.speed_ms > _WALKING_MS, work=work)
        body.root.location[2] += z if there(t) else _AWAY_M
        side = pose.heading - math.pi / 2
        load.location = (
            pose.x + 0.3 * math.cos(side),
            pose.y + 0.3 * math.sin(side),
            z + 0.72 if carrying(t) else _AWAY_M,
        )

    objects = tuple(body.objects)
    yield Prop(actor.id, lambda t: "person" if there(t) else None, objects, place)
    yield Prop(f"{actor.id}/load", lambda _: None, (load,), lambda _: None)


def _walked(path: motion.SmoothPath, t: float) -> float:
    """Return how far along its way a walker is, metres."""
    total, step = 0.0, 0.5
    at = path.position(0.0)
    for k in range(1, int(t / step) + 1):
        to = path.position(k * step)
        total += math.dist(at, to)
        at = to
    return total + math.dist(at, path.position(t))


def _refuse(actor: Refuse, scenario: Scenario) -> Iterator[Prop]:
    thing = refuse.make_refuse(actor.look, actor.size, seed_of(actor.id, scenario.seed))
    pose = motion.Pose(actor.x, actor.y, 0.0, 0.0)

    def there(t: float) -> bool:
        return t >= actor.from_s and (actor.to_s is None or t < actor.to_s)

    z = _ground_m(scenario.street, actor.y)
    yield Prop(
        actor.id,
        lambda t: "garbage" if there(t) else None,
        (thing,),
        lambda t: _put(thing, pose, z, there=there(t)),
    )


def level_at(actor: Bin, t: float) -> float:
    """Return how full a bin is at ``t``."""
    past = [s.fill for s in actor.states if s.t <= t]
    return past[-1] if past else actor.states[0].fill


def _bin(actor: Bin, scenario: Scenario) -> Iterator[Prop]:
    parts = refuse.make_bin(actor.colour, seed_of(actor.id, scenario.seed))
    pose = motion.Pose(actor.x, actor.y, math.radians(actor.turn_deg - 90), 0.0)
    z = _ground_m(scenario.street, actor.y)

    def place(t: float) -> None:
        _put(parts.root, pose, z, there=True)
        parts.fill(level_at(actor, t))

    yield Prop(
        actor.id,
        lambda t: "overflowing_bin" if level_at(actor, t) >= OVERFLOWS else "bin",
        (parts.root, parts.lid, *parts.stages.values()),
        place,
    )


def _stall(actor: Stall, scenario: Scenario) -> Iterator[Prop]:
    seed = seed_of(actor.id, scenario.seed)
    parts = stalls.make_stall(actor.form, actor.colour, seed, umbrella=actor.umbrella)
    path = motion.SmoothPath(actor.path)
    always = len(actor.path) == 1

    def there(t: float) -> bool:
        return always or path.present(t)

    def is_open(t: float) -> bool:
        return t >= actor.open_s and (actor.close_s is None or t < actor.close_s)

    def place(t: float) -> None:
        pose = path.pose(t)
        still = motion.Pose(pose.x, pose.y, 0.0, 0.0)
        z = _ground_m(scenario.street, pose.y)
        _put(parts.base, still, z, there=there(t))
        parts.open(is_open=is_open(t))

    yield Prop(
        actor.id,
        lambda t: "street_vendor" if there(t) and is_open(t) else None,
        tuple(parts.objects),
        place,
    )
    if actor.vendor:
        yield _vendor(actor, scenario, path, is_open)


def _vendor(
    actor: Stall,
    scenario: Scenario,
    path: motion.SmoothPath,
    is_open: Callable[[float], bool],
) -> Prop:
    body = people.make_person(seed_of(f"{actor.id}/vendor", scenario.seed))
    always = len(actor.path) == 1

    def place(t: float) -> None:
        pose = path.pose(t)
        there = always or path.present(t)
        moving = pose.speed_ms > _WALKING_MS
        sell = is_open(t)
        dx, dy = (1.4 + 0.12 * math.sin(t / 7), 0.3) if sell else (-1.35, 0.1)
        turn = -1.57 + 0.5 * math.sin(t / 5) if sell else 0.0
        at = motion.Pose(pose.x + dx, pose.y + dy, turn, 0.0)
        _put(body.root, at, 0.0, there=True)
        busy = 0.5 + 0.4 * math.sin(t * 0.9) if sell else 0.6
        body.stride(_walked(path, t), moving=moving, work=busy)
        body.root.location[2] += (
            _ground_m(scenario.street, pose.y) if there else _AWAY_M
        )

    def label(t: float) -> str | None:
        return "person" if always or path.present(t) else None

    return Prop(f"{actor.id}/vendor", label, tuple(body.objects), place)


def make_props(actor: Actor, scenario: Scenario) -> list[Prop]:
    """Make what an actor of the scenario consists of."""
    match actor:
        case Vehicle():
            made = _vehicle(actor, scenario)
        case Traffic():
            made = _traffic(actor, scenario)
        case Person():
            made = _person(actor, scenario)
        case Refuse():
            made = _refuse(actor, scenario)
        case Bin():
            made = _bin(actor, scenario)
        case Stall():
            made = _stall(actor, scenario)
        case _:
            assert_never(actor)
    return list(made)
