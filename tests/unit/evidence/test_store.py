import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street, textured
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent, HealthKind
from vision.core.violations import Lifecycle
from vision.evidence.pictures import decode
from vision.evidence.store import PackageStore, StorePolicy


def roles(evidence: Evidence) -> set[str]:
    return {artifact.role for artifact in evidence.artifacts}


def parked_and_decided(store: PackageStore) -> Evidence:
    first, last = street(0), street(9)
    place = standing(first)
    store.observe(observed(first, place))
    deciding = observed(last, place)
    store.observe(deciding)
    return store.keep(decided(last, place), deciding)


def test_an_opened_event_has_first_and_deciding_moment_close_up_and_overlay(
    tmp_path: Path,
) -> None:
    evidence = parked_and_decided(PackageStore(tmp_path))

    assert {"wide_first", "wide_deciding", "close_up", "overlay"} <= roles(evidence)


def test_every_original_has_a_redacted_copy(tmp_path: Path) -> None:
    evidence = parked_and_decided(PackageStore(tmp_path))

    for role in ("wide_first", "wide_deciding", "close_up"):
        assert f"{role}_redacted" in roles(evidence)


def test_the_digests_are_those_of_the_files(tmp_path: Path) -> None:
    evidence = parked_and_decided(PackageStore(tmp_path))

    for artifact in evidence.artifacts:
        payload = artifact.path.read_bytes()
        assert hashlib.sha256(payload).hexdigest() == artifact.sha256
        assert len(payload) == artifact.size_bytes


def test_the_wide_pictures_are_the_frames_themselves(tmp_path: Path) -> None:
    evidence = parked_and_decided(PackageStore(tmp_path))
    by_role = {artifact.role: artifact for artifact in evidence.artifacts}

    for role, index in (("wide_first", 0), ("wide_deciding", 9)):
        shown = decode(by_role[role].path.read_bytes()).astype(int)
        error = np.abs(shown - textured(index).astype(int)).mean()
        other = np.abs(shown - textured(9 - index).astype(int)).mean()
        assert by_role[role].frame_index == index
        assert error < 8
        assert other > 25


def test_a_step_kept_twice_keeps_its_first_files(tmp_path: Path) -> None:
    before = parked_and_decided(PackageStore(tmp_path))
    after_crash = PackageStore(tmp_path)
    again = street(12)
    place = standing(again)

    kept = after_crash.keep(decided(again, place), observed(again, place))

    assert kept == before


def test_later_steps_join_the_same_package(tmp_path: Path) -> None:
    store = PackageStore(tmp_path)
    opened = parked_and_decided(store)
    end = street(30)
    place = standing(end)
    step = decided(end, place, sequence=2, lifecycle=Lifecycle.CLEARED)

    cleared = store.keep(step, observed(end, place))
    manifest = json.loads((tmp_path / "event-1" / "manifest.json").read_text())

    listed = {file["path"] for file in manifest["files"]} | {"manifest-002.json"}
    assert listed == {a.name for a in (*opened.artifacts, *cleared.artifacts)}
    assert [step["lifecycle"] for step in manifest["steps"]] == ["opened", "cleared"]
    assert manifest["revision"] == 2


def test_a_folder_that_cannot_be_made_costs_the_pictures_not_the_event(
    tmp_path: Path,
) -> None:
    (tmp_path / "evidence").write_text("a file where the folder should be")
    health: list[HealthEvent] = []
    store = PackageStore(tmp_path / "evidence", on_health=health.append)

    evidence = parked_and_decided(store)

    assert evidence == Evidence()
    assert [(h.kind, h.ok) for h in health] == [(HealthKind.EVIDENCE_DEGRADED, False)]


def test_evidence_recovers_by_itself_and_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "evidence"
    blocked.write_text("in the way")
    health: list[HealthEvent] = []
    clock = ManualClock()
    store = PackageStore(blocked, on_health=health.append, clock=clock)
    parked_and_decided(store)
    blocked.unlink()
    clock.advance(60)

    store.observe(observed(street(20)))
    evidence = parked_and_decided(store)

    assert [h.ok for h in health] == [False, True]
    assert evidence.artifacts


@pytest.mark.parametrize("event_id", ["../up", "a/b", ".hidden"])
def test_an_event_id_never_leaves_the_folder(tmp_path: Path, event_id: str) -> None:
    store = PackageStore(tmp_path / "evidence")
    at = street(1)
    place = standing(at)

    kept = store.keep(decided(at, place, event_id=event_id), observed(at, place))

    assert kept == Evidence()
    assert not list(tmp_path.rglob("*.jpg"))


def test_first_sights_stay_within_their_bytes(tmp_path: Path) -> None:
    limit = 200_000
    store = PackageStore(tmp_path, policy=StorePolicy(first_sight_bytes=limit))
    for index in range(30):
        at = street(index)
        store.observe(observed(at, standing(at, f"p{index}")))

        assert store.first_sight_bytes <= limit
    assert store.first_sight_bytes > limit / 2
