import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import numpy as np
import pytest

from tests.scenarios.world import LABELS, START, Actor, World, still
from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.geometry import Xyxy
from vision.core.observation import View, ViewState
from vision.core.places import Place, PlaceState
from vision.rules.appearance import blend, look_at, similarity
from vision.rules.backdrop import Backdrop
from vision.rules.kinds import KINDS, VENDOR, PlaceParams
from vision.rules.matching import within_reach
from vision.rules.places import PlaceMemory
from vision.rules.votes import Votes

CAR = Actor("car", still(160, 120, 0, 1000), look=3)
CLEAR = ViewState()


def run(
    memory: PlaceMemory,
    world: World,
    start: int,
    end: int,
    view: ViewState = CLEAR,
) -> tuple[Place, ...]:
    places: tuple[Place, ...] = ()
    for t in range(start, end):
        places = memory.update(world.frame(float(t), t), world.detect(float(t)), view)
    return places


def picture(image: ImageU8, at_s: float) -> Frame:
    return Frame("c1", int(at_s), at_s, START + timedelta(seconds=at_s), image)


def memory(**params: float) -> PlaceMemory:
    return PlaceMemory("c1", LABELS, params=replace(PlaceParams(), **params))  # type: ignore[arg-type]  # keywords for the fields


def test_a_place_tells_its_states_over_time() -> None:
    bus = Actor("bus", [(20, -150, 150), (23, 160, 150), (33, 160, 150)], (180, 100), 5)
    (car, *_) = run(memory(), World([CAR, bus]), 0, 50)

    states = [stretch.state for stretch in car.timeline]
    assert states[0] is PlaceState.STANDING
    assert PlaceState.OCCLUDED in states
    assert car.timeline[0].since_s == 0
    assert sorted(s.since_s for s in car.timeline) == [s.since_s for s in car.timeline]


def test_a_timeline_is_bounded_and_keeps_its_beginning() -> None:
    store = memory()
    world = World([CAR])
    run(store, world, 0, 10)
    for t in range(10, 310):
        run(store, world, t, t + 1, ViewState(View.BLIND if t % 2 else View.CLEAR))
    (place,) = run(store, world, 310, 311)

    assert len(place.timeline) <= 64
    assert place.timeline[0].since_s == 0


def test_blind_time_is_not_observed() -> None:
    store = memory()
    world = World([CAR])
    run(store, world, 0, 20)
    (blind,) = run(store, world, 20, 60, ViewState(View.BLIND, "black"))
    (after,) = run(store, world, 60, 70)

    assert blind.state is PlaceState.OCCLUDED
    assert after.observed_s == pytest.approx(19 + 9)
    assert after.elapsed_s == 69


def test_a_place_out_of_sight_for_too_long_is_lost() -> None:
    store = memory(lost_s=30)
    world = World([CAR])
    run(store, world, 0, 20)
    blind = ViewState(View.BLIND, "black")
    assert [p.end_reason for p in run(store, world, 20, 49, blind)] == [None]

    assert [p.end_reason for p in run(store, world, 49, 50, blind)] == ["lost"]
    assert run(store, world, 50, 51, blind) == ()


def test_a_switch_of_light_forgets_looks_but_not_places() -> None:
    store = memory()
    (day,) = run(store, World([CAR]), 0, 20, ViewState(light="colour"))
    night_car = replace(CAR, look=77)
    night = World([night_car], seed=8)

    (dark,) = run(store, night, 20, 40, ViewState(light="infrared"))
    assert dark.place_id == day.place_id
    assert dark.observed_s == pytest.approx(39)


def test_presets_have_places_of_their_own() -> None:
    store = memory()
    gate, yard = World([CAR], seed=1), World([replace(CAR, look=9)], seed=2)
    (one,) = run(store, gate, 0, 10, ViewState(preset="gate"))
    two = run(store, yard, 10, 20, ViewState(preset="yard"))
    back = run(store, gate, 20, 30, ViewState(preset="gate"))

    assert one.preset == "gate"
    assert {(p.preset, p.state.value) for p in two} == {
        ("gate", "occluded"),
        ("yard", "standing"),
    }
    assert {p.place_id for p in back} == {p.place_id for p in two}
    (again,) = [p for p in back if p.preset == "gate"]
    assert again.observed_s == pytest.approx(18)


def test_another_car_on_the_same_ground_replaces_the_first() -> None:
    store = memory()
    (first,) = run(store, World([CAR]), 0, 20)
    run(store, World([CAR]), 20, 30, ViewState(View.BLIND, "black"))
    other = World([replace(CAR, look=50)])

    seen = [place for t in range(30, 40) for place in run(store, other, t, t + 1)]
    reasons = {p.end_reason for p in seen if p.place_id == first.place_id}
    assert "replaced" in reasons
    assert run(store, other, 40, 42)[0].place_id != first.place_id


def test_boxes_of_one_object_open_one_place() -> None:
    double = [CAR, replace(CAR, label="truck", size=(64, 38))]

    assert len(run(memory(), World(double), 0, 20)) == 1


def test_weak_detections_open_nothing_but_keep_what_is_known() -> None:
    store = memory()
    assert run(store, World([CAR], score=0.3), 0, 20) == ()
    (known,) = run(store, World([CAR]), 20, 30)

    (kept,) = run(store, World([CAR], score=0.25), 30, 60)
    assert kept.place_id == known.place_id
    assert kept.support == 1.0


def test_the_oldest_unconfirmed_go_first_when_the_memory_is_full() -> None:
    store = memory(max_places=4)
    cars = [Actor("car", still(50 + 60 * i, 60, 0, 99), (40, 24), i) for i in range(4)]
    low = [
        Actor("car", still(50 + 60 * i, 150, 30, 99), (40, 24), 9 + i) for i in range(2)
    ]

    early = {p.place_id for p in run(store, World(cars), 0, 20)}
    late = run(store, World([*cars, *low]), 20, 60)
    assert len(early) == 4
    assert len(late) <= 5
    assert len(store) <= 4


def test_stored_places_come_back_with_their_ids() -> None:
    store = memory()
    (before,) = run(store, World([CAR]), 0, 20)
    again = memory()
    again.restore(json.loads(json.dumps(store.state())))

    (after,) = run(again, World([CAR]), 30, 40)
    assert after.place_id == before.place_id
    assert after.first_seen_at == before.first_seen_at
    assert after.observed_s == pytest.approx(19 + 9)


def test_a_stored_place_is_as_sure_as_before_until_it_is_seen_again() -> None:
    """Else a full bin behind a van at the restart would count as empty."""
    store = memory()
    (before,) = run(store, World([CAR]), 0, 20)
    again = memory()
    again.restore(json.loads(json.dumps(store.state())))

    (hidden,) = again.update(
        World([CAR]).frame(30.0), Detections.empty(), ViewState(View.BLIND, "black")
    )
    assert hidden.recent_score == pytest.approx(before.recent_score)


def test_a_stored_place_that_is_gone_for_long_ends_unproven() -> None:
    store = memory(reattach_s=60)
    run(store, World([CAR]), 0, 20)
    again = memory(reattach_s=60)
    again.restore(store.state())

    (place,) = run(again, World([]), 300, 301)
    assert (place.state, place.end_reason) == (PlaceState.ENDED, "lost")


@pytest.mark.parametrize("restarts", [True, False])
def test_what_was_not_seen_for_too_long_begins_anew_whatever_it_looks_like(
    *, restarts: bool
) -> None:
    """Monday's car looks like Friday's: it has not stood there since Friday."""
    store = memory(reattach_s=60)
    (friday,) = run(store, World([CAR]), 0, 20)
    monday = store
    if restarts:
        monday = memory(reattach_s=60)
        monday.restore(json.loads(json.dumps(store.state())))

    (gone,) = run(monday, World([CAR]), 300, 301)
    (car,) = run(monday, World([CAR]), 301, 311)

    assert (gone.place_id, gone.end_reason) == (friday.place_id, "lost")
    assert car.place_id != friday.place_id
    assert car.first_seen_at == START + timedelta(seconds=300)
    assert car.observed_s == pytest.approx(10)


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {"version": 1, "camera_id": "c2", "places": [], "light": None},
        {"version": 9, "camera_id": "c1", "places": [], "light": None},
        {"version": 1, "camera_id": "c1", "places": [{}], "light": None},
    ],
)
def test_damaged_records_are_a_clear_error(record: object) -> None:
    with pytest.raises(ConfigError, match="delete them to start afresh"):
        memory().restore(record)


def test_places_of_a_kind_no_longer_watched_are_dropped() -> None:
    store = memory()
    run(store, World([CAR]), 0, 20)
    only_refuse = PlaceMemory("c1", LABELS, kinds=KINDS[1:])

    only_refuse.restore(store.state())
    assert len(only_refuse) == 0


def test_a_slow_camera_gets_more_patience() -> None:
    assert PlaceParams.for_period(1.0) == PlaceParams()
    slow = PlaceParams.for_period(30.0)
    assert (slow.max_gap_s, slow.patience_s) == (75.0, 75.0)


def test_a_stall_roams_in_box_sizes_or_in_metres() -> None:
    a, b = (0.0, 0.0, 10.0, 10.0), (25.0, 0.0, 35.0, 10.0)
    metre_per_px = np.diag([1.0, 1.0, 1.0]).astype(np.float32)

    assert within_reach(a, b, VENDOR, None)
    assert not within_reach(a, b, VENDOR, metre_per_px)
    assert within_reach(a, b, VENDOR, np.diag([0.1, 0.1, 1.0]).astype(np.float32))


def test_votes_weigh_seconds_not_frames() -> None:
    votes = Votes(20)
    for i in range(25):
        votes.add("car", 0.9, i / 25)
    votes.add("truck", 0.5, 1.0)

    assert dict(votes.shares()) == {"car": 0.5, "truck": 0.5}
    assert votes.support() == 1.0


def test_the_strength_of_an_earlier_watch_lasts_as_long_as_the_window() -> None:
    votes = Votes(20.0, (("bin", 1.0),), 0.8)

    votes.abstain(0.0)
    assert votes.strength() == 0.8
    votes.abstain(30.0)
    assert votes.strength() == 0.0


def test_votes_forget_what_is_older_than_their_window() -> None:
    votes = Votes(10, shares=(("bus", 1.0),))
    assert votes.shares() == (("bus", 1.0),)
    assert votes.support() == 0.0
    votes.add("car", 0.9, 0.0)
    for t in range(1, 21):
        votes.abstain(float(t))
    assert votes.shares() == (("car", 1.0),)
    assert votes.support() == 0.0
    votes.add("truck", 0.0, 20.5)
    assert votes.shares() == (("truck", 1.0),)

    votes.restart()
    assert votes.shares() == (("truck", 1.0),)
    votes.add("van", 0.9, 3.0)
    votes.add("van", 0.9, 2.0)  # a clock that steps back counts where it stands
    assert votes.shares() == (("van", 1.0),)


def test_a_look_needs_pixels_and_structure() -> None:
    picture = World([CAR]).paint(0)

    assert look_at(picture, (400, 10, 420, 30)) is None
    assert look_at(np.full_like(picture, 90), (10, 10, 90, 60)) is None
    seen = look_at(picture, (130, 84, 190, 120))
    assert seen is not None
    assert similarity(seen, seen) == pytest.approx(1.0)
    assert similarity(seen, None) is None
    assert blend(None, seen, 0.5) is seen
    assert blend(seen, None, 0.5) is seen


def test_light_does_not_change_a_look() -> None:
    box = (130, 84, 190, 120)
    dark = World([CAR], light=lambda _t: 0.5, noise=0).paint(0)
    bright = World([CAR], noise=0).paint(0)

    alike = similarity(look_at(dark, box), look_at(bright, box))
    assert alike is not None
    assert alike > 0.99


def test_bare_ground_is_known_only_where_it_was_seen() -> None:
    ground = Backdrop()
    street, box = World([]), (130.0, 84.0, 190.0, 120.0)
    assert ground.ground(box) is None
    for t in range(10):
        ground.learn(street.frame(t), CLEAR, [box])

    assert ground.ground(box) is None
    assert ground.ground((500.0, 500.0, 501.0, 501.0)) is None
    open_box = (20.0, 20.0, 80.0, 60.0)
    bare = ground.ground(open_box)
    assert bare is not None
    assert ground.bareness(bare, open_box) > 0.8
    assert ground.bareness(bare, (500.0, 500.0, 501.0, 501.0)) == 0.0
    parked = World([Actor("car", still(50, 60, 0, 99), look=3)])
    ground.learn(picture(parked.paint(10), 10.5), CLEAR, [open_box])
    assert ground.bareness(bare, open_box) < 0.5


@pytest.mark.parametrize("light", [1.0, 0.3])
def test_what_hides_a_spot_changes_the_ground_around_it(light: float) -> None:
    ground, box = Backdrop(), (130.0, 84.0, 190.0, 120.0)
    bus = Actor("bus", still(160, 140, 0, 99), size=(180, 100), look=8)
    smaller = Actor("goods", still(160, 119, 0, 99), size=(50, 30), look=9)

    def changed(world: World, others: Sequence[Xyxy] = ()) -> float | None:
        ground.learn(picture(world.paint(0), 10.5), CLEAR, [])
        return ground.changed_around(box, others)

    def world(*actors: Actor, dimmed: float = 1.0) -> World:
        return World([*actors], light=lambda _t: light * dimmed)

    assert ground.changed_around(box, []) is None
    for t in range(11):
        ground.learn(world().frame(t), CLEAR, [box])
    assert changed(world()) == pytest.approx(0, abs=0.1)
    assert changed(world(smaller)) == pytest.approx(0, abs=0.1)
    assert changed(world(dimmed=0.6)) == pytest.approx(0, abs=0.1)
    hidden = changed(world(bus))
    assert hidden is not None
    assert hidden > 2 * PlaceParams().cover_around - 0.1
    # What is known to stand there says nothing about the ground.
    assert changed(world(bus), [(70.0, 40.0, 250.0, 140.0)]) is None
    assert changed(world(), [(60.0, 40.0, 155.0, 140.0)]) == pytest.approx(0, abs=0.1)


def test_what_stands_before_a_spot_is_darker_there_and_the_shade_that_goes_is_not() -> (
    None
):
    """Shade went with its car: the street before it is not hidden for that."""
    box = (130.0, 84.0, 190.0, 120.0)
    lit = World([]).paint(0)
    shaded = lit.copy()
    shaded[120:136, 126:194] //= 2

    def changed(before: ImageU8, after: ImageU8) -> float:
        ground = Backdrop()
        for t in range(11):
            ground.learn(picture(before, float(t)), CLEAR, [box])
        ground.learn(picture(after, 11.5), CLEAR, [])
        share = ground.changed_around(box, [])
        assert share is not None
        return share

    cover_around = PlaceParams().cover_around
    assert changed(lit, shaded) > 2 * cover_around
    assert changed(shaded, lit) < cover_around


def test_plain_asphalt_is_recognised_by_being_plain() -> None:
    ground = Backdrop()
    asphalt = np.full((180, 320, 3), 100, np.uint8)
    for t in range(10):
        ground.learn(picture(asphalt, float(t)), CLEAR, [])
    box = (100.0, 80.0, 160.0, 120.0)
    bare = ground.ground(box)
    assert bare is not None
    assert ground.bareness(bare, box) == 1.0

    ground.learn(picture(World([CAR]).paint(0), 10.5), CLEAR, [])
    assert ground.bareness(bare, box) == 0.0
    other_size = picture(np.zeros((240, 320, 3), np.uint8), 13.0)
    ground.learn(other_size, CLEAR, [])
    assert ground.ground(box) is None


def test_the_ground_is_known_in_the_reference_view_though_the_camera_sways() -> None:
    ground = Backdrop()
    box = (20.0, 20.0, 80.0, 60.0)
    sway = [(0.0, 0.0), (5.0, -3.0), (-4.0, 4.0), (6.0, 2.0), (-5.0, -4.0)]
    for t in range(20):
        shift = sway[t % len(sway)]
        moved = World([], shake=partial(_shift, shift)).frame(t)
        ground.learn(moved, ViewState(shift_px=shift), [])
    bare = ground.ground(box)
    assert bare is not None
    assert ground.ground((-40.0, 20.0, -2.0, 60.0)) is None  # outside the picture

    assert ground.bareness(bare, box) > 0.9
    ground.learn(World([]).frame(30), ViewState(shift_px=(9.0, 9.0)), [])  # it did not
    assert ground.bareness(bare, box) < 0.6


def _shift(shift: tuple[float, float], _t: float) -> tuple[float, float]:
    return shift


def test_no_detections_open_no_places() -> None:
    store = memory()
    frame = World([]).frame(0.0)

    assert store.update(frame, Detections.empty(), CLEAR) == ()


def test_ground_that_is_hardly_more_than_plain_is_recognised_through_noise() -> None:
    ground = Backdrop()
    asphalt = np.full((180, 320, 3), 100, np.uint8)
    rng = np.random.default_rng(1)
    box = (100.0, 80.0, 160.0, 120.0)
    for t in range(10):
        ground.learn(picture(asphalt, float(t)), CLEAR, [])
    bare = ground.ground(box)
    assert bare is not None
    drops = rng.normal(100, 9, (180, 320, 1)).astype(np.uint8)
    ground.learn(picture(drops.repeat(3, axis=2), 10.5), CLEAR, [])

    assert 0.6 <= ground.bareness(bare, box) < 0.9  # recognised, not beyond doubt


def _stalls(boxes: list[tuple[float, float, float, float]]) -> tuple[Place, ...]:
    store, world = memory(), World([Actor("car", still(160, 120, 0, 1000), (60, 60))])
    found = Detections(
        np.array(boxes, np.float32),
        np.linspace(0.95, 0.7, len(boxes), dtype=np.float32),
        np.full(len(boxes), LABELS.index("street_vendor"), np.int64),
    )
    places: tuple[Place, ...] = ()
    for t in range(40):
        places = store.update(world.frame(float(t), t), found, CLEAR)
    return places


def test_a_table_within_a_stall_is_no_second_stall() -> None:
    stall, table, beside = (
        (130.0, 60.0, 190.0, 120.0),
        (145.0, 93.0, 186.0, 119.0),
        (230.0, 93.0, 271.0, 119.0),
    )

    assert [place.xyxy for place in _stalls([stall, table])] == [stall]
    assert len(_stalls([stall, beside])) == 2
