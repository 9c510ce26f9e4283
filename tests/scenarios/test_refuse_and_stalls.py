from dataclasses import replace

import pytest

from tests.scenarios.stage import SCENE, Stage, number, play, word
from tests.scenarios.world import Actor, World, still
from vision.core.scene import Scene, Zone
from vision.core.violations import Lifecycle
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.overflowing_bin import BinParams, OverflowingBin
from vision.rules.street_vending import StreetVending, VendingParams

CORNER = ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))


def refuse() -> GarbagePile:
    return GarbagePile(GarbageParams(dwell_s=30, update_every_s=20))


def bins() -> OverflowingBin:
    return OverflowingBin(BinParams(dwell_s=30))


def vending() -> StreetVending:
    return StreetVending(VendingParams(dwell_s=40))


def steps(stage: Stage) -> list[str]:
    return [step.lifecycle.value for step in stage.steps]


def person(*path: tuple[float, float, float]) -> Actor:
    return Actor("person", list(path), size=(14, 34), look=300)


BAGS = Actor("garbage", still(200, 150, 20, 140), size=(36, 24), look=7)


def test_bags_that_a_person_drops_open_once_the_person_has_gone() -> None:
    walker = person((10, 0, 148), (20, 200, 148), (35, 200, 148), (45, 330, 148))
    stage = play(World([BAGS, walker]), refuse(), 100)

    assert steps(stage) == ["opened"]
    opened = stage.opened[0]
    assert opened.decided_s >= 50
    assert number(opened, "alone_s") >= 10
    assert not opened.place.baseline


def test_a_bag_that_a_person_carries_opens_nothing() -> None:
    path = [(5.0, 0.0, 150.0), (65.0, 320.0, 150.0)]
    bag = Actor("garbage", [(t, x + 10, y) for t, x, y in path], (20, 16), look=7)
    stage = play(World([person(*path), bag]), refuse(), 80)

    assert stage.steps == []
    assert stage.rules[0].candidates() == []


def test_a_person_who_stays_with_bags_keeps_the_event_closed() -> None:
    guard = person((15, 205, 150), (140, 205, 150))
    stage = play(World([BAGS, guard]), refuse(), 100)

    assert stage.steps == []
    (candidate,) = stage.rules[0].candidates()
    assert number(candidate, "alone_s") < 10


def test_a_crew_that_collects_the_bags_clears_the_event_with_proof() -> None:
    crew = person((130, 0, 148), (135, 200, 148), (145, 200, 148), (150, 330, 148))
    stage = play(World([BAGS, crew]), refuse(), 180)

    assert steps(stage) == ["opened", "cleared"]
    cleared = stage.cleared[0]
    assert number(cleared, "clear_views") >= 3
    assert cleared.place.end_reason == "exposed"
    assert cleared.ended_at == cleared.place.last_seen_at


def test_a_growing_heap_is_the_same_case_with_higher_severity() -> None:
    heap = Actor(
        "garbage", still(160, 150, 5, 300), size=(36, 24), look=7, growth_per_s=0.003
    )
    stage = play(World([heap]), refuse(), 290)

    assert len(stage.opened) == 1
    assert [s.severity for s in stage.of(Lifecycle.UPDATED)] == [2, 3]
    assert {step.event_id for step in stage.steps} == {stage.opened[0].event_id}
    assert [step.sequence for step in stage.steps] == [1, 2, 3]


def test_refuse_that_comes_back_names_the_event_before() -> None:
    again = Actor("garbage", still(202, 151, 220, 400), size=(36, 24), look=9)
    stage = play(World([BAGS, again]), refuse(), 300)

    assert steps(stage) == ["opened", "cleared", "opened"]
    first, second = stage.opened
    assert second.recurrence_of == first.event_id
    assert first.recurrence_of is None
    assert second.event_id != first.event_id


def test_refuse_counts_in_clean_zones_only_where_a_scene_has_some() -> None:
    zoned = Scene("c1", "s", (Zone("corner", "clean", CORNER),))
    outside = Stage([refuse()], scene=zoned).play(World([BAGS]).film(100))
    everywhere = Stage([refuse()], scene=SCENE).play(World([BAGS]).film(100))

    assert outside.steps == []
    assert len(everywhere.opened) == 1


def test_an_ignore_zone_hides_what_stands_in_it() -> None:
    whole = Zone("all", "ignore", ((0, 0), (1, 0), (1, 1), (0, 1)))
    stage = Stage([refuse()], scene=Scene("c1", "s", (whole,)))

    assert stage.play(World([BAGS]).film(100)).steps == []


def test_a_detector_that_sees_refuse_in_bare_ground_opens_nothing() -> None:
    ghost = Actor("garbage", still(200, 150, 70, 250), size=(36, 24), painted=False)
    stage = play(World([ghost]), refuse(), 170)

    assert stage.steps == []
    (candidate,) = stage.rules[0].candidates()
    assert number(candidate, "bareness") > 0.9


def test_refuse_that_was_missed_for_a_minute_at_the_start_opens_all_the_same() -> None:
    late = Actor("garbage", still(200, 150, 0, 300), size=(36, 24), look=7)
    missed = replace(late, detected=lambda t: t > 40)
    stage = play(World([missed]), refuse(), 120)

    assert steps(stage) == ["opened"]


def test_a_flickering_detection_is_no_majority() -> None:
    flicker = Actor(
        "garbage",
        still(200, 150, 0, 200),
        size=(36, 24),
        detected=lambda t: int(t) % 3 == 0,
    )
    stage = play(World([flicker]), refuse(), 150)

    assert stage.steps == []


def full_bin(full_s: float = 20, emptied_s: float = 120) -> Actor:
    return Actor(
        "bin",
        still(160, 150, 0, 400),
        size=(24, 34),
        labels=[(full_s, "overflowing_bin"), (emptied_s, "bin")],
    )


def test_a_bin_fills_and_is_emptied() -> None:
    stage = play(World([full_bin()]), bins(), 200)

    assert steps(stage) == ["opened", "cleared"]
    assert stage.opened[0].decided_s >= 50
    assert 120 < stage.cleared[0].decided_s < 165
    assert stage.cleared[0].place.place_id == stage.opened[0].place.place_id


def test_an_overflow_begins_when_the_bin_is_full_not_when_the_bin_was_first_seen() -> (
    None
):
    stage = play(World([full_bin()]), bins(), 200)

    began_s = [step.started_s for step in stage.steps]
    assert began_s[0] == pytest.approx(20, abs=8)
    assert len(set(began_s)) == 1
    assert stage.opened[0].place.first_seen_s < 2


def test_a_bin_that_flickers_between_its_classes_changes_nothing() -> None:
    labels = [
        (float(t), ("bin", "overflowing_bin")[t // 4 % 2]) for t in range(0, 300, 4)
    ]
    doubtful = Actor("bin", still(160, 150, 0, 400), size=(24, 34), labels=labels)
    stage = play(World([doubtful]), bins(), 250)

    assert stage.steps == []


def test_a_hidden_bin_is_not_emptied() -> None:
    van = Actor(
        "truck",
        [(80, -100, 178), (83, 160, 178), (180, 160, 178), (183, 450, 178)],
        size=(120, 110),
        look=50,
    )
    stage = play(World([full_bin(20, 300), van]), bins(), 240)

    assert steps(stage) == ["opened"]


def test_a_bin_that_overflows_again_is_a_new_event_that_names_the_first() -> None:
    labels = [(20.0, "overflowing_bin"), (120.0, "bin"), (200.0, "overflowing_bin")]
    twice = Actor("bin", still(160, 150, 0, 400), size=(24, 34), labels=labels)
    stage = play(World([twice]), bins(), 300)

    assert steps(stage) == ["opened", "cleared", "opened"]
    first, second = stage.opened
    assert second.recurrence_of == first.event_id
    assert second.place.place_id == first.place.place_id
    assert second.event_id != first.event_id


def stall(*path: tuple[float, float, float]) -> Actor:
    return Actor("street_vendor", list(path), size=(40, 36), look=11)


def test_a_vendor_arrives_sells_moves_three_metres_and_leaves_as_one_event() -> None:
    path = [(10, -30, 150), (14, 120, 150), (100, 120, 150), (104, 190, 150)]
    path += [(200, 190, 150), (206, 380, 150)]
    seller = [(t, x - 22, y) for t, x, y in path]
    stage = play(World([stall(*path), person(*seller)]), vending(), 300)

    assert steps(stage) == ["opened", "cleared"]
    assert number(stage.opened[0], "tended_share") > 0.5
    assert stage.cleared[0].place.observed_s > 150


def test_a_stall_that_moves_out_of_the_zone_is_put_right() -> None:
    half = Zone("west", "no_vending", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    path = [(10, 110, 150), (100, 110, 150), (104, 210, 150), (200, 210, 150)]
    seller = [(t, x - 22, y) for t, x, y in path]
    world = World([stall(*path), person(*seller)])
    stage = Stage([vending()], scene=Scene("c1", "Street", (half,)))
    stage.play(world.film(200))

    assert steps(stage) == ["opened", "cleared"]
    assert word(stage.cleared[0], "zone") == "none"


def test_a_stall_wheeled_into_a_zone_has_time_to_leave_it_again() -> None:
    east = Zone("east", "no_vending", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    path = [(10, 110, 150), (300, 110, 150), (304, 230, 150), (500, 230, 150)]
    seller = [(t, x - 22, y) for t, x, y in path]
    world = World([stall(*path), person(*seller)])
    stage = Stage([vending()], scene=Scene("c1", "Street", (east,)))
    stage.play(world.film(400))

    (opened,) = stage.opened
    assert opened.decided_s == pytest.approx(304 + 40, abs=2)
    assert opened.started_s == pytest.approx(304, abs=2)
    assert number(opened, "observed_s") == pytest.approx(40, abs=1)
    assert opened.place.observed_s > 300


def test_a_stall_that_nobody_tends_opens_nothing() -> None:
    stage = play(World([stall((0, 160, 150), (200, 160, 150))]), vending(), 150)

    assert stage.steps == []
    (candidate,) = stage.rules[0].candidates()
    assert number(candidate, "tended_share") == 0


@pytest.mark.parametrize("gap", [1.0, 6.0])
def test_a_customer_who_hides_the_stall_only_pauses_it(gap: float) -> None:
    customers = [
        Actor("person", [(t, 160, 152), (t + gap, 160, 152)], size=(50, 60), look=70)
        for t in (20.0, 35.0, 50.0)
    ]
    seller = person((5, 130, 150), (200, 130, 150))
    place = stall((5, 160, 150), (200, 160, 150))
    stage = play(World([place, seller, *customers]), vending(), 120)

    assert steps(stage) == ["opened"]
