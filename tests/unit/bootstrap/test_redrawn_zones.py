"""Zones drawn anew: only the picture tells whether the camera was turned as well."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.scenarios.world import START, Actor, World, still
from tests.unit.bootstrap.starts import Started, start
from vision.core.arrays import ImageU8
from vision.core.scene import Zone
from vision.core.verification import LookAnswer, LookRequest, Outcome, Reported
from vision.core.violations import Lifecycle, Violation
from vision.rules.garbage_pile import GarbagePile
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.second_look import SecondLooks


def part(zone_id: str, left: float, right: float, kind: str = "clean") -> Zone:
    """Return a zone as high as the picture."""
    corners = ((left, 0.0), (right, 0.0), (right, 1.0), (left, 1.0))
    return Zone(zone_id, kind, corners)


PAVEMENT = part("pavement", 0, 1)
MENDED = part("pavement", 0.05, 1)
RENAMED = part("footpath", 0, 1)
LEFT, RIGHT = part("left", 0, 0.6), part("right", 0.6, 1)
HEAP = Actor("garbage", still(100, 120, 20, 10**6), (50, 30), look=4)
ELSEWHERE = replace(HEAP, path=still(220, 120, 20, 10**6))


def before(home: Path, zone: Zone = PAVEMENT, end_s: float = 150) -> list[Violation]:
    """Return what is decided of a heap in the run before; the engine then stops."""
    run = start(home, (zone,), GarbagePile())
    steps = run.watch(World([HEAP]), 0, end_s)
    run.memory.save(ended=True)
    return steps


def words(steps: list[Violation]) -> list[str]:
    return [step.lifecycle.value for step in steps]


def reasons(step: Violation) -> list[str]:
    return [fact.text() for fact in step.facts[:2]]


def black_until(t_s: float, world: World) -> World:
    return replace(world, light=lambda t: 1.0 if t >= t_s else 0.0)


@pytest.mark.parametrize(
    "zones", [(MENDED,), (RENAMED,), (PAVEMENT, RIGHT), (LEFT, RIGHT)]
)
def test_what_stands_in_a_zone_that_was_mended_goes_on(
    tmp_path: Path, zones: tuple[Zone, ...]
) -> None:
    (old,) = before(tmp_path)
    run = start(tmp_path, zones, GarbagePile())

    assert run.watch(World([HEAP]), 210, 400) == []
    (cleared,) = run.watch(World([]), 401, 500)
    assert (cleared.event_id, cleared.sequence) == (old.event_id, 2)
    assert cleared.lifecycle is Lifecycle.CLEARED
    assert reasons(cleared)[0] == "place exposed"
    assert run.drawing.since is None


def test_dwell_goes_on_where_a_zone_was_mended(tmp_path: Path) -> None:
    assert before(tmp_path, end_s=60) == []  # forty of sixty seconds
    run = start(tmp_path, (MENDED,), GarbagePile())

    (opened,) = run.watch(World([HEAP]), 120, 150)
    assert opened.place.first_seen_at == START + timedelta(seconds=20)


def test_what_stands_outside_the_new_zones_ends_without_proof(tmp_path: Path) -> None:
    """The zone was taken away, not the heap."""
    (old,) = before(tmp_path)
    run = start(tmp_path, (RIGHT,), GarbagePile())
    (ended,) = run.watch(World([HEAP]), 210, 400)
    run.memory.save(ended=True)

    assert (ended.event_id, ended.sequence) == (old.event_id, 2)
    assert ended.lifecycle is Lifecycle.UPDATED
    assert reasons(ended) == ["cannot_verify True", "zone none"]
    assert ended.is_last

    back = start(tmp_path, (PAVEMENT,), GarbagePile())
    (new,) = back.watch(World([HEAP]), 460, 600)
    assert new.lifecycle is Lifecycle.OPENED
    assert new.event_id != old.event_id
    assert new.recurrence_of is None  # it never was away


def test_a_zone_drawn_over_what_stands_there_counts_from_then_on(
    tmp_path: Path,
) -> None:
    assert before(tmp_path, RIGHT, 400) == []
    run = start(tmp_path, (LEFT, RIGHT), GarbagePile())

    (opened,) = run.watch(World([HEAP]), 460, 600)
    assert opened.decided_s == pytest.approx(520, abs=2)
    assert opened.started_at == START + timedelta(seconds=460)
    assert opened.place.first_seen_at == START + timedelta(seconds=20)


def test_a_no_parking_zone_drawn_where_there_was_none_counts_from_then_on(
    tmp_path: Path,
) -> None:
    """It brings the rule with it, and the car is remembered without one."""
    car = Actor("car", still(100, 120, 5, 10**6), look=3)
    bare = start(tmp_path, (RIGHT,), GarbagePile())
    bare.watch(World([car]), 0, 400)
    bare.memory.save(ended=True)
    rule = IllegalParking(ParkingParams(grace_s=60, undecided_factor=1.0))
    kerb = part("kerb", 0, 0.6, "no_parking")
    run = start(tmp_path, (RIGHT, kerb), GarbagePile(), rule)

    (opened,) = run.watch(World([car]), 460, 600)
    assert opened.decided_s == pytest.approx(520, abs=2)


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("black_s", [0.0, 30.0])
def test_no_picture_decides_nothing(
    tmp_path: Path, *, killed: bool, black_s: float
) -> None:
    """Neither a start without any, nor a black one."""
    (old,) = before(tmp_path)
    start_s = 210 + black_s
    run = start(tmp_path, (MENDED,), GarbagePile())
    if killed:
        early = run.watch(black_until(start_s, World([HEAP])), 205, start_s - 1)
        assert early == []
        run = start(tmp_path, (MENDED,), GarbagePile())

    assert run.watch(black_until(start_s, World([HEAP])), 210, 400) == []
    (cleared,) = run.watch(World([]), 401, 500)
    assert cleared.event_id == old.event_id


@pytest.mark.parametrize("zone", [MENDED, RIGHT])
def test_a_black_picture_does_not_hide_that_the_camera_was_turned(
    tmp_path: Path, zone: Zone
) -> None:
    (old,) = before(tmp_path)
    run = start(tmp_path, (zone,), GarbagePile())
    turned = black_until(240, World([ELSEWHERE], seed=99))

    unverified, new = run.watch(turned, 210, 500)
    assert unverified.event_id == old.event_id
    assert unverified.lifecycle is Lifecycle.UPDATED
    assert reasons(unverified)[0] == "cannot_verify True"
    assert (new.lifecycle, new.event_id == old.event_id) == (Lifecycle.OPENED, False)
    assert new.started_at >= START + timedelta(seconds=240)


@pytest.mark.parametrize(("dx", "steps"), [(2, []), (6, ["updated", "opened"])])
def test_zones_drawn_anew_after_a_knock_lie_in_the_new_picture(
    tmp_path: Path, dx: float, steps: list[str]
) -> None:
    """Who mends them by a fiftieth of the picture sees it lie so; sway is less."""
    before(tmp_path)
    run = start(tmp_path, (MENDED,), GarbagePile())
    knocked = World([HEAP], shake=lambda _: (dx, 0.0))

    assert words(run.watch(knocked, 210, 400)) == steps


GATE, YARD, OTHER = (World([], seed=seed).paint(0) for seed in (7, 8, 99))
AT_GATE = replace(PAVEMENT, preset="gate")
AT_YARD = replace(part("yard", 0, 1), preset="yard")
IN_GATE, IN_YARD = World([HEAP], seed=7), World([HEAP], seed=8)


def tour(
    run: Started, start_s: float, gate: World = IN_GATE, yard: World = IN_YARD
) -> list[Violation]:
    """Return what is decided while the camera shows one preset, then the other."""
    steps = run.watch(gate, start_s, start_s + 100)
    return steps + run.watch(yard, start_s + 100, start_s + 200)


def toured(home: Path) -> dict[str | None, Violation]:
    """Return what is open at each preset; the engine then stops."""
    zones, presets = (AT_GATE, AT_YARD), {"gate": GATE, "yard": YARD}
    run = start(home, zones, GarbagePile(), presets=presets)
    steps = tour(run, 0)
    run.memory.save(ended=True)
    assert words(steps) == ["opened", "opened"]
    return {step.place.preset: step for step in steps}


MENDED_GATE = replace(MENDED, preset="gate")


@pytest.mark.parametrize(
    ("zones", "presets"),
    [
        ((MENDED_GATE, AT_YARD), {"gate": GATE, "yard": YARD}),
        ((MENDED_GATE, AT_YARD), {"gate": np.roll(GATE, 2, axis=1), "yard": YARD}),
        (
            (AT_GATE, AT_YARD, replace(PAVEMENT, preset="new")),
            {"gate": GATE, "yard": YARD, "new": OTHER},
        ),
    ],
)
def test_what_stands_at_presets_goes_on_where_their_pictures_show_the_same(
    tmp_path: Path, zones: tuple[Zone, ...], presets: dict[str, ImageU8]
) -> None:
    """Before the camera has shown any of them."""
    old = toured(tmp_path)
    run = start(tmp_path, zones, GarbagePile(), at_s=210, presets=presets)

    assert tour(run, 210) == []
    gone = tour(run, 420, World([], seed=7), World([], seed=8))
    assert {step.event_id for step in gone} == {one.event_id for one in old.values()}
    assert words(gone) == ["cleared", "cleared"]
    assert run.drawing.since is None


@pytest.mark.parametrize(
    ("picture", "world"),
    [
        (OTHER, World([ELSEWHERE], seed=99)),
        (np.roll(GATE, 6, axis=1), World([HEAP], seed=7, shake=lambda _: (6, 0.0))),
    ],
)
def test_only_what_stands_at_the_preset_with_another_picture_begins_anew(
    tmp_path: Path, picture: ImageU8, world: World
) -> None:
    old = toured(tmp_path)
    presets = {"gate": picture, "yard": YARD}
    zones = (MENDED_GATE, AT_YARD)
    run = start(tmp_path, zones, GarbagePile(), at_s=210, presets=presets)

    unverified, new = tour(run, 210, gate=world)
    assert unverified.event_id == old["gate"].event_id
    assert reasons(unverified)[0] == "cannot_verify True"
    assert (new.lifecycle, new.place.preset) == (Lifecycle.OPENED, "gate")
    assert run.drawing.since is not None
    (cleared,) = run.watch(World([], seed=8), 420, 520)
    assert cleared.event_id == old["yard"].event_id
    assert cleared.lifecycle is Lifecycle.CLEARED


@pytest.mark.parametrize(
    ("zones", "presets"),
    [
        ((AT_YARD,), {"yard": YARD}),
        ((PAVEMENT,), {}),
        ((replace(PAVEMENT, preset="east"), AT_YARD), {"east": GATE, "yard": YARD}),
    ],
)
def test_what_stands_at_a_preset_that_is_given_up_ends_without_proof(
    tmp_path: Path, zones: tuple[Zone, ...], presets: dict[str, ImageU8]
) -> None:
    old = toured(tmp_path)
    run = start(tmp_path, zones, GarbagePile(), at_s=210, presets=presets)

    steps = run.watch(IN_YARD, 210, 250)
    ended = [step.event_id for step in steps if reasons(step)[0].startswith("cannot")]
    assert set(ended) == {
        one.event_id for preset, one in old.items() if preset not in presets
    }
    assert run.drawing.since is not None


def asked(
    run: Started, old: Violation, world: World, start_s: float
) -> list[LookAnswer]:
    """Return the answer to a question that is asked at the first picture."""
    place = old.place
    picture = Reported(World([HEAP]).paint(old.decided_s), place.xyxy, old.decided_at)
    looks = SecondLooks(
        run.stage.rules,
        reported=lambda _: picture,
        drawn_since=lambda: run.drawing.since,
    )
    looks.ask(
        LookRequest(
            request_id="1",
            event_id=old.event_id,
            slug=old.slug,
            place_id=place.place_id,
            asked_at=START,
            xyxy=place.xyxy,
        )
    )
    answers: list[LookAnswer] = []
    for frame, detections in world.film(start_s + 100, start_s=start_s):
        run.stage.show(frame, detections)
        assert run.stage.observation is not None
        answers += looks.observe(run.stage.observation)
    return answers


@pytest.mark.parametrize(
    ("world", "outcome"),
    [
        (World([HEAP]), Outcome.STILL_THERE),
        (World([]), Outcome.CLEARED),
        (World([ELSEWHERE], seed=99), Outcome.CANNOT_VERIFY),
    ],
)
def test_a_second_look_goes_by_the_view_not_by_the_drawing(
    tmp_path: Path, world: World, outcome: Outcome
) -> None:
    (old,) = before(tmp_path)
    run = start(tmp_path, (MENDED,), GarbagePile(), at_s=210)

    (answer,) = asked(run, old, black_until(240, world), 210)
    assert answer.outcome is outcome


def test_a_second_look_at_what_no_zone_concerns_any_more_finds_it(
    tmp_path: Path,
) -> None:
    (old,) = before(tmp_path)
    run = start(tmp_path, (RIGHT,), GarbagePile(), at_s=210)

    (answer,) = asked(run, old, World([HEAP]), 210)
    assert answer.outcome is Outcome.STILL_THERE
