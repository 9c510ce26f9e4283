"""What the detector is never sure of, but finds again and again at one place."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from typing_extensions import override

from tests.scenarios.stage import Stage
from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.detections import Detections
from vision.core.observation import ViewState
from vision.core.violations import Confidence, Lifecycle
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.kinds import PlaceParams
from vision.rules.overflowing_bin import BinParams, OverflowingBin
from vision.rules.place_rule import PlaceRule
from vision.rules.places import PlaceMemory

BAG = Actor("garbage", still(100, 150, 5, 1e4), (30, 20), look=3)
BIN = Actor("overflowing_bin", still(200, 150, 5, 1e4), (20, 30), look=4)
FAINT = 0.42  # between `faint_scores` and `open_score`


@dataclass
class Unsure(World):
    """A street on which each look has the score that `score_at` gives."""

    scores: tuple[float, ...] = field(default=(FAINT,))

    @override
    def detect(self, t: float) -> Detections:
        seen = super().detect(t)
        score = self.scores[int(t) % len(self.scores)]
        return replace(seen, score=np.full(len(seen), score, np.float32))


def play(world: World, rule: PlaceRule, end_s: float, **params: object) -> Stage:
    patience = replace(PlaceParams(), **params)  # type: ignore[arg-type]  # keywords for the fields
    stage = Stage([rule], memory=PlaceMemory("c1", LABELS, params=patience))
    return stage.play(world.film(end_s))


def test_a_faint_bag_that_stays_opens_with_low_confidence() -> None:
    stage = play(Unsure([BAG]), GarbagePile(GarbageParams(dwell_s=60)), 90)

    (opened,) = stage.opened
    assert opened.confidence is Confidence.LOW
    assert opened.started_s == 5
    assert ("faint", True) in [(fact.name, fact.value) for fact in opened.facts]


def test_a_faint_bag_that_is_seen_well_later_becomes_certain() -> None:
    world = Unsure([BAG], scores=(*[FAINT] * 150, *[0.8] * 150))
    stage = play(world, GarbagePile(GarbageParams(dwell_s=60)), 200)

    steps = [(step.lifecycle, step.confidence) for step in stage.steps]
    assert steps == [
        (Lifecycle.OPENED, Confidence.LOW),
        (Lifecycle.UPDATED, Confidence.HIGH),
    ]


def test_a_faint_thing_that_comes_and_goes_is_noise() -> None:
    flickering = replace(BAG, detected=lambda t: int(t) % 3 > 0)
    stage = play(Unsure([flickering]), GarbagePile(GarbageParams(dwell_s=30)), 120)

    assert not stage.places


def test_a_faint_thing_is_no_place_before_it_has_stood_for_long() -> None:
    stage = play(Unsure([BAG]), GarbagePile(), 24, faint_s=20.0)
    assert not stage.places

    stage = play(Unsure([BAG]), GarbagePile(), 26, faint_s=20.0)
    assert [place.faint for place in stage.places] == [True]


def test_only_classes_that_were_measured_may_be_faint() -> None:
    stage = play(Unsure([BIN]), OverflowingBin(), 120)

    assert not stage.places


@pytest.mark.parametrize(("limit", "found"), [(0.35, 1), (0.45, 0)])
def test_each_class_may_have_an_opening_score_of_its_own(
    limit: float, found: int
) -> None:
    rule = OverflowingBin(BinParams(min_score=0.3))
    stage = play(Unsure([BIN]), rule, 90, open_scores={"overflowing_bin": limit})

    assert len(stage.opened) == found
    assert all(step.confidence is Confidence.HIGH for step in stage.opened)


def test_a_faint_place_is_still_faint_after_a_restart() -> None:
    stage = play(Unsure([BAG]), GarbagePile(), 60)
    again = PlaceMemory("c1", LABELS)
    again.restore(stage.memory.state())

    world = Unsure([BAG])
    places = again.update(world.frame(62.0, 62), world.detect(62.0), ViewState())

    assert [place.faint for place in places] == [True]


def test_a_bin_that_is_found_as_full_and_as_a_bin_is_one_place() -> None:
    tall = replace(BIN, size=(20, 56), path=still(200, 150, 20, 60))
    plain = replace(BIN, label="bin")
    stage = play(World([tall, plain]), OverflowingBin(), 100)

    assert len(stage.places) == 1


def test_a_tree_that_was_once_taken_for_a_full_bin_is_none() -> None:
    world = Unsure([BIN], scores=(*[0.5] * 9, *[FAINT] * 291))
    stage = play(world, OverflowingBin(), 200)

    assert [place.faint for place in stage.places] == [False]
    assert not stage.opened


def test_a_bin_that_was_faint_for_long_opens_when_it_is_seen_well() -> None:
    world = Unsure([BIN], scores=(*[0.5] * 9, *[FAINT] * 191, *[0.8] * 100))
    stage = play(world, OverflowingBin(), 290)

    (opened,) = stage.opened
    assert opened.decided_s > 260
