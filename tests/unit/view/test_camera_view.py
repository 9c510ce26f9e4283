import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from tests.scenarios.world import HEIGHT, START, WIDTH, Actor, World, still, texture
from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.memory import CameraMemory, Picture, pack, unpack
from vision.core.observation import View, ViewState
from vision.view.check import CameraView, ViewParams
from vision.view.coverage import CoverageLog
from vision.view.locator import LocatorParams
from vision.view.picture import reduce, shoot, to_luma
from vision.view.references import Reference, References
from vision.view.registration import Matrix

Change = Callable[[ImageU8], ImageU8]


def shot(image: ImageU8, t: float) -> Frame:
    return Frame("c1", int(t), t, START + timedelta(seconds=t), image)


def seconds(start: float, end: float) -> list[float]:
    return [start + i for i in range(int(end - start))]


def show(
    view: CameraView,
    world: World,
    start: float,
    end: float,
    change: Change = lambda image: image,
) -> list[ViewState]:
    return [
        view.check(shot(change(world.paint(t)), t), world.detect(t))
        for t in seconds(start, end)
    ]


def as_it_is(image: ImageU8) -> ImageU8:
    return image


def grey(image: ImageU8) -> ImageU8:
    one = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.merge((one, one, one)), np.uint8)


def turn(dx: float, dy: float, zoom: float, deg: float) -> Matrix:
    around = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), deg, zoom)
    return np.add(around, [[0, 0, dx], [0, 0, dy]])


def turned(dx: float, dy: float, zoom: float = 1.0, deg: float = 0.0) -> Change:
    matrix = turn(dx, dy, zoom, deg)

    def change(image: ImageU8) -> ImageU8:
        size = (WIDTH, HEIGHT)
        out = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(out, np.uint8)

    return change


def full(colour: tuple[int, int, int]) -> Change:
    return lambda image: np.full_like(image, colour)


def smeared(image: ImageU8) -> ImageU8:
    out = image.copy()
    out[HEIGHT // 2 :] = out[HEIGHT // 2]
    return out


def half_grey(image: ImageU8) -> ImageU8:
    out = image.copy()
    out[HEIGHT // 2 :] = 128
    return out


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (full((0, 0, 0)), "black"),
        (full((255, 255, 255)), "over_exposed"),
        (half_grey, "grey"),
        (full((0, 135, 0)), "green"),
        (full((90, 90, 91)), "blocked"),
        (smeared, "corrupt"),
    ],
)
def test_a_useless_picture_is_blind_and_says_why(change: Change, reason: str) -> None:
    view, world = CameraView(), World([])

    before = show(view, world, 0, 3)
    blind = show(view, world, 3, 5, change)
    after = show(view, world, 5, 7)

    assert {state.view for state in before + after} == {View.CLEAR}
    assert {(state.view, state.reason) for state in blind} == {(View.BLIND, reason)}


def test_a_stream_that_repeats_one_picture_is_frozen() -> None:
    view = CameraView(ViewParams(frozen_s=10))
    picture = World([]).paint(0)

    states = [view.check(shot(picture, t), Detections.empty()) for t in seconds(0, 15)]

    assert [state.view for state in states[:10]] == [View.CLEAR] * 10
    assert {state.reason for state in states[10:]} == {"frozen"}


def test_a_blurred_lens_is_blocked() -> None:
    view, world = CameraView(), World([])
    show(view, world, 0, 3)

    def smudged(image: ImageU8) -> ImageU8:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 40), np.uint8)

    states = show(view, world, 3, 5, smudged)
    assert {(state.view, state.reason) for state in states} == {(View.BLIND, "blocked")}


def test_a_shaking_camera_is_compensated() -> None:
    view = CameraView()
    world = World([], shake=lambda t: (3.0, -2.0) if t >= 3 else (0.0, 0.0))

    still_view = show(view, world, 0, 3)[-1]
    shaken = show(view, world, 3, 6)[-1]

    assert still_view == ViewState(light="colour")
    assert shaken.view is View.CLEAR
    assert shaken.shift_px == pytest.approx((3, -2), abs=0.3)
    box = np.array([[100, 50, 160, 90]], np.float32)
    there = np.array([[103, 48, 163, 88]], np.float32)
    assert shaken.to_reference(there) == pytest.approx(box, abs=0.5)
    assert shaken.to_picture(box) == pytest.approx(there, abs=0.5)


def test_moving_traffic_is_no_camera_motion() -> None:
    view = CameraView()
    bus = Actor("bus", [(0, -90, 170), (10, 410, 170)], size=(180, 120))

    states = show(view, World([bus]), 0, 10)

    assert {state.view for state in states} == {View.CLEAR}
    assert max(abs(x) for state in states for x in state.shift_px) < 1.0


@pytest.mark.parametrize(
    ("dx", "dy", "zoom", "deg"),
    [(40, 10, 1.0, 0.0), (0, 0, 1.3, 0.0), (20, 0, 1.0, 6.0), (-90, 20, 1.0, 0.0)],
)
def test_a_moved_camera_stops_the_clock_then_its_zones_follow(
    dx: float, dy: float, zoom: float, deg: float
) -> None:
    view, world = CameraView(), World([])
    change = turned(dx, dy, zoom, deg)
    show(view, world, 0, 5)

    states = show(view, world, 5, 25, change)

    moved = [state.view for state in states].count(View.MOVED)
    assert 3 <= moved <= 12
    last = states[-1]
    assert (last.view, last.reason) == (View.CLEAR, "re_registered")
    box = np.array([[140, 70, 180, 110]], np.float32)
    matrix = turn(dx, dy, zoom, deg)
    centre = matrix @ (160, 90, 1)
    mapped = last.to_picture(box)[0]
    assert (mapped[:2] + mapped[2:]) / 2 == pytest.approx(centre, abs=2)
    assert last.to_reference(last.to_picture(box)) == pytest.approx(box, abs=0.5)


def test_a_camera_that_shows_something_else_asks_for_a_person() -> None:
    view = CameraView()
    show(view, World([]), 0, 5)
    elsewhere = World([], seed=99)

    turned_away = show(view, elsewhere, 5, 25)
    assert (turned_away[-1].view, turned_away[-1].reason) == (
        View.MOVED,
        "unknown_view",
    )

    view.confirm()
    assert {state.view for state in show(view, elsewhere, 25, 30)} == {View.CLEAR}


def asked(view: CameraView) -> list[str]:
    """Ask whether a view is the one of before; the answer appears in the list."""
    told: list[str] = []
    view.compare(same=lambda: told.append("same"), other=lambda _: told.append("other"))
    return told


def compared(
    after: World, change: Change = lambda image: image, *, always: Change | None = None
) -> list[str]:
    """Return what a start says of the view of the run before.

    Args:
        after: what it shows.
        change: of its pictures.
        always: of the pictures before, too.
    """
    view, again = CameraView(), CameraView()
    show(view, World([]), 0, 5, always or (lambda image: image))
    again.restore(unpack(pack(view.state()))[0])
    told = asked(again)
    states = show(again, after, 60, 70, always or change)
    assert states[-1].view is View.CLEAR
    return told


@pytest.mark.parametrize(
    ("dx", "said"), [(0, "same"), (2, "same"), (5, "other"), (60, "other")]
)
def test_a_view_is_the_one_of_before_only_where_it_lies_in_place(
    dx: float, said: str
) -> None:
    assert compared(World([], shake=lambda _: (dx, 0.0))) == [said]


def test_objects_do_not_make_another_view_nor_a_black_picture() -> None:
    bus = Actor("bus", still(160, 170, 0, 900), size=(180, 100))
    late = World([bus], light=lambda t: 0.0 if t < 65 else 1.0)

    assert compared(late) == ["same"]


def test_a_view_in_a_light_that_was_never_seen_may_be_any() -> None:
    assert compared(
        World([]), lambda image: np.asarray(255 - grey(image), np.uint8)
    ) == ["other"]


def written(image: ImageU8) -> ImageU8:
    """Return it by night, when the time and the street's name stand out most."""
    out = np.asarray(image // 4 + 20, np.uint8)
    out[:24] = texture(1, WIDTH, 24, 40)
    out[-24:] = texture(2, WIDTH, 24, 40)
    return out


def test_what_is_written_into_the_picture_stands_still_in_every_view() -> None:
    assert compared(World([]), always=written) == ["same"]
    assert compared(World([], seed=99), always=written) == ["other"]


def test_what_is_written_into_the_picture_does_not_hide_that_all_else_changed() -> None:
    view = CameraView()
    show(view, World([]), 0, 5, written)

    states = show(view, World([], seed=99), 5, 25, written)

    assert {(s.view, s.reason) for s in states[6:]} == {(View.MOVED, "unknown_view")}


@pytest.mark.parametrize(
    ("dx", "dy", "zoom", "deg"),
    [(40, 10, 1.0, 0.0), (0, 0, 1.3, 0.0), (20, 0, 1.0, 6.0), (-60, 0, 1.0, 0.0)],
)
def test_zones_follow_a_turned_camera_and_not_its_writing(
    dx: float, dy: float, zoom: float, deg: float
) -> None:
    view, world = CameraView(), World([])
    show(view, world, 0, 5, written)
    change = turned(dx, dy, zoom, deg)

    states = show(view, world, 5, 25, lambda image: written(change(image)))

    assert View.MOVED in {state.view for state in states[:6]}
    assert (states[-1].view, states[-1].reason) == (View.CLEAR, "re_registered")
    box = np.array([[140, 70, 180, 110]], np.float32)
    mapped = states[-1].to_picture(box)[0]
    centre = turn(dx, dy, zoom, deg) @ (160, 90, 1)
    assert (mapped[:2] + mapped[2:]) / 2 == pytest.approx(centre, abs=2)


def test_writing_does_not_keep_a_shaking_camera_from_being_compensated() -> None:
    view = CameraView()
    world = World([], shake=lambda t: (5.0, -3.0) if t >= 5 else (0.0, 0.0))

    states = show(view, world, 0, 10, written)

    assert {state.view for state in states} == {View.CLEAR}
    assert states[-1].shift_px == pytest.approx((5, -3), abs=0.5)


def test_a_bus_before_half_of_a_written_picture_moves_no_camera() -> None:
    bus = Actor("bus", still(90, 178, 5, 900), size=(170, 150))

    states = show(CameraView(), World([bus]), 0, 20, written)

    assert {(state.view, state.reason) for state in states} == {(View.CLEAR, None)}
    assert all(state.in_place for state in states)


@pytest.mark.parametrize("presets", [{}, {"gate": World([]).paint(0)}])
def test_without_an_earlier_picture_the_answer_comes_at_once(
    presets: dict[str, ImageU8],
) -> None:
    assert asked(CameraView(presets=presets)) == ["other"]


@pytest.mark.parametrize(("lost", "answer"), [(None, "same"), ("yard", "other")])
def test_presets_are_compared_by_their_pictures_at_once(
    lost: str | None, answer: str
) -> None:
    presets = {name: World([], seed=n).paint(0) for n, name in enumerate(("a", "yard"))}
    stored, again = CameraView(presets=presets).state(), CameraView(presets=presets)
    for known in stored["references"]:
        if known["preset"] == lost:
            known["grey"] = known["mask"] = None
    again.restore(stored)

    assert asked(again) == [answer]


def test_a_camera_that_turns_mostly_away_asks_for_a_person() -> None:
    view, world = CameraView(), World([])
    show(view, world, 0, 5)

    states = show(view, world, 5, 25, turned(200, 0))

    assert states[-1].view is View.MOVED


def infrared(image: ImageU8) -> ImageU8:
    return np.asarray(255 - grey(image), np.uint8)  # foliage turns bright, sky dark


def test_a_switch_to_infrared_stops_the_clock_for_a_moment_only() -> None:
    view, world = CameraView(), World([])

    day = show(view, world, 0, 5)
    night = show(view, world, 5, 20, infrared)
    morning = show(view, world, 20, 35)

    assert {state.light for state in day} == {"colour"}
    assert [state.reason for state in night].count("light_switch") == 3
    assert {(s.view, s.light) for s in night[6:]} == {(View.CLEAR, "infrared")}
    assert {(s.view, s.light) for s in morning[6:]} == {(View.CLEAR, "colour")}


@pytest.mark.parametrize(("before", "after"), [(grey, as_it_is), (as_it_is, infrared)])
def test_another_place_does_not_pass_for_the_same_in_another_light(
    before: Change, after: Change
) -> None:
    view = CameraView()
    show(view, World([]), 0, 10, before)

    states = show(view, World([], seed=99), 10, 40, after)

    assert [state.reason for state in states].count("light_switch") == 3
    assert {(s.view, s.reason) for s in states[6:]} == {(View.MOVED, "unknown_view")}


def test_a_view_whose_light_switched_behind_a_lorry_is_found_again() -> None:
    view = CameraView()
    show(view, World([]), 0, 10)

    before = show(view, World([], seed=99), 10, 20, infrared)
    after = show(view, World([]), 20, 30, infrared)

    assert before[-1].reason == "unknown_view"
    assert {(s.view, s.light) for s in after} == {(View.CLEAR, "infrared")}


def test_a_coloured_lorry_on_a_grey_street_is_no_switch() -> None:
    view = CameraView()
    lorry = World([Actor("truck", [(6, 160, 150), (8, 170, 150)], size=(120, 90))])

    def grey_street(image: ImageU8) -> ImageU8:
        out = grey(image)
        out[60:150, 100:230] = image[60:150, 100:230]
        return out

    states = show(view, lorry, 0, 6, grey)
    states += show(view, lorry, 6, 8, grey_street) + show(view, lorry, 8, 14, grey)

    assert {(state.view, state.light) for state in states} == {(View.CLEAR, "infrared")}


def test_light_that_creeps_away_is_learned_without_losing_the_view() -> None:
    view, world = CameraView(), World([])
    other = World([], seed=33)

    def dusk(t: float) -> ImageU8:
        share = min(1.0, t / 60)
        return np.asarray(
            cv2.addWeighted(world.paint(t), 1 - share, other.paint(t), share, 0),
            np.uint8,
        )

    views = [
        view.check(shot(dusk(t), t), Detections.empty()).view for t in seconds(0, 80)
    ]

    assert set(views) == {View.CLEAR}


def test_a_vehicle_in_front_of_the_lens_keeps_the_latest_verdict() -> None:
    view = CameraView()
    show(view, World([]), 0, 5)
    huge = World([Actor("bus", still(160, 178, 0, 100), size=(316, 176))])

    states = show(view, huge, 5, 15)

    assert {(state.view, state.reason) for state in states} == {(View.CLEAR, "hidden")}


def test_a_view_that_nobody_can_judge_is_not_trusted_for_ever() -> None:
    view = CameraView(ViewParams(location=LocatorParams(hidden_s=60)))
    show(view, World([]), 0, 5)
    huge = [Actor("bus", still(160, 178, 0, 900), size=(316, 176))]

    early = show(view, World(huge), 5, 64)
    late = show(view, World(huge, seed=99), 64, 200)
    back = show(view, World([]), 200, 205)

    assert {(s.view, s.reason) for s in early} == {(View.CLEAR, "hidden")}
    assert {(s.view, s.reason) for s in late} == {(View.BLIND, "hidden")}
    assert {(s.view, s.reason) for s in back} == {(View.CLEAR, None)}


@pytest.mark.parametrize("light", [1.0, 0.25])
@pytest.mark.parametrize(
    ("seed", "seen"), [(7, View.CLEAR), (99, View.BLIND)], ids=["same", "other"]
)
def test_what_is_left_of_the_background_bears_a_view_out(
    seed: int, seen: View, light: float
) -> None:
    view = CameraView()
    show(view, World([], light=lambda _t: light), 0, 5)
    jam = [
        Actor("bus", still(x, y, 0, 900), size=(100, 52))
        for x in (70, 190)
        for y in (60, 120, 178)
    ]

    states = show(view, World(jam, seed=seed, light=lambda _t: light), 5, 200)

    assert {state.reason for state in states} == {"hidden"}
    assert states[-1].view is seen


def test_an_upright_picture_that_sways_in_a_hand_is_trusted_again() -> None:
    # Four reduced pixels a second: much across a wide picture, little along a tall one.
    view = CameraView()
    wall = texture(5, 340, 700, 40)

    def hand(t: float) -> ImageU8:
        shift = 0.0 if t < 5 else 30 + 4 * (t - 5)
        return wall[round(shift) : round(shift) + 560, 10:330]

    states = [view.check(shot(hand(t), t), Detections.empty()) for t in seconds(0, 14)]

    assert states[6].view is View.MOVED
    assert [state.reason for state in states[-4:]] == ["re_registered"] * 4


def test_presets_are_told_apart_by_name() -> None:
    gate, yard = World([], seed=41), World([], seed=42)
    view = CameraView(presets={"gate": gate.paint(0), "yard": yard.paint(0)})

    assert {s.preset for s in show(view, gate, 0, 3)} == {"gate"}
    assert {s.preset for s in show(view, yard, 3, 6)} == {"yard"}
    states = show(view, World([], seed=43), 6, 15)
    assert (states[-1].view, states[-1].reason) == (View.MOVED, "unknown_view")
    assert {s.preset for s in show(view, gate, 15, 17)} == {"gate"}


def test_coverage_counts_what_could_be_seen_per_day() -> None:
    view, world = CameraView(ViewParams(timezone="Asia/Shanghai")), World([])
    show(view, world, 0, 101)
    show(view, world, 101, 151, full((0, 0, 0)))
    show(view, World([], seed=99), 151, 161)

    (day,) = view.coverage()
    assert day.day == "2026-11-21"
    assert (day.clear_s, day.blind_s, day.moved_s) == (100, 50, 10)
    assert day.clear_hours == pytest.approx(100 / 3600)


def test_a_day_of_coverage_ends_at_the_citys_midnight_and_gaps_are_unseen() -> None:
    log = CoverageLog("Asia/Shanghai", max_gap_s=120.0)
    before = datetime(2026, 11, 21, 15, 50, tzinfo=UTC)  # 23:50 in Shanghai
    seen = [*range(0, 1201, 10), *range(3000, 3061, 10)]
    for t in seen:  # nothing came for half an hour: neither clear nor blind
        log.note(View.CLEAR, float(t), before + timedelta(seconds=t))

    days = {day.day: (day.clear_s, day.blind_s) for day in log.days()}

    assert days == {"2026-11-21": (590, 0), "2026-11-22": (670, 0)}


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)]
)
def test_a_day_of_coverage_has_as_many_hours_as_the_clock_lets_it(
    day: date, hours: int
) -> None:
    log = CoverageLog("Europe/Berlin")
    start = datetime.combine(day, time(0), ZoneInfo("Europe/Berlin")).astimezone(UTC)
    for minute in range(-60, 27 * 60):
        at = start + timedelta(minutes=minute)
        log.note(View.CLEAR, minute * 60.0, at)

    covered = {one.day: one.clear_hours for one in log.days()}

    assert covered[day.isoformat()] == hours


def test_a_camera_turned_while_the_engine_was_down_is_noticed() -> None:
    view, world = CameraView(), World([])
    show(view, world, 0, 5)
    stored, _ = unpack(pack(view.state()))

    same, moved = CameraView(), CameraView()
    same.restore(stored)
    moved.restore(stored)

    assert {s.view for s in show(same, world, 0, 10)} == {View.CLEAR}
    assert show(moved, World([], seed=99), 0, 10)[-1].reason == "unknown_view"
    assert len(same.coverage()) == 1


@pytest.mark.parametrize(("seed", "seen"), [(7, View.CLEAR), (99, View.MOVED)])
def test_a_first_night_after_a_restart_is_believed_by_its_edges(
    seed: int, seen: View
) -> None:
    view = CameraView()
    show(view, World([], seed=7), 0, 5)
    restarted = CameraView()
    restarted.restore(view.state())

    states = show(restarted, World([], seed=seed), 0, 10, infrared)

    assert {state.view for state in states} == {seen}


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"coverage": {"2026-11-21": [1.0]}},
        {"references": [{"grey": "AAAA"}]},
        {"references": None},
    ],
)
def test_a_damaged_memory_is_a_clear_error(damage: dict[str, object]) -> None:
    view = CameraView()
    show(view, World([]), 0, 2)

    with pytest.raises(ConfigError, match="stored view"):
        CameraView().restore({**view.state(), **damage})


@pytest.mark.parametrize("scale", [0.0, 1e308, float("nan")])
def test_a_damaged_motion_is_a_clear_error(scale: float) -> None:
    """It would end the engine with the first picture, at every start."""
    view = CameraView()
    show(view, World([]), 0, 2)
    stored = view.state()
    stored["references"][0]["matrix"][0][0] = scale

    with pytest.raises(ConfigError, match="stored view"):
        CameraView().restore(stored)


def sized(width: int, height: int) -> Change:
    """Return what shows the whole picture in another size, stretched if need be."""
    return lambda image: np.asarray(
        cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((704, 396), (1920, 1080)),
        ((704, 576), (1920, 1080)),
        ((1920, 1080), (704, 576)),
        ((640, 480), (1920, 1080)),
        ((1920, 1088), (640, 352)),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_the_whole_picture_in_another_shape_is_the_same_view(
    before: tuple[int, int], after: tuple[int, int], *, restarted: bool
) -> None:
    view, world = CameraView(), World([])
    show(view, world, 0, 5, sized(*before))
    if restarted:
        (stored, _), view = unpack(pack(view.state())), CameraView()
        view.restore(stored)

    states = show(view, world, 5, 25, sized(*after))
    back = show(view, world, 25, 35, sized(*before))

    assert {(state.view, state.reason) for state in states + back} == {
        (View.CLEAR, None)
    }
    assert all(state.in_place for state in states + back)


def test_a_shaking_camera_is_compensated_in_another_shape() -> None:
    view = CameraView()
    world = World([], shake=lambda t: (4.0, -3.0) if t >= 5 else (0.0, 0.0))
    show(view, world, 0, 5)

    shaken = show(view, world, 5, 10, sized(640, 480))[-1]

    assert shaken.view is View.CLEAR
    there = shaken.to_picture(np.array([[200, 160, 320, 240]], np.float32))
    across, down = 4.0 * 640 / WIDTH, -3.0 * 480 / HEIGHT
    moved = [[200 + across, 160 + down, 320 + across, 240 + down]]
    assert there == pytest.approx(np.array(moved), abs=1.0)


def cropped(image: ImageU8) -> ImageU8:
    width = HEIGHT * 4 // 3
    left = (WIDTH - width) // 2
    return np.ascontiguousarray(image[:, left : left + width])


@pytest.mark.parametrize("large", [(WIDTH, HEIGHT), (1280, 720)])
def test_a_part_of_the_picture_in_another_shape_is_another_view(
    large: tuple[int, int],
) -> None:
    view, world = CameraView(), World([])
    show(view, world, 0, 5, sized(*large))

    states = show(
        view,
        world,
        5,
        25,
        lambda image: sized(large[1] * 4 // 3, large[1])(cropped(image)),
    )

    assert {(s.view, s.reason) for s in states[6:]} == {(View.MOVED, "unknown_view")}


def test_a_known_picture_is_encoded_once() -> None:
    """Memory is saved every ten seconds, for months."""
    view, world = CameraView(), World([])
    show(view, world, 0, 5)
    (before,) = view.state()["references"]
    show(view, world, 5, 15)
    (after,) = view.state()["references"]

    assert after["grey"] is before["grey"]
    assert after["mask"] is before["mask"]


def test_pictures_that_an_earlier_version_wrote_into_the_record_are_known() -> None:
    view, world, restarted = CameraView(), World([]), CameraView()
    show(view, world, 0, 5)
    stored = view.state()
    for known in stored["references"]:
        for kind in ("grey", "mask"):
            known[kind] = base64.b64encode(png_of(known[kind])).decode()
    restarted.restore(json.loads(json.dumps(stored)))

    packed = pack(restarted.state())

    assert packed == pack(view.state())
    assert len(packed.pictures) == 2
    assert show(restarted, World([], seed=99), 0, 10)[-1].reason == "unknown_view"


def png_of(stored: Picture | str | None) -> bytes:
    assert isinstance(stored, Picture)
    return stored.png


@pytest.mark.parametrize("kind", ["grey", "mask"])
def test_of_what_is_lost_the_next_picture_takes_the_place(kind: str) -> None:
    view, world, restarted = CameraView(), World([]), CameraView()
    show(view, world, 0, 5)
    memory = pack(view.state())
    (known,) = view.state()["references"]
    png = png_of({"grey": known["grey"], "mask": known["mask"]}[kind])
    left = {name: one for name, one in memory.pictures.items() if one != png}
    stored, lost = unpack(CameraMemory(memory.record, left))
    restarted.restore(stored)

    states = show(restarted, world, 5, 10)

    assert len(lost) == 1
    assert {state.view for state in states} == {View.CLEAR}
    assert len(restarted.coverage()) == 1
    assert len(restarted.state()["references"]) == 1


@pytest.mark.parametrize("grey_png", ["", "AAAA", Picture(b"no picture")])
def test_a_stored_picture_that_is_damaged_is_a_clear_error(
    grey_png: str | Picture,
) -> None:
    view = CameraView()
    show(view, World([]), 0, 2)
    (known,) = view.state()["references"]

    with pytest.raises(ConfigError, match="damaged"):
        CameraView().restore(
            {**view.state(), "references": [{**known, "grey": grey_png}]}
        )


def test_a_stored_mask_must_fit_its_picture() -> None:
    view, other = CameraView(), CameraView()
    show(view, World([]), 0, 2)
    tall = np.asarray(cv2.resize(World([]).paint(0), (320, 240)), np.uint8)
    other.check(shot(tall, 0.0), Detections.empty())
    (known,), (strange,) = view.state()["references"], other.state()["references"]

    with pytest.raises(ConfigError, match="does not fit"):
        CameraView().restore(
            {**view.state(), "references": [{**known, "mask": strange["mask"]}]}
        )


def test_old_coverage_is_forgotten_after_two_months() -> None:
    log = CoverageLog("UTC")
    for day in range(80):
        at = START + timedelta(days=day)
        log.note(View.CLEAR, day * 1000.0, at)
        log.note(View.CLEAR, day * 1000.0 + 60, at)

    days = log.days()
    assert len(days) == 62
    assert days[-1].day == "2027-02-08"
    assert {day.clear_s for day in days} == {60.0}


def test_few_known_pictures_are_kept() -> None:
    references = References(min_inliers=0.3, shake_share=0.03)
    for seed in range(9):
        picture = reduce(World([], seed=seed).paint(0))
        known = shoot(to_luma(picture), np.empty((0, 4), np.float32))
        references.add(Reference(known, np.eye(3), None, is_base=seed == 0))

    assert len(references) == 6
    assert [reference.is_base for reference in references].count(True) == 1


def test_a_small_motion_after_a_long_rest_is_compensated_at_once() -> None:
    view = CameraView()
    show(view, World([]), 0, 20)

    states = show(view, World([], shake=lambda _t: (2.0, 0.0)), 20, 23)

    assert all(abs(state.shift_px[0] - 2.0) < 0.5 for state in states)


def test_a_camera_that_creeps_is_not_left_behind() -> None:
    view = CameraView()
    creep_px_s = 0.05  # unnoticed from one picture to the next

    states = show(view, World([], shake=lambda t: (creep_px_s * t, 0.0)), 0, 60)

    assert abs(states[-1].shift_px[0] - creep_px_s * 60) < 0.6
