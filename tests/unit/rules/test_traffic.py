from dataclasses import replace

import pytest

from tests.unit.rules.builders import observation, place, zone
from vision.core.observation import View, ViewState
from vision.core.places import Place, PlaceState
from vision.core.tracks import Track
from vision.rules.passers import Evidence, PassParams
from vision.rules.traffic import Traffic, TrafficParams, TrafficWatch

PARAMS = PassParams()


def car(name: str, x: float, came_s: float, seen_s: float, **how: object) -> Place:
    box = (x, 40.0, x + 20, 50.0)
    how = {"place_id": name, "xyxy": box, "first_seen_s": came_s, **how}
    return place("vehicle", "car", seen_s, **how)


def drive(evidence: Evidence, track: int, xs: list[float], y: float = 0.8) -> None:
    for t, x in enumerate(xs):
        evidence.note({track: (x, y)}, float(t), PARAMS)


@pytest.mark.parametrize(
    ("xs", "y", "passed"),
    [
        ([-3, -1.5, 0, 1.5, 3], 0.8, 1),  # overtakes
        ([3, 1, -1, -3], 0.8, 1),  # comes the other way
        ([-3, -2, -1, -2, -3], 0.8, 0),  # turns round
        ([-3, 3], 2.5, 0),  # too far beside
        ([-9, -8, -7], 0.8, 0),  # never near
    ],
)
def test_a_pass_is_one_side_then_the_other(
    xs: list[float], y: float, passed: int
) -> None:
    evidence = Evidence()
    drive(evidence, 1, xs, y)

    assert evidence.passed == passed


def test_a_vehicle_seen_for_a_moment_has_gone_by() -> None:
    evidence = Evidence()
    evidence.note({1: (0.5, 0.9)}, 0.0, PARAMS)
    evidence.note({}, 10.0, PARAMS)

    assert evidence.passed == 1


def test_a_vehicle_that_stood_nearby_has_not() -> None:
    evidence = Evidence()
    drive(evidence, 1, [0.9] * 8)
    evidence.note({}, 60.0, PARAMS)

    assert evidence.passed == 0


def test_the_line_of_the_traffic_is_learned() -> None:
    evidence = Evidence()
    spots = ((2.0, 0.0), (0.0, 1.0))
    assert [evidence.beside_lane(spot) for spot in spots] == [0, 0]
    drive(evidence, 1, [-4, -2, 0, 2, 4])

    beside = [evidence.beside_lane(spot) for spot in spots]
    assert beside == pytest.approx([0, 1], abs=0.05)


def watch(*pictures: tuple[float, list[Place]]) -> TrafficWatch:
    traffic = TrafficWatch(TrafficParams(jam_s=300))
    for t, places in pictures:
        traffic.observe(observation(t, places), places)
        gone = [p.place_id for p in places if p.state is not PlaceState.ENDED]
        traffic.keep(gone)
    return traffic


def test_who_stopped_together_waits_in_a_queue_until_it_is_a_jam() -> None:
    a, b = car("a", 0, 0, 90), car("b", 25, 5, 90)
    traffic = watch((90, [a, b]))

    assert traffic.judge(a)[0] is Traffic.QUEUE
    assert traffic.judge(car("a", 0, 0, 301))[0] is Traffic.UNDECIDED


def beside_a_flowing_lane(until_s: int) -> tuple[TrafficWatch, Place]:
    """Show a queue of two that stands while, every 10 s, one car drives past it."""
    traffic = TrafficWatch()
    mates = []
    for t in range(until_s + 1):
        x = 12.0 * (t % 10) - 10
        box = (x, 46.0, x + 20, 58.0)
        track = Track(t // 10, "car", box, (12.0, 0.0), t - t % 10, t)
        mates = [car("a", 30, 2, t), car("b", 55, 5, t)]
        shown = replace(observation(t, mates), tracks=(track,))
        traffic.observe(shown, mates)
    return traffic, mates[0]


@pytest.mark.parametrize(
    ("shown", "passed"),
    [
        (ViewState(preset="kerb"), 6),
        (ViewState(preset="market"), 0),  # somewhere else
        (ViewState(View.MOVED, "turning", preset="kerb"), 0),
    ],
)
def test_only_who_drives_in_its_own_view_goes_by_a_vehicle(
    shown: ViewState, passed: int
) -> None:
    traffic = TrafficWatch()
    parked = car("a", 30, 2, 0, preset="kerb")
    for t in range(60):
        x = 12.0 * (t % 10) - 10
        box = (x, 46.0, x + 20, 58.0)
        track = Track(t // 10, "car", box, (12.0, 0.0), t - t % 10, t)
        seen = replace(observation(t, [parked]), tracks=(track,), view=shown)
        traffic.observe(seen, [parked])

    _, facts = traffic.judge(parked)
    assert f"passed_vehicles {passed}" in [fact.text() for fact in facts]


@pytest.mark.parametrize(
    ("watched_s", "said"),
    [(80, Traffic.QUEUE), (149, Traffic.QUEUE), (170, Traffic.PARKED)],
)
def test_at_its_first_red_light_an_empty_lane_is_no_kerb_yet(
    watched_s: int, said: Traffic
) -> None:
    traffic, waiting = beside_a_flowing_lane(watched_s)

    assert traffic.judge(waiting)[0] is said


def test_a_jam_of_both_lanes_does_not_make_a_queue_park() -> None:
    # Two cars drive on in this lane, two stop, the other lane drives past them; then
    # all stand for four minutes, and the other lane moves on first.
    traffic = TrafficWatch()
    ways = [(0, 50.0), (10, 50.0), *((s, 58.0) for s in (30, 40, 50, 60, 300, 310))]
    for number, (begun_s, foot_y) in enumerate(ways):
        still_s = 230 if begun_s == 60 else 0
        for step in range(10 + still_s):
            t, x = float(begun_s + step), 12.0 * step - 10
            box = (x, foot_y - 12, x + 20, foot_y)
            track = Track(number, "car", box, (12.0, 0.0), float(begun_s), t)
            mates = [car("a", 30, 22, t), car("b", 55, 25, t)] if t >= 25 else []
            shown = observation(t, mates)
            if step < 10:
                shown = replace(shown, tracks=(track,))
            traffic.observe(shown, mates)

    verdict, facts = traffic.judge(car("a", 30, 22, 319))
    assert "passed_vehicles 6" in [fact.text() for fact in facts]
    assert verdict is Traffic.QUEUE


def test_vehicles_of_different_lanes_do_not_queue_together() -> None:
    a, b = car("a", 0, 0, 90), car("b", 25, 5, 90)
    left = zone("lane", zone_id="l", polygon=((0, 0), (0.11, 0), (0.11, 1), (0, 1)))
    right = zone("lane", zone_id="r", polygon=((0.12, 0), (1, 0), (1, 1), (0.12, 1)))
    traffic = TrafficWatch()
    traffic.observe(observation(90, [a, b], left, right), [a, b])

    assert traffic.judge(a)[0] is Traffic.UNDECIDED


def test_who_stays_when_the_queue_leaves_is_parked() -> None:
    gone = car("b", 25, 5, 90, state=PlaceState.ENDED, end_reason="exposed")
    both = [car("a", 0, 0, 90), car("b", 25, 5, 90)]
    traffic = watch((90, both), (110, [car("a", 0, 0, 110), gone]))

    verdict, facts = traffic.judge(car("a", 0, 0, 111))
    assert verdict is Traffic.PARKED
    assert "neighbours_left 1" in [fact.text() for fact in facts]


def test_a_mate_that_has_just_gone_may_be_followed() -> None:
    missing = car("b", 25, 5, 90, state=PlaceState.MISSING)
    both = [car("a", 0, 0, 90), car("b", 25, 5, 90)]
    soon = watch((90, both), (95, [car("a", 0, 0, 95), missing]))
    late = watch((90, both), (110, [car("a", 0, 0, 110), missing]))

    assert soon.judge(car("a", 0, 0, 95))[0] is Traffic.QUEUE
    assert late.judge(car("a", 0, 0, 110))[0] is Traffic.UNDECIDED


def test_the_length_of_a_red_light_is_learned_from_discharging_queues() -> None:
    both = [car("a", 0, 0, 80), car("b", 25, 5, 80)]
    left = [
        car("a", 0, 0, 80, state=PlaceState.ENDED),
        car("b", 25, 5, 80, state=PlaceState.MISSING),
    ]
    assert watch((80, both)).longest_stop_s == 0
    assert watch((80, both), (95, left)).longest_stop_s == 80


def test_evidence_survives_a_restart() -> None:
    traffic = TrafficWatch()
    traffic.restore({"a": (4.0, 0.0)})

    assert traffic.state() == {"a": (4, 0)}
    assert traffic.judge(car("a", 0, 0, 60))[0] is Traffic.PARKED
    traffic.keep([])
    assert traffic.state() == {}
