"""The picture of one pass waits for the next: over runs, and whatever the disk does."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import (
    DRIVING,
    PlaceState,
    decided,
    observed,
    passed,
    standing,
    street,
)
from vision.core.evidence import Artifact, Evidence
from vision.core.frame import Frame, TimeSource
from vision.core.health import HealthEvent
from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.violations import Lifecycle, Slug
from vision.evidence.passed import PassedPolicy, PassedSights
from vision.evidence.pictures import encode
from vision.evidence.sight_file import from_bytes, to_bytes
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.trouble import Trouble
from vision.evidence.verify import verify_package

PERSON = (1, (200.0, 20.0, 260.0, 120.0))
PICTURE_BYTES = len(encode(street(0).image))
DAY_S = 86_400.0


def driven(at: Frame, *places: Place) -> Observation:
    return replace(observed(at, *places, boxes=(PERSON,)), scene=DRIVING)


class Runs:
    """One home, and as many runs as a test asks for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = ManualClock()
        self.health: list[HealthEvent] = []
        self.policy = PassedPolicy(root / "sights")
        self.min_free_bytes = 1

    def run(self) -> PackageStore:
        policy = StorePolicy(min_free_bytes=self.min_free_bytes, passed=self.policy)
        return PackageStore(
            self.root / "evidence",
            clock=self.clock,
            on_health=self.health.append,
            policy=policy,
        )

    def pass_by(self, at: Frame, *places: Place) -> None:
        """Drive past in a run of its own."""
        self.watch(driven(at, *places), driven(self.next(at)))

    def watch(self, *seen: Observation) -> None:
        store = self.run()
        for one in seen:
            store.observe(one)
        store.close(20)

    def opens(self, at: Frame, place: Place) -> Evidence:
        """Pass by in a run of its own that opens an event."""
        store = self.run()
        store.observe(driven(at, place))
        kept = store.keep(
            replace(decided(at, place), slug=Slug.ILLEGAL_PARKING), driven(at, place)
        )
        store.close(20)
        return kept

    @property
    def files(self) -> list[Path]:
        return sorted((self.root / "sights").rglob("*.*"))

    @staticmethod
    def next(at: Frame) -> Frame:
        return street(at.index + 1, at_s=at.media_time_s + 0.2)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def first_of(evidence: Evidence) -> Artifact | None:
    return next((one for one in evidence.artifacts if one.role == "wide_first"), None)


def later(index: int = 3, *, after_s: float = 600.0) -> Frame:
    return street(index, at_s=after_s)


def test_the_second_pass_proves_with_the_picture_of_the_first_in_another_run(
    runs: Runs,
) -> None:
    at = street(3)
    runs.pass_by(at, passed(at))

    # Each run counts from 0: both pictures have the same number.
    kept = runs.opens(later(3), passed(later(3), count=2))

    first = first_of(kept)
    assert first is not None
    assert first.captured_at == at.captured_at
    assert first.frame_index == 3
    assert first.path.read_bytes() == encode(at.image)
    roles = {one.role for one in kept.artifacts}
    assert {"wide_first_redacted", "wide_first_plates", "wide_deciding"} <= roles
    assert verify_package(runs.root / "evidence" / "event-1", None) == []


def test_of_who_parks_where_nobody_forbids_it_no_picture_waits(runs: Runs) -> None:
    at = street(3)
    allowed = replace(driven(at, passed(at)), scene=replace(DRIVING, map_zones=()))
    runs.watch(allowed, replace(allowed, frame=runs.next(at)))
    assert runs.files == []


def test_what_is_hidden_in_it_is_what_was_to_hide_when_it_was_taken(runs: Runs) -> None:
    at = street(0)
    runs.pass_by(at, passed(at))
    (file,) = runs.files
    sight = from_bytes(file.read_bytes())

    assert {one.kind.value for one in sight.regions} == {"person", "plate"}
    assert sight.boxes == {"p1": passed(at).xyxy}
    again = from_bytes(to_bytes(sight, "p1"))
    assert again.regions == sight.regions
    assert again.picture.sha256 == sight.picture.sha256
    assert again.picture.media_time_s == at.media_time_s


def test_a_picture_timed_by_another_clock_says_so(runs: Runs) -> None:
    at = replace(street(0), time_source=TimeSource.STATED)
    runs.pass_by(at, passed(at))
    runs.opens(later(), passed(later(), count=2))

    sealed = (runs.root / "evidence" / "event-1" / "manifest.json").read_text()

    assert "time from: stated" in sealed


def test_a_place_that_is_cleared_weeks_later_still_has_it(runs: Runs) -> None:
    at = street(0)
    runs.pass_by(at, passed(at))
    for day in (20, 40):
        runs.clock.advance(20 * DAY_S)
        seen = later(after_s=day * DAY_S)
        runs.pass_by(seen, passed(seen, count=2))
    gone = later(after_s=60 * DAY_S)
    runs.clock.advance(20 * DAY_S)
    over = passed(
        gone, count=2, state=PlaceState.ENDED, end_reason="exposed", last_seen_s=0.0
    )
    store = runs.run()
    store.observe(driven(gone, over))
    kept = store.keep(
        decided(gone, over, sequence=2, lifecycle=Lifecycle.CLEARED),
        driven(gone, over),
    )
    before = runs.files
    store.close(20)

    first = first_of(kept)
    assert first is not None
    assert first.captured_at == at.captured_at
    assert len(before) == 1
    assert runs.files == []


def test_what_ended_goes_with_the_next_picture_and_what_was_left_behind_stays(
    runs: Runs,
) -> None:
    at = street(0)
    runs.pass_by(at, passed(at), passed(at, "p2"))
    end = later()
    store = runs.run()
    store.observe(driven(end, passed(end, state=PlaceState.ENDED)))
    held = store.capture(decided(end, passed(end)), driven(end))
    store.observe(driven(runs.next(end)))
    store._darkroom.close(20)
    left = [file.stem for file in runs.files]
    kept = held()  # it was taken hold of before it went
    store.close(20)

    assert left == ["p2"]
    assert first_of(kept) is not None


def test_a_later_pass_gives_no_first_picture(runs: Runs) -> None:
    at = street(0)
    runs.pass_by(at, passed(at, count=2))

    assert runs.files == []


def test_the_same_drive_once_more_changes_nothing(runs: Runs) -> None:
    at = street(0)
    runs.pass_by(at, passed(at))
    (file,) = runs.files
    before = file.read_bytes(), file.stat().st_ino
    runs.pass_by(at, passed(at))

    assert (file.read_bytes(), file.stat().st_ino) == before


@pytest.mark.parametrize("how", ["cut", "changed", "nonsense", "gone"])
def test_a_damaged_file_costs_its_own_picture_and_is_told_once(
    runs: Runs, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    at = street(0)
    runs.pass_by(at, passed(at), passed(at, "p2"))
    file = runs.root / "sights" / "gate" / "p1.sight"
    whole = file.read_bytes()
    store = runs.run()
    match how:
        case "cut":
            file.write_bytes(whole[: len(whole) // 2])
        case "changed":
            file.write_bytes(whole.replace(b"captured_at", b"captured_AT"))
        case "nonsense":
            file.write_bytes(b"")
        case _:
            file.unlink()
    end = later()
    store.observe(driven(end, passed(end, count=2), passed(end, "p2", count=2)))

    with caplog.at_level(logging.WARNING):
        steps = [
            store.keep(decided(end, passed(end, i), event_id=i), driven(end))
            for i in ("p1", "p1", "p2")
        ]
    store.close(20)

    assert [first_of(one) is not None for one in steps] == [False, False, True]
    assert all(one.artifacts for one in steps)
    assert len([r for r in caplog.records if "damaged or gone" in r.message]) == 1
    assert not file.exists()


def test_the_disk_holds_so_many_and_what_was_passed_last_stays(runs: Runs) -> None:
    room = 3 * (PICTURE_BYTES + 2_000)
    runs.policy = replace(runs.policy, max_bytes=room)
    for index in range(6):
        runs.clock.advance(DAY_S)
        at = street(index)
        again = [passed(at, "p0", count=2)] if index else []
        runs.pass_by(at, passed(at, f"p{index}"), *again)

    assert {file.stem for file in runs.files} == {"p0", "p4", "p5"}
    assert sum(file.stat().st_size for file in runs.files) <= room


def test_what_nobody_passes_any_more_goes_in_time(runs: Runs) -> None:
    at = street(0)
    runs.pass_by(at, passed(at))
    sights = PassedSights(
        runs.policy, clock=runs.clock, trouble=Trouble(runs.clock, None), min_free=0
    )
    runs.clock.advance(30.5 * DAY_S)
    sights.sweep()
    assert sights.has(("gate", "p1"))
    runs.clock.advance(DAY_S)
    sights.sweep()

    assert not sights.has(("gate", "p1"))
    assert (runs.files, sights.size_bytes) == ([], 0)


def blocked_by_a_file(runs: Runs) -> Iterator[None]:
    (runs.root / "sights").write_text("in the way")
    yield
    (runs.root / "sights").unlink()


def full(runs: Runs) -> Iterator[None]:
    runs.min_free_bytes = 1 << 60
    yield
    runs.min_free_bytes = 1


@pytest.mark.parametrize("trouble", [blocked_by_a_file, full])
def test_a_disk_that_takes_nothing_is_told_of_and_the_run_has_its_picture(
    runs: Runs, trouble: object
) -> None:
    suffering = trouble(runs)  # type: ignore[operator]  # one of the two above
    next(suffering)
    store = runs.run()
    for index in range(3):
        at = street(index)
        store.observe(driven(at, passed(at), passed(at, f"p{index + 2}")))
    store._darkroom.close(20)
    held = store._sights.of("gate", "p1")
    degraded = store.use().degraded
    store.close(20)
    next(suffering, None)
    at = street(9)
    runs.pass_by(at, passed(at, "p9"))

    assert held is not None
    assert held.frame_index == 0
    assert degraded == ("first_sights",)
    assert [event.ok for event in runs.health] == [False]
    assert "no first picture" in runs.health[0].detail
    assert [file.stem for file in runs.files] == ["p9"]


def test_it_recovers_with_the_next_picture_that_can_be_written(runs: Runs) -> None:
    (runs.root / "sights").write_text("in the way")
    store = runs.run()
    store.observe(driven(street(0), passed(street(0))))
    store._darkroom.add((runs.root / "sights").unlink)
    store.observe(driven(street(1), passed(street(1), "p2")))
    store.close(20)

    assert [event.ok for event in runs.health] == [False, True]


def test_what_a_crash_left_half_written_is_cleared_up(runs: Runs) -> None:
    folder = runs.root / "sights" / "gate"
    folder.mkdir(parents=True)
    (folder / "p1.sight.part").write_bytes(b"half")
    at = street(0)
    runs.pass_by(at, passed(at, "p2"))

    assert [file.name for file in runs.files] == ["p2.sight"]


def test_a_camera_that_stands_writes_nothing_there(runs: Runs) -> None:
    at = street(0)
    runs.watch(observed(at, standing(at)))

    assert not (runs.root / "sights").exists()
