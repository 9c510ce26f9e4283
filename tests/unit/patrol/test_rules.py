from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.patrol.street import LABELS, NOON, PLANE, Drive, Patrol, Thing
from vision.core.detections import Detections
from vision.core.observation import Observation, ViewState
from vision.core.scene import MapZone, Scene
from vision.core.violations import Confidence, Lifecycle, Violation
from vision.patrol.params import PatrolParams
from vision.rules.patrol_refuse import (
    PassedBin,
    PassedBinParams,
    PassedGarbage,
    PassedGarbageParams,
)
from vision.rules.patrol_rule import PassLimits, PassParams, PatrolRule
from vision.rules.patrol_twice import PassedParking, PassedVending, TwicePassedParams
from vision.rules.schedule import EVERY_DAY, Calendar, Schedule, Span, Window

HEAP = Thing("garbage", 4.0, 30.0)
CAR = Thing("car", 4.0, 30.0, (4.2, 1.5))
LATER = timedelta(minutes=10)


def area(kind: str, *, east: tuple[float, float] = (-40, 40)) -> MapZone:
    corners = [(east[0], -60), (east[1], -60), (east[1], 120), (east[0], 120)]
    return MapZone("street", kind, tuple(PLANE.degrees(e, n) for e, n in corners))


class Watch:
    """A patrol camera with all rules over one memory."""

    def __init__(
        self,
        *zones: MapZone,
        schedule: Schedule | None = None,
        params: PatrolParams | None = None,
        exempt: frozenset[str] = frozenset(),
    ) -> None:
        self.patrol = Patrol(params=params)
        self.scene = Scene("patrol", "patrol", map_zones=zones)
        when, limits = schedule or Schedule(), PassLimits()
        places = self.patrol.places

        def known() -> frozenset[str]:
            return places.place_ids

        tended = TwicePassedParams(apart_s=120, min_attended=0.3)
        self.rules: tuple[PatrolRule[PassParams], ...] = (
            PassedGarbage(PassedGarbageParams(), limits, when, known),
            PassedBin(PassedBinParams(), limits, when, known),
            PassedParking(TwicePassedParams(exempt_labels=exempt), limits, when, known),
            PassedVending(tended, limits, when, known),
        )

    def drive(self, drive: Drive, *things: Thing) -> list[Violation]:
        self.patrol.use(drive)
        steps: list[Violation] = []
        for step in range(drive.steps):
            frame, found = drive.frame(step, things)
            places = self.patrol.places.update(frame, found, ViewState())
            seen = Observation(
                frame, self.scene, LABELS, found, (), places, ViewState(), 0.2
            )
            for rule in self.rules:
                steps += rule.observe(seen)
        return steps


def told(steps: Sequence[Violation]) -> list[tuple[str, str]]:
    return [(step.slug.value, step.lifecycle.value) for step in steps]


def test_refuse_opens_in_one_pass_where_it_lies() -> None:
    (step,) = Watch().drive(Drive(), HEAP)
    assert told([step]) == [("garbage_pile", "opened")]
    assert step.place.geo is not None
    assert step.place.geo.accuracy_m is not None
    reasons = [fact.text() for fact in step.facts]
    assert any(text.startswith("looks ") for text in reasons)
    assert any(text.startswith("accuracy_m ") for text in reasons)


def test_a_second_pass_is_no_second_event_and_two_clean_ones_clear_it() -> None:
    watch = Watch()
    (opened,) = watch.drive(Drive(), HEAP)
    assert watch.drive(Drive(start=NOON + LATER, seed=1), HEAP) == []
    assert watch.drive(Drive(start=NOON + 2 * LATER)) == []
    (cleared,) = watch.drive(Drive(start=NOON + 3 * LATER))
    assert cleared.lifecycle is Lifecycle.CLEARED
    assert cleared.event_id == opened.event_id


def test_an_event_that_the_map_has_no_room_for_is_not_forgotten_in_silence() -> None:
    watch = Watch(params=PatrolParams(max_spots=2))
    (opened,) = watch.drive(Drive(), HEAP)
    more = [Thing("garbage", 4.0, 110.0 + 12 * k) for k in range(2)]
    start = NOON + timedelta(minutes=1)
    steps = watch.drive(Drive(start=start, north_m=(90, 140)), *more)
    (lost,) = (step for step in steps if step.event_id == opened.event_id)
    assert lost.lifecycle is Lifecycle.UPDATED
    assert "cannot_verify" in {fact.name for fact in lost.facts}


def test_an_event_far_away_stays_open() -> None:
    watch = Watch()
    watch.drive(Drive(), HEAP)
    assert watch.drive(Drive(start=NOON + LATER, east_m=900.0)) == []
    assert watch.drive(Drive(start=NOON + 2 * LATER)) == []
    assert len(watch.drive(Drive(start=NOON + 3 * LATER))) == 1


@pytest.mark.parametrize("seed", range(4))
def test_refuse_behind_parked_cars_opens_by_what_shows_between_them(seed: int) -> None:
    cars = [Thing("car", 3.5, north, (2.2, 1.5)) for north in (26, 34)]
    heap = Thing("garbage", 5.5, 30.0)
    steps = Watch().drive(Drive(hides=True, seed=seed), heap, *cars)
    assert told(steps) == [("garbage_pile", "opened")]


def test_a_bag_with_a_person_beside_it_is_carried() -> None:
    person = Thing("person", 4.6, 30.0, (0.5, 1.7))
    assert Watch().drive(Drive(), HEAP, person) == []


def test_refuse_counts_in_clean_zones_only_where_there_are_some() -> None:
    assert len(Watch(area("clean")).drive(Drive(), HEAP)) == 1
    assert Watch(area("clean", east=(-90, -50))).drive(Drive(), HEAP) == []
    assert Watch(area("ignore")).drive(Drive(), HEAP) == []


def test_a_full_bin_opens_and_the_pass_that_finds_it_emptied_clears_it() -> None:
    watch = Watch()
    full = Thing("overflowing_bin", 4.0, 30.0, (0.7, 1.1))
    emptied = Thing("bin", 4.0, 30.0, (0.7, 1.1))
    assert told(watch.drive(Drive(), full)) == [("overflowing_bin", "opened")]
    steps = watch.drive(Drive(start=NOON + LATER, seed=1), emptied)
    assert told(steps) == [("overflowing_bin", "cleared")]
    assert Watch().drive(Drive(), emptied) == []


def test_parking_needs_two_passes_at_least_the_grace_apart() -> None:
    watch = Watch(area("no_parking"))
    assert watch.drive(Drive(), CAR) == []
    soon = NOON + timedelta(seconds=100)
    watch.drive(Drive(start=soon, east_m=500.0), *())  # it went round the block
    assert watch.drive(Drive(start=NOON + timedelta(seconds=150), seed=1), CAR) == []
    watch.drive(Drive(start=NOON + timedelta(seconds=200), east_m=500.0))
    steps = watch.drive(Drive(start=NOON + LATER, seed=2), CAR)
    assert told(steps) == [("illegal_parking", "opened")]
    assert steps[0].zone_id == "street"
    assert steps[0].confidence is Confidence.LOW  # the next bay is 6 m away
    away = Drive(start=NOON + LATER * 1.2, east_m=500.0)
    assert watch.drive(away) == []  # nor is it surer because nobody sees it


def test_a_receiver_that_is_good_to_half_a_bay_makes_parking_sure() -> None:
    watch = Watch(area("no_parking"))
    watch.drive(Drive(accuracy_m=0.5), CAR)
    again = Drive(start=NOON + LATER, seed=1, accuracy_m=0.5)
    (step,) = watch.drive(again, CAR)
    assert step.confidence is Confidence.HIGH


def test_another_car_in_the_bay_does_not_open() -> None:
    watch = Watch(area("no_parking"))
    watch.drive(Drive(), CAR)
    white = Thing("car", 4.0, 30.0, (4.2, 1.5), colour=(230, 230, 230))
    assert watch.drive(Drive(start=NOON + LATER, seed=1), white) == []


def test_parking_counts_from_when_the_zone_came_into_force() -> None:
    span = Span(
        (NOON + timedelta(minutes=5)).time(), (NOON + timedelta(hours=5)).time()
    )
    day = Calendar("day", "UTC", (Window(EVERY_DAY, span),))
    zone = area("no_parking")
    zone = MapZone(zone.zone_id, zone.kind, zone.polygon, calendar="day")
    watch = Watch(zone, schedule=Schedule({"day": day}))
    assert watch.drive(Drive(), CAR) == []  # not in force
    assert watch.drive(Drive(start=NOON + LATER, seed=1), CAR) == []  # since now
    steps = watch.drive(Drive(start=NOON + 2 * LATER, seed=2), CAR)
    assert told(steps) == [("illegal_parking", "opened")]


def test_parking_counts_from_when_its_zone_was_drawn() -> None:
    before = Watch()
    before.drive(Drive(), CAR)
    watch = Watch(area("no_parking"))
    watch.patrol.places.restore(before.patrol.places.state())
    for rule in watch.rules:  # none of them had a zone
        rule.pass_over(watch.patrol.places.observed_s)
    assert watch.drive(Drive(start=NOON + LATER, seed=1), CAR) == []
    steps = watch.drive(Drive(start=NOON + 2 * LATER, seed=2), CAR)
    assert told(steps) == [("illegal_parking", "opened")]


def test_an_event_whose_zone_is_gone_since_is_closed_without_proof() -> None:
    before = Watch(area("clean"))
    (opened,) = before.drive(Drive(), HEAP)
    watch = Watch(area("clean", east=(-90, -50)))
    watch.patrol.places.restore(before.patrol.places.state())
    for old, new in zip(before.rules, watch.rules, strict=True):
        new.restore(old.state())
    (last,) = watch.drive(Drive(start=NOON + LATER, seed=1), HEAP)
    assert last.event_id == opened.event_id
    assert last.lifecycle is Lifecycle.UPDATED
    assert "cannot_verify" in {fact.name for fact in last.facts}


def test_nothing_is_forbidden_without_a_zone_on_the_map() -> None:
    watch = Watch()
    watch.drive(Drive(), CAR)
    assert watch.drive(Drive(start=NOON + LATER, seed=1), CAR) == []


@pytest.mark.parametrize("tended", [True, False])
def test_a_stall_is_one_if_somebody_tends_it_both_times(*, tended: bool) -> None:
    watch = Watch(area("no_vending"))
    stall = Thing("street_vendor", 4.0, 30.0, (2.0, 2.2))
    seller = [Thing("person", 5.6, 30.0, (0.5, 1.7))] if tended else []
    assert watch.drive(Drive(), stall, *seller) == []
    steps = watch.drive(Drive(start=NOON + LATER, seed=1), stall, *seller)
    assert told(steps) == ([("street_vending", "opened")] if tended else [])


def test_what_rules_remember_outlives_a_restart() -> None:
    watch = Watch(area("no_parking"))
    watch.drive(Drive(), CAR, HEAP)
    other = Watch(area("no_parking"))
    other.patrol.places.restore(watch.patrol.places.state())
    for old, new in zip(watch.rules, other.rules, strict=True):
        new.restore(old.state())
    moved = Thing("garbage", 4.0, 36.0)
    steps = other.drive(Drive(start=NOON + LATER, seed=1), CAR, moved)
    assert ("illegal_parking", "opened") in told(steps)


def test_what_an_earlier_run_passed_outside_all_zones_says_so() -> None:
    """Before this run passes it again, too."""
    watch = Watch(area("no_parking", east=(-90, -50)))
    watch.drive(Drive(), CAR)
    other = Watch(area("no_parking", east=(-90, -50)))
    other.patrol.places.restore(watch.patrol.places.state())
    other.drive(Drive(start=NOON + LATER, north_m=(-40, -20)), CAR)

    reasons = [
        fact.text()
        for rule in other.rules
        for candidate in rule.candidates()
        for fact in candidate.facts
    ]
    assert any(text.startswith("in_zone no") for text in reasons), reasons


def test_without_pictures_of_it_there_is_no_step() -> None:
    watch = Watch()
    drive = Drive()
    watch.patrol.use(drive)
    frame, _ = drive.frame(0, [HEAP])
    none = Detections(
        np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)
    )
    assert watch.patrol.places.update(frame, none, ViewState()) == ()
