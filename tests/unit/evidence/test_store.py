import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import (
    BOX,
    decided,
    observed,
    standing,
    street,
    textured,
)
from vision.core.evidence import Evidence
from vision.core.frame import TimeSource
from vision.core.health import HealthEvent, HealthKind
from vision.core.observation import ViewState
from vision.core.scene import GeoPoint
from vision.core.violations import Lifecycle
from vision.evidence.keys import KeyFolder
from vision.evidence.manifest import Manifest
from vision.evidence.pictures import decode
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.verify import verify_package


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


def test_a_step_says_where_a_moving_camera_saw_it(tmp_path: Path) -> None:
    at = street(1)
    store = PackageStore(tmp_path)
    fixed, moved = standing(at), GeoPoint(30.59312, 114.30541, accuracy_m=3.2)

    kept = [
        store.keep(decided(at, one, event_id=name), observed(at, one))
        for name, one in (("fixed", fixed), ("moved", replace(fixed, geo=moved)))
    ]
    places = [
        json.loads((tmp_path / name / "manifest.json").read_text())["steps"][0]["place"]
        for name in ("fixed", "moved")
    ]

    assert all(kept)
    assert "location" not in places[0]
    assert places[1]["location"] == {
        "lat": 30.59312,
        "lon": 114.30541,
        "crs": "wgs84",
        "address": None,
        "grid_id": None,
        "accuracy_m": 3.2,
    }


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


def sealed(root: Path, event_id: str = "event-1") -> dict[str, Any]:
    text = (root / event_id / "manifest.json").read_text()
    return dict(json.loads(text))


def test_the_manifest_names_the_limits_in_force_and_a_step_only_changed_ones(
    tmp_path: Path,
) -> None:
    store = PackageStore(tmp_path)
    place = standing(street(0))
    strict = (("grace_s", 60.0), ("exempt_labels", ("bus",)))
    for sequence, grace_s in ((1, 60.0), (2, 60.0), (3, 90.0)):
        at = street(9 * sequence)
        step = decided(
            at,
            place,
            sequence=sequence,
            lifecycle=Lifecycle.OPENED if sequence == 1 else Lifecycle.UPDATED,
        )
        limits = (("grace_s", grace_s), *strict[1:])
        store.keep(replace(step, params=limits), observed(at, place))
    manifest = sealed(tmp_path)

    assert manifest["rule"] == {
        "id": "opens_at",
        "version": "1",
        "zone": "kerb",
        "params": {"grace_s": 60.0, "exempt_labels": ["bus"]},
    }
    changed = [step.get("rule", {}).get("params") for step in manifest["steps"]]
    assert changed == [None, None, {"grace_s": 90.0, "exempt_labels": ["bus"]}]


@pytest.mark.parametrize(
    ("source", "clock"),
    [
        (TimeSource.HOST, {"source": "system", "offset_ms": 0, "against": "host"}),
        (TimeSource.FILE, {"source": "file", "offset_ms": None, "against": None}),
    ],
)
def test_the_manifest_says_whose_clock_it_was_and_how_far_off(
    tmp_path: Path, source: TimeSource, clock: dict[str, object]
) -> None:
    at = replace(street(0), time_source=source)
    place = standing(at)
    PackageStore(tmp_path).keep(decided(at, place), observed(at, place))

    assert sealed(tmp_path)["clock"] == clock


def test_a_package_sealed_before_limits_were_named_still_verifies_and_goes_on(
    tmp_path: Path,
) -> None:
    keys, clock = KeyFolder(tmp_path / "keys"), ManualClock()
    root = tmp_path / "evidence"
    folder = root / "event-1"
    sealer = Sealer(root, clock=clock, signer=keys.signer())
    old: dict[str, Any] = {
        "type": "illegal_parking",
        "camera": {"id": "gate"},
        "clock": {"source": "system", "offset_ms": None},
        "rule": {"id": "opens_at", "version": "1", "zone": "kerb"},
        "review": None,
    }
    sealer.seal(
        folder,
        Manifest("event-1", revision=0, origin=old).next(
            (),
            step={"sequence": 1, "lifecycle": "opened"},
            at=clock.now(),
            actor="engine",
            action="captured opened",
        ),
    )
    before = verify_package(folder, keys.trusted())
    end = street(30)
    place = standing(end)
    step = decided(end, place, sequence=2, lifecycle=Lifecycle.CLEARED)
    store = PackageStore(root, sealer=sealer, clock=clock)
    store.keep(replace(step, params=(("grace_s", 60.0),)), observed(end, place))

    assert before == []
    assert verify_package(folder, keys.trusted()) == []
    assert sealed(root)["rule"] == old["rule"]
    assert sealed(root)["steps"][1]["rule"]["params"] == {"grace_s": 60.0}


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
    again = threading.Event()

    def hear(event: HealthEvent) -> None:
        health.append(event)
        if event.ok:
            again.set()

    store = PackageStore(blocked, on_health=hear, clock=clock)
    parked_and_decided(store)
    blocked.unlink()
    clock.advance(60)

    recovered = again.wait(20)  # nothing is decided meanwhile
    evidence = parked_and_decided(store)

    assert recovered
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
        store.observe(observed(at, *(standing(at, f"p{k}") for k in range(index + 1))))

        assert store.first_sight_bytes <= limit
    store.close(20)

    assert limit / 2 < store.first_sight_bytes <= limit


def test_the_picture_that_decided_is_found_again_by_its_event(tmp_path: Path) -> None:
    store = PackageStore(tmp_path)
    evidence = parked_and_decided(store)
    (event_id,) = {artifact.path.parent.name for artifact in evidence.artifacts}

    shown = store.afterwards.reported(event_id)
    assert shown is not None
    assert np.abs(shown.image.astype(int) - textured(9).astype(int)).mean() < 8
    assert shown.xyxy == BOX
    assert shown.decided_at == street(9).captured_at
    assert store.afterwards.reported("unknown") is None
    assert store.afterwards.reported("../unknown") is None


def test_a_picture_of_a_turned_camera_is_told_with_where_it_shows_the_place(
    tmp_path: Path,
) -> None:
    store = PackageStore(tmp_path)
    place = standing(street(0))
    turned = ViewState(shift_px=(40.0, -20.0))
    for event_id, view in (("still", ViewState()), ("turned", turned)):
        seen = replace(observed(street(9), place), view=view)
        store.keep(decided(seen.frame, place, event_id=event_id), seen)
    there = (100.0, 40.0, 220.0, 120.0)

    shown = store.afterwards.reported("turned")
    assert shown is not None
    assert shown.xyxy == pytest.approx(there)
    assert sealed(tmp_path, "turned")["steps"][0]["place"]["xyxy"] == list(BOX)
    assert "xyxy_in_picture" not in sealed(tmp_path, "still")["steps"][0]["place"]


@pytest.mark.parametrize("place", [None, {"id": "p1"}, {"xyxy": [1.0, 2.0]}])
def test_a_step_that_tells_no_box_still_gives_its_picture(
    tmp_path: Path, place: object
) -> None:
    store = PackageStore(tmp_path)
    parked_and_decided(store)
    manifest = sealed(tmp_path)
    manifest["steps"][0]["place"] = place
    (tmp_path / "event-1" / "manifest.json").write_text(json.dumps(manifest))

    shown = store.afterwards.reported("event-1")

    assert shown is not None
    assert shown.xyxy is None


def test_an_event_is_as_old_as_its_first_step_whichever_picture_is_left(
    tmp_path: Path,
) -> None:
    """Its end may have been decided in another view than the report."""
    store = PackageStore(tmp_path)
    place = standing(street(0))
    for sequence, lifecycle in ((1, Lifecycle.OPENED), (2, Lifecycle.UPDATED)):
        at = street(8 + sequence)
        step = decided(at, place, sequence=sequence, lifecycle=lifecycle)
        store.keep(step, observed(at, place))
    (tmp_path / "event-1" / "001-wide_deciding.jpg").unlink()

    shown = store.afterwards.reported("event-1")

    assert shown is not None
    assert shown.decided_at == street(9).captured_at


@pytest.mark.parametrize("told", [None, 7, "soon", "2026-11-02T08:00:00"])
def test_a_step_that_tells_no_time_still_gives_its_picture(
    tmp_path: Path, told: object
) -> None:
    store = PackageStore(tmp_path)
    parked_and_decided(store)
    manifest = sealed(tmp_path)
    manifest["steps"][0]["decided_at"] = told
    (tmp_path / "event-1" / "manifest.json").write_text(json.dumps(manifest))

    shown = store.afterwards.reported("event-1")

    assert shown is not None
    assert shown.decided_at is None


def test_a_picture_that_was_changed_on_disk_is_not_compared_with(
    tmp_path: Path,
) -> None:
    store = PackageStore(tmp_path)
    evidence = parked_and_decided(store)
    (path,) = (a.path for a in evidence.artifacts if a.role == "wide_deciding")
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    assert store.afterwards.reported(path.parent.name) is None
