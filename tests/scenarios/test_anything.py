"""Whatever a camera goes through, an event's life stays in order."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.scenarios.stage import WHOLE, Stage
from tests.scenarios.suite import street
from tests.scenarios.world import Actor, World, still
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import View, ViewState
from vision.core.scene import Scene, Zone
from vision.core.violations import Lifecycle, Violation
from vision.rules.garbage_pile import GarbagePile
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.overflowing_bin import OverflowingBin
from vision.rules.street_vending import StreetVending

LENGTH_S = 300
ZONES = [
    Zone(f"{kind}-{preset}", kind, WHOLE, preset=preset)
    for preset in (None, "gate")
    for kind in ("no_parking", "no_vending")
]
OTHERS = [
    Actor("garbage", still(30, 172, 5, 400), (20, 14), 20),
    Actor("overflowing_bin", still(240, 172, 50, 300), (16, 22), 30),
    Actor("street_vendor", still(290, 170, 0, 400), (40, 36), 40),
    Actor("person", still(265, 170, 0, 400), (12, 30), 41),
]


@dataclass
class Fate:
    """A camera to which everything happens; what it says of its view."""

    chance: random.Random
    state: ViewState = field(default_factory=ViewState)
    clock_s: float = 0.0  # of the stream, ahead of true time
    wall_s: float = 0.0
    scale: float = 1.0

    def check(self, _frame: Frame, _detections: Detections) -> ViewState:
        return self.state

    def strike(self, t: float) -> None:
        """Let something happen now and then; a view recovers soon."""
        draw, whole = self.chance.choice, ViewState()
        turn = ((1.05, 0.0, -9.0), (0.0, 0.95, 6.0), (0.0, 0.0, 1.0))
        views = [
            replace(whole, view=draw(list(View)), reason="dark"),
            replace(whole, light="infrared"),
            replace(whole, preset=draw(["gate", "yard"])),
            replace(whole, shift_px=(draw([-9.0, 9.0]), 4.0)),
            replace(whole, registration=turn),
            *[whole] * 12,
        ]
        if self.chance.random() < 0.1:
            self.state = draw(views)
        if self.chance.random() < 0.01:
            self.clock_s = draw([-1000.0, 1.0 - t, 0.0, 500.0, 1e6])
        if self.chance.random() < 0.01:
            self.wall_s = draw([-86_400.0, 0.0, 3600.0])
        if self.chance.random() < 0.01:
            self.scale = draw([0.5, 1.0, 2.0])

    def lived(self, world: World) -> Iterator[tuple[Frame, Detections]]:
        """Yield the world's pictures as this camera gives them."""
        for i, t in enumerate(range(LENGTH_S)):
            self.strike(t)
            world.scale = self.scale
            frame = world.frame(t, i)
            yield (
                replace(
                    frame,
                    media_time_s=max(0.0, t + self.clock_s),
                    captured_at=frame.captured_at + timedelta(seconds=self.wall_s),
                ),
                world.detect(t),
            )


def staged(fate: Fate) -> Stage:
    rules = [
        IllegalParking(ParkingParams(grace_s=30)),
        GarbagePile(),
        OverflowingBin(),
        StreetVending(),
    ]
    return Stage(rules, scene=Scene("c1", "Anywhere", tuple(ZONES)), view=fate)


def restarted(stage: Stage, fate: Fate) -> Stage:
    """Return the stage after a restart, with what it had stored."""
    stored = [stage.memory.state(), *(rule.state() for rule in stage.rules)]
    places, *rules = json.loads(json.dumps(stored))
    after = staged(fate)
    after.memory.restore(places)
    for rule, record in zip(after.rules, rules, strict=True):
        rule.restore(record)
    return after


@pytest.mark.parametrize("seed", [0, 6, 14, 27])
def test_events_live_in_order_through_anything(seed: int) -> None:
    fate = Fate(random.Random(seed))
    world, _ = street(seed)
    world.actors = [*world.actors, *OTHERS]
    stage = staged(fate)
    latest: dict[str, Violation] = {}
    for frame, found in fate.lived(world):
        if fate.chance.random() < 0.01:
            stage = restarted(stage, fate)
        for step in stage.show(frame, found):
            before = latest.get(step.event_id)
            assert step.sequence == (1 if before is None else before.sequence + 1)
            assert (before is None) == (step.lifecycle is Lifecycle.OPENED)
            latest[step.event_id] = step
        for place in stage.places:
            assert 0 <= place.observed_s <= place.elapsed_s + 1e-6
            assert place.observed_s <= LENGTH_S

    assert latest
