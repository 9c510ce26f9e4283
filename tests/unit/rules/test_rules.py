import json
from dataclasses import replace
from datetime import time, timedelta

import pytest

from tests.unit.rules.builders import LABELS, START, WHOLE, observation, place, zone
from vision.core.errors import ConfigError
from vision.core.observation import View, ViewState
from vision.core.places import Place, PlaceState
from vision.core.position import LocalPlane
from vision.core.scene import GeoPoint, Zone
from vision.core.violations import Confidence, Lifecycle, Violation
from vision.rules.garbage_pile import GarbagePile
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.overflowing_bin import OverflowingBin
from vision.rules.place_rule import PlaceRule
from vision.rules.schedule import (
    EVERY_DAY,
    Calendar,
    ClassPolicy,
    Schedule,
    Span,
    Window,
)
from vision.rules.street_vending import StreetVending
from vision.rules.traffic import TrafficParams
from vision.rules.zones import overlap

NO_PARKING = zone("no_parking", calendar="day")


def calendar(name: str, start: int, end: int) -> Calendar:
    window = Window(EVERY_DAY, Span(time(start), time(end)))
    return Calendar(name, "Asia/Shanghai", (window,))


DAY = Schedule({"day": calendar("day", 7, 20), "night": calendar("night", 20, 7)})


def parking(schedule: Schedule = DAY, **limits: object) -> IllegalParking:
    params = replace(ParkingParams(grace_s=60, undecided_factor=1.0), **limits)  # type: ignore[arg-type]  # keywords for the fields
    return IllegalParking(params, schedule)


def car(seen_s: float, **how: object) -> Place:
    return place("vehicle", "car", seen_s, **how)


def reasons(rule: PlaceRule) -> dict[str, object]:
    (candidate,) = rule.candidates()
    return {fact.name: fact.value for fact in candidate.facts if fact.holds is False}


def test_every_fact_has_a_unit_and_the_limit_it_was_compared_with() -> None:
    (opened,) = parking().observe(observation(61, [car(61)], NO_PARKING))

    texts = [fact.text() for fact in opened.facts]
    assert "zone no_parking-1" in texts
    assert "observed_s 61 s >= 60 s" in texts
    assert "calendar daily 07:00–20:00 in force" in texts
    assert "traffic undecided no queue" in texts
    assert opened.rule == "illegal_parking/1"
    limits = dict(opened.params)
    assert limits["grace_s"] == 60
    assert limits["undecided_factor"] == 1.0
    assert limits["exempt_labels"] == ()
    assert limits["traffic_red_s"] == TrafficParams().red_s
    assert opened.started_at == START


def test_an_event_is_cleared_when_its_zone_goes_out_of_force() -> None:
    rule = parking()
    evening_s = 6 * 3600.0  # 20:00 in Shanghai
    rule.observe(observation(evening_s - 10, [car(61)], NO_PARKING))

    (cleared,) = rule.observe(observation(evening_s, [car(71)], NO_PARKING))

    assert cleared.lifecycle is Lifecycle.CLEARED
    assert cleared.ended_at == START + timedelta(seconds=evening_s)
    assert rule.observe(observation(evening_s + 90, [car(161)], NO_PARKING)) == []
    assert reasons(rule)["calendar"] == "day not in force"


def test_a_reason_names_the_calendar_of_a_street_class() -> None:
    of_class = replace(DAY, classes={"controlled": ClassPolicy(calendar="night")})
    rule = parking(of_class)
    rule.observe(
        observation(61, [car(61)], zone("no_parking", street_class="controlled"))
    )

    assert reasons(rule)["calendar"] == "night not in force"


def stall(seen_s: float, **how: object) -> Place:
    return place("vendor", "street_vendor", seen_s, **how)


def test_an_event_is_cleared_when_its_stall_is_moved_out_of_the_zone() -> None:
    left = zone("no_vending", polygon=((0, 0), (0.7, 0), (0.7, 1), (0, 1)))
    rule = StreetVending()
    rule.observe(observation(121, [stall(121)], left, people=[100]))
    moved = stall(131, xyxy=(160.0, 40.0, 200.0, 60.0))

    (cleared,) = rule.observe(observation(131, [moved], left, people=[180]))
    assert cleared.lifecycle is Lifecycle.CLEARED
    assert [fact.text() for fact in cleared.facts] == ["zone none"]
    assert rule.observe(observation(141, [moved], left)) == []


def restarted(rule: IllegalParking) -> IllegalParking:
    again = parking()
    again.restore(json.loads(json.dumps(rule.state())))
    return again


def test_an_event_whose_zone_is_withdrawn_ends_without_proof() -> None:
    """The car stands where it stood; somebody changed the zones and started anew."""
    rule = parking()
    (opened,) = rule.observe(observation(61, [car(61)], NO_PARKING))
    rule = restarted(rule)

    (ended,) = rule.observe(observation(71, [car(71)]))
    assert (ended.event_id, ended.sequence) == (opened.event_id, 2)
    assert ended.lifecycle is Lifecycle.UPDATED
    assert [fact.text() for fact in ended.facts] == ["cannot_verify True", "zone none"]
    assert rule.recall(opened.event_id) == (None, False)
    assert rule.observe(observation(81, [car(81)])) == []


def test_before_its_first_good_picture_a_start_says_of_nothing_that_it_is_over() -> (
    None
):
    rule = parking()
    evening_s = 6 * 3600.0  # 20:00 in Shanghai
    rule.observe(observation(61, [car(61)], NO_PARKING))
    rule = restarted(rule)
    evening = observation(evening_s, [car(71)], NO_PARKING)

    assert rule.observe(replace(evening, view=ViewState(View.BLIND, "black"))) == []
    (cleared,) = rule.observe(evening)
    assert cleared.lifecycle is Lifecycle.CLEARED


def test_only_dwell_in_force_counts() -> None:
    rule = parking()
    morning_s = 17 * 3600.0  # 07:00 in Shanghai
    overnight = zone("no_parking", calendar="day")
    assert rule.observe(observation(morning_s - 1, [car(9000)], overnight)) == []
    assert rule.observe(observation(morning_s + 59, [car(9059)], overnight)) == []

    (opened,) = rule.observe(observation(morning_s + 61, [car(9061)], overnight))
    assert {f.name: f.value for f in opened.facts}["observed_s"] == 61


def test_a_class_may_have_its_own_grace_time() -> None:
    """A site allows its buses less than its cars; the evidence says so."""
    rule = parking(class_grace_s={"bus": 30})

    assert rule.observe(observation(30, [car(31)], NO_PARKING)) == []
    bus = place("vehicle", "bus", 31, place_id="a bus")
    (opened,) = rule.observe(observation(31, [bus], NO_PARKING))

    texts = [fact.text() for fact in opened.facts]
    assert "observed_s 31 s >= 30 s" in texts
    assert "label bus" in texts
    assert dict(opened.params)["class_grace_s"] == ("bus=30",)


def test_an_exempt_class_never_opens() -> None:
    rule = IllegalParking(
        ParkingParams(grace_s=60, exempt_labels=frozenset({"ambulance"}))
    )
    ambulance = place("vehicle", "ambulance", 600)

    assert rule.observe(observation(600, [ambulance], zone("no_parking"))) == []
    assert reasons(rule) == {"class": "ambulance"}


def test_a_bay_permits_parking_in_its_hours() -> None:
    bay = zone("parking", calendar="day")
    rule = parking()
    ground = zone("no_parking")

    assert rule.observe(observation(61, [car(61)], ground, bay)) == []
    assert reasons(rule)["permit"] == "parking-1 daily 07:00–20:00"
    night_s = 8 * 3600.0
    rule.observe(observation(night_s, [car(62)], ground, bay))
    assert rule.observe(observation(night_s + 70, [car(132)], ground, bay)) != []


def test_zones_and_permits_of_another_preset_say_nothing_of_a_place() -> None:
    here, there = zone("no_parking", preset="gate"), zone("parking", preset="yard")
    parked = car(61, preset="gate")

    assert parking().observe(observation(61, [parked], here, there)) != []
    elsewhere = replace(parked, preset="yard")
    assert parking().observe(observation(61, [elsewhere], here)) == []


def test_a_bay_beside_the_place_permits_nothing() -> None:
    aside = zone("parking", polygon=((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0)))

    assert parking().observe(observation(61, [car(61)], NO_PARKING, aside)) != []


def test_a_loading_bay_gives_more_time() -> None:
    rule = parking(loading_s=600)
    zones = (NO_PARKING, zone("loading", calendar="day"))

    assert rule.observe(observation(300, [car(300)], *zones)) == []
    assert rule.observe(observation(601, [car(601)], *zones)) != []


def test_of_bays_over_each_other_the_one_in_its_hours_gives_more_time() -> None:
    rule = parking(loading_s=600)
    nights = zone("loading", zone_id="nights", calendar="night")
    zones = (NO_PARKING, nights, zone("loading", calendar="day"))

    assert rule.observe(observation(300, [car(300)], *zones)) == []
    assert rule.observe(observation(601, [car(601)], *zones)) != []


STREET = zone("no_parking", zone_id="street", calendar="night")
FIRE_LANE = zone(
    "no_parking",
    zone_id="fire-lane",
    polygon=((0.2, 0), (0.55, 0), (0.55, 1), (0.2, 1)),
)


@pytest.mark.parametrize("zones", [(STREET, FIRE_LANE), (FIRE_LANE, STREET)])
def test_a_fire_lane_within_a_street_that_is_free_by_day_stays_forbidden(
    zones: tuple[Zone, ...],
) -> None:
    (opened,) = parking().observe(observation(61, [car(61)], *zones))

    assert opened.zone_id == "fire-lane"
    assert "calendar always in force" in [fact.text() for fact in opened.facts]


@pytest.mark.parametrize("strict_first", [True, False])
def test_a_bay_permits_nothing_in_the_stricter_of_two_zones(
    *, strict_first: bool
) -> None:
    strict = replace(DAY, classes={"forbidden": ClassPolicy(permits=False)})
    lane = replace(FIRE_LANE, street_class="forbidden")
    zones = (lane, NO_PARKING) if strict_first else (NO_PARKING, lane)

    (opened,) = parking(strict).observe(
        observation(61, [car(61)], *zones, zone("parking"))
    )
    assert opened.zone_id == "fire-lane"


def test_of_zones_not_in_force_the_one_with_most_of_the_place_says_why() -> None:
    nights = replace(FIRE_LANE, calendar="night")
    rule = parking()
    rule.observe(observation(61, [car(61)], nights, STREET))

    (candidate,) = rule.candidates()
    assert candidate.zone_id == "street"


def test_a_forbidden_street_knows_no_permit_and_less_grace() -> None:
    strict = replace(
        DAY, classes={"forbidden": ClassPolicy(dwell_factor=0.5, permits=False)}
    )
    ground = zone("no_parking", street_class="forbidden")

    (opened,) = parking(strict).observe(
        observation(31, [car(31)], ground, zone("parking"))
    )
    assert "street_class forbidden" in [fact.text() for fact in opened.facts]


def test_a_forbidden_street_knows_no_loading_bay_either() -> None:
    strict = replace(DAY, classes={"forbidden": ClassPolicy(permits=False)})
    ground = zone("no_parking", street_class="forbidden")

    assert parking(strict).observe(observation(61, [car(61)], ground, zone("loading")))


def test_a_vehicle_half_outside_the_zone_is_no_candidate() -> None:
    corner = zone("no_parking", polygon=((0, 0), (0.45, 0), (0.45, 1), (0, 1)))
    rule = parking()

    assert rule.observe(observation(90, [car(90)], corner)) == []
    assert rule.candidates() == []


def test_a_long_stay_is_graver_and_never_less_grave_again() -> None:
    rule = parking(severe_s=100, update_every_s=30)
    steps = []
    for t in (61, 80, 110, 115, 200):
        steps += rule.observe(observation(t, [car(t)], NO_PARKING))

    assert [(s.lifecycle.value, s.severity) for s in steps] == [
        ("opened", 1),
        ("updated", 2),
    ]
    assert {step.confidence for step in steps} == {Confidence.LOW}


def test_a_wall_clock_that_is_set_back_delays_no_step() -> None:
    """A machine whose clock was hours ahead until it reached its time server."""
    rule = parking(severe_s=300)
    early = observation(61, [car(61)], NO_PARKING)
    ahead = replace(early.frame, captured_at=START + timedelta(hours=2))
    rule.observe(replace(early, frame=ahead))

    (graver,) = rule.observe(observation(301, [car(301)], NO_PARKING))
    assert (graver.lifecycle, graver.severity) == (Lifecycle.UPDATED, 2)


def test_a_hidden_object_opens_nothing() -> None:
    hidden = car(90, state=PlaceState.OCCLUDED)

    assert parking().observe(observation(90, [hidden], NO_PARKING)) == []


def ended(reason: str, seen_s: float = 70) -> Place:
    return car(seen_s, state=PlaceState.ENDED, end_reason=reason, clear_views=4)


def test_a_place_lost_from_sight_cannot_be_verified_and_says_so() -> None:
    rule = parking()
    rule.observe(observation(61, [car(61)], NO_PARKING))

    (step,) = rule.observe(observation(4000, [ended("lost")], NO_PARKING))

    assert step.lifecycle is Lifecycle.UPDATED
    assert step.ended_at is None
    assert "cannot_verify True" in [fact.text() for fact in step.facts]
    assert rule.observe(observation(4001, [], NO_PARKING)) == []


def test_a_place_that_ends_without_an_event_is_forgotten() -> None:
    rule = parking()
    rule.observe(observation(30, [car(30)], NO_PARKING))
    assert len(rule.candidates()) == 1

    assert rule.observe(observation(60, [ended("exposed")], NO_PARKING)) == []
    assert rule.candidates() == []


def heap(seen_s: float, **how: object) -> Place:
    return place("garbage", "garbage", seen_s, **how)


def lone(rule: PlaceRule, thing: Place, *times: float) -> list[Violation]:
    steps = []
    for t in times:
        now = replace(thing, observed_s=t, last_seen_s=t)
        steps += rule.observe(observation(t, [now]))
    return steps


def test_recurrence_names_the_latest_event_on_the_same_ground() -> None:
    rule = GarbagePile()
    (first,) = lone(rule, heap(0), 70)
    gone = heap(70, state=PlaceState.ENDED, end_reason="exposed")
    rule.observe(observation(90, [gone]))
    far = heap(0, place_id="p2", xyxy=(0.0, 0.0, 20.0, 10.0))
    near = heap(0, place_id="p3")

    (elsewhere,) = lone(rule, far, 170)
    (again,) = lone(rule, near, 300)
    assert elsewhere.recurrence_of is None
    assert again.recurrence_of == first.event_id


def test_what_lies_in_another_presets_picture_is_no_recurrence() -> None:
    rule = GarbagePile()
    lone(rule, heap(0, preset="gate"), 70)
    gone = heap(70, preset="gate", state=PlaceState.ENDED, end_reason="exposed")
    rule.observe(observation(90, [gone]))

    (opened,) = lone(rule, heap(0, place_id="p2", preset="yard"), 170)
    assert opened.recurrence_of is None


@pytest.mark.parametrize(
    ("east_m", "accuracy_m", "again"),
    [(0.0, 4.0, True), (5.0, 4.0, True), (8.0, 4.0, False), (16.0, 90.0, False)],
)
def test_what_a_moving_camera_sees_again_is_found_on_the_map_not_in_the_picture(
    *, east_m: float, accuracy_m: float, again: bool
) -> None:
    here = LocalPlane(30.5931, 114.3054)
    rule, after = GarbagePile(), GarbagePile()
    was = GeoPoint(here.lat, here.lon, accuracy_m=accuracy_m)
    (first,) = lone(rule, heap(0, geo=was), 70)
    gone = heap(70, geo=was, state=PlaceState.ENDED, end_reason="exposed")
    rule.observe(observation(90, [gone]))
    after.restore(json.loads(json.dumps(rule.state())))

    now = GeoPoint(*here.degrees(east_m, 0.0), accuracy_m=accuracy_m)
    other = (0.0, 0.0, 20.0, 10.0) if again else (80.0, 40.0, 120.0, 60.0)
    (opened,) = lone(after, heap(0, place_id="p2", geo=now, xyxy=other), 170)

    assert opened.recurrence_of == (first.event_id if again else None)


def test_a_place_on_the_map_is_not_the_ground_of_a_fixed_view() -> None:
    rule = GarbagePile()
    lone(rule, heap(0), 70)
    gone = heap(70, state=PlaceState.ENDED, end_reason="exposed")
    rule.observe(observation(90, [gone]))
    driven = heap(0, place_id="p2", geo=GeoPoint(30.5931, 114.3054, accuracy_m=4.0))

    (opened,) = lone(rule, driven, 170)
    assert opened.recurrence_of is None


def test_the_next_car_in_a_bay_is_no_recurrence() -> None:
    rule = parking()
    rule.observe(observation(61, [car(61)], NO_PARKING))
    rule.observe(observation(90, [ended("exposed")], NO_PARKING))

    (opened,) = rule.observe(observation(200, [car(61, place_id="p2")], NO_PARKING))
    assert opened.recurrence_of is None


def test_people_elsewhere_are_no_contact() -> None:
    rule = GarbagePile()
    rule.observe(observation(50, [heap(50)], people=[20.0]))

    assert len(rule.observe(observation(70, [heap(70)], people=[20.0]))) == 1


def test_people_in_another_presets_picture_are_no_contact() -> None:
    rule = GarbagePile()
    hidden = heap(66, preset="yard", state=PlaceState.OCCLUDED)
    elsewhere = observation(66, [hidden], people=[100.0])
    rule.observe(replace(elsewhere, view=ViewState(preset="gate")))

    seen = heap(70, preset="yard")
    shown = replace(observation(70, [seen]), view=ViewState(preset="yard"))
    assert len(rule.observe(shown)) == 1


@pytest.mark.parametrize("rule", [GarbagePile(), OverflowingBin(), StreetVending()])
def test_an_ignored_place_is_no_concern_of_any_rule(rule: PlaceRule) -> None:
    thing = place(rule.kind, "x", 500)

    rule.observe(observation(500, [thing], zone("ignore"), zone("no_vending")))
    assert rule.candidates() == []


def test_a_market_permits_stalls_in_its_hours_only() -> None:
    rule = StreetVending(schedule=DAY)
    zones = (zone("no_vending"), zone("market", calendar="night"))
    stall = place("vendor", "street_vendor", 200)

    (opened,) = rule.observe(observation(200, [stall], *zones, people=[100.0]))
    assert opened.lifecycle is Lifecycle.OPENED
    evening_s = 7 * 3600.0
    later = replace(stall, observed_s=260.0)
    (cleared,) = rule.observe(observation(evening_s, [later], *zones, people=[100.0]))
    assert cleared.lifecycle is Lifecycle.CLEARED
    assert "permit market-1 daily 20:00–07:00 none" in [f.text() for f in cleared.facts]


def test_of_markets_over_each_other_the_one_in_its_hours_permits() -> None:
    rule = StreetVending(schedule=DAY)
    night = zone("market", zone_id="night-market", calendar="night")
    zones = (zone("no_vending"), night, zone("market", calendar="day"))
    stall = place("vendor", "street_vendor", 200)

    assert rule.observe(observation(200, [stall], *zones, people=[100.0])) == []
    assert reasons(rule)["permit"] == "market-1 daily 07:00–20:00"


def test_a_stall_has_time_to_leave_when_its_market_closes() -> None:
    rule = StreetVending(schedule=DAY)
    zones = (zone("no_vending"), zone("market", calendar="day"))
    evening_s = 6 * 3600.0  # 20:00 in Shanghai

    def sell(t: float) -> list[Violation]:
        stall = place("vendor", "street_vendor", t)
        return rule.observe(observation(t, [stall], *zones, people=[100.0]))

    assert [sell(evening_s + t) for t in (-60, -1, 1, 60, 118)] == [[]] * 5
    (opened,) = sell(evening_s + 120)
    assert "observed_s 121 s >= 120 s" in [fact.text() for fact in opened.facts]


FRESH_ZONES = [
    (parking(), place("vehicle", "car", 0), 60),
    (OverflowingBin(), place("bin", "overflowing_bin", 0), 60),
    (GarbagePile(), place("garbage", "garbage", 0), 60),
    (StreetVending(), place("vendor", "street_vendor", 0), 120),
]


@pytest.mark.parametrize(("rule", "thing", "limit_s"), FRESH_ZONES)
def test_time_outside_all_zones_counts_for_nothing(
    rule: PlaceRule, thing: Place, limit_s: float
) -> None:
    kinds = ("no_parking", "bin", "clean", "no_vending")
    aside = [zone(kind, polygon=((0, 0), (0.2, 0), (0.2, 1), (0, 1))) for kind in kinds]
    here = [zone(kind) for kind in kinds]
    tended = [100.0] if rule.kind == "vendor" else []

    def see(t: float, *zones: Zone) -> list[Violation]:
        seen = replace(thing, observed_s=t, last_seen_s=t)
        return rule.observe(observation(t, [seen], *zones, people=tended))

    assert see(400, *aside) == []
    assert see(500, *aside) == []
    assert see(501, *here) == []
    assert see(499 + limit_s, *here) == []
    assert len(see(500 + limit_s, *here)) == 1


def parked_since_night(rule: IllegalParking, t: float) -> list[Violation]:
    """Show a car that came hours ago to a street in force by day, hidden 30 s."""
    morning_s = 17 * 3600.0  # 07:00 in Shanghai
    hidden_s = 30 if t > 30 else 0
    seen = car(9000 + t - hidden_s, first_seen_s=0.0, last_seen_s=morning_s + t)
    return rule.observe(observation(morning_s + t, [seen], NO_PARKING))


def test_an_event_starts_when_its_zone_came_into_force() -> None:
    rule = parking()
    for t in (-2, -1, 1, 30):
        assert parked_since_night(rule, t) == []

    (opened,) = parked_since_night(rule, 92)
    assert opened.started_s == pytest.approx(17 * 3600.0 - 1)


@pytest.mark.parametrize("began_is_stored", [True, False])
def test_an_event_starts_when_its_zone_came_into_force_also_after_a_restart(
    *, began_is_stored: bool
) -> None:
    """Earlier versions stored the credit only: then hidden time before it is lost."""
    before, after = parking(), parking()
    for t in (-1, 20):
        parked_since_night(before, t)
    record = json.loads(json.dumps(before.state()))
    stored = record["memos"]["in_force"]
    if not began_is_stored:
        record["memos"]["in_force"] = {key: entry[:2] for key, entry in stored.items()}
    after.restore(record)

    (opened,) = parked_since_night(after, 92)
    start_s = 17 * 3600.0 - 1 if began_is_stored else 9000.0 - 1
    assert opened.started_s == pytest.approx(start_s)
    assert "observed_s 63 s >= 60 s" in [fact.text() for fact in opened.facts]


def test_a_rule_says_which_classes_it_needs() -> None:
    needed = IllegalParking.required_labels | GarbagePile.required_labels
    needed |= OverflowingBin.required_labels | StreetVending.required_labels

    assert needed <= set(LABELS)


def test_memory_survives_json_and_refuses_another_rules() -> None:
    rule = GarbagePile()
    (opened,) = lone(rule, heap(0), 70)
    stored = json.loads(json.dumps(rule.state()))

    again = GarbagePile()
    again.restore(stored)
    assert again.state() == rule.state()
    assert lone(again, heap(0), 75) == []
    gone = heap(75, state=PlaceState.ENDED, end_reason="exposed")
    (cleared,) = again.observe(observation(99, [gone]))
    assert (cleared.event_id, cleared.sequence) == (opened.event_id, 2)
    with pytest.raises(ConfigError, match="got 'garbage_pile/1'"):
        OverflowingBin().restore(stored)
    with pytest.raises(ConfigError, match="delete them to start afresh"):
        GarbagePile().restore({"rule": "garbage_pile/1", "book": {"open": 3}})
    lost = {**stored["book"]["open"][0], "geo": [30.5]}
    with pytest.raises(ConfigError, match="delete them to start afresh"):
        GarbagePile().restore({**stored, "book": {**stored["book"], "open": [lost]}})
    memos = {"alone": {"p1": [70.0, []]}}
    with pytest.raises(ConfigError, match="delete them to start afresh"):
        GarbagePile().restore({**stored, "memos": memos})


def test_a_zone_that_crosses_itself_has_all_ground_that_it_encloses() -> None:
    bow = zone("z", polygon=((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)))

    assert overlap(bow, 200, 100, (0.0, 40.0, 20.0, 60.0)) == 1  # its left half
    assert overlap(bow, 200, 100, (180.0, 40.0, 200.0, 60.0)) == 1  # and its right
    assert overlap(bow, 200, 100, (90.0, 80.0, 110.0, 100.0)) == 0
    assert overlap(zone("z", polygon=WHOLE), 200, 100, (5.0, 5.0, 5.0, 5.0)) == 0
