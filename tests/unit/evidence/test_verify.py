import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import START, ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street
from vision.core.violations import Lifecycle
from vision.evidence.holds import hold
from vision.evidence.keys import KeyFolder
from vision.evidence.ledger import OPENED, SEALED, Ledger, Line
from vision.evidence.recovery import STEP, WORKING, mark, recover
from vision.evidence.seal import Sealer
from vision.evidence.signing import TrustedKeys
from vision.evidence.store import PackageStore
from vision.evidence.verify import verify_package
from vision.evidence.verify_seal import Finding
from vision.evidence.verify_store import verify_store


def fill(root: Path, keys: Path, *, events: int = 2) -> TrustedKeys:
    """Keep the opening and the clearing of some events."""
    clock = ManualClock()
    folder = KeyFolder(keys)
    sealer = Sealer(root, clock=clock, signer=folder.signer())
    store = PackageStore(root, sealer=sealer, clock=clock)
    for number in range(events):
        first, last, end = (street(10 * number + step) for step in range(3))
        place = standing(first, f"p{number}")
        store.observe(observed(first, place))
        for sequence, at, lifecycle in (
            (1, last, Lifecycle.OPENED),
            (2, end, Lifecycle.CLEARED),
        ):
            step = decided(
                at,
                place,
                sequence=sequence,
                lifecycle=lifecycle,
                event_id=f"event-{number}",
            )
            store.keep(step, observed(at, place))
    store.close(20)
    return folder.trusted()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrustedKeys]:
    """A store that no test may change."""
    home = tmp_path_factory.mktemp("home")
    return home / "evidence", fill(home / "evidence", home / "keys")


@pytest.fixture
def copy(sealed: tuple[Path, TrustedKeys], tmp_path: Path) -> Path:
    """A copy of the store to spoil."""
    return shutil.copytree(sealed[0], tmp_path / "evidence")


def paths(findings: list[Finding]) -> set[str]:
    return {finding.path for finding in findings}


def test_an_untouched_store_verifies(sealed: tuple[Path, TrustedKeys]) -> None:
    root, keys = sealed

    assert verify_store(root, keys) == []


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(choice=st.data())
def test_one_flipped_bit_anywhere_is_found_and_its_file_named(
    sealed: tuple[Path, TrustedKeys], choice: st.DataObject
) -> None:
    root, keys = sealed
    folder = root / "event-0"
    files = sorted(path for path in folder.iterdir())
    path = choice.draw(st.sampled_from(files))
    payload = path.read_bytes()
    bit = choice.draw(st.integers(0, len(payload) * 8 - 1))
    spoiled = bytearray(payload)
    spoiled[bit // 8] ^= 1 << bit % 8
    path.write_bytes(spoiled)
    try:
        found = paths(verify_package(folder, keys))
    finally:
        path.write_bytes(payload)

    assert f"event-0/{path.name}" in found


@pytest.mark.parametrize("name", ["001-wide_first.jpg", "manifest-001.json"])
def test_a_missing_file_is_named(
    copy: Path, sealed: tuple[Path, TrustedKeys], name: str
) -> None:
    (copy / "event-1" / name).unlink()

    assert f"event-1/{name}" in paths(verify_store(copy, sealed[1]))


def test_an_added_file_is_named(copy: Path, sealed: tuple[Path, TrustedKeys]) -> None:
    (copy / "event-0" / "another.jpg").write_bytes(b"x")

    assert paths(verify_store(copy, sealed[1])) == {"event-0/another.jpg"}


def test_a_package_that_was_taken_away_is_missed(
    copy: Path, sealed: tuple[Path, TrustedKeys]
) -> None:
    shutil.rmtree(copy / "event-0")

    assert "event-0/manifest.json" in paths(verify_store(copy, sealed[1]))


def test_a_package_from_elsewhere_is_not_at_home(
    copy: Path, sealed: tuple[Path, TrustedKeys], tmp_path: Path
) -> None:
    fill(tmp_path / "other", tmp_path / "other-keys", events=1)
    shutil.copytree(tmp_path / "other" / "event-0", copy / "event-9")

    assert "event-9" in paths(verify_store(copy, sealed[1]))


def test_an_older_revision_put_back_is_found(
    copy: Path, sealed: tuple[Path, TrustedKeys]
) -> None:
    folder = copy / "event-0"
    shutil.copy(folder / "manifest-001.json", folder / "manifest.json")
    shutil.copy(folder / "manifest-001.sig", folder / "manifest.sig")

    assert "event-0/manifest.json" in paths(verify_store(copy, sealed[1]))


def test_a_ledger_line_that_was_cut_out_is_found(
    copy: Path, sealed: tuple[Path, TrustedKeys]
) -> None:
    ledger = copy / "ledger.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:1] + lines[2:]))

    assert "ledger.jsonl" in paths(verify_store(copy, sealed[1]))


def test_another_key_s_signature_is_not_accepted(copy: Path, tmp_path: Path) -> None:
    strangers = KeyFolder(tmp_path / "strangers")
    strangers.rotate()

    found = verify_store(copy, strangers.trusted())

    assert all("unknown key" in finding.what for finding in found)
    assert "event-0/manifest-003.sig" in paths(found)


def test_packages_sealed_before_a_rotation_still_verify(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "keys")
    fill(tmp_path / "evidence", tmp_path / "keys", events=1)
    first = keys.signer().key_id
    second = keys.rotate()

    assert keys.signer().key_id == second != first
    assert verify_store(tmp_path / "evidence", keys.trusted()) == []


def test_what_a_crash_left_is_tidied_and_the_step_can_be_kept_again(
    tmp_path: Path,
) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    folder = root / "event-0"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    # As a crash leaves it: pictures and a half-written seal, the mark still set.
    (folder / "009-wide_deciding.jpg").write_bytes(b"x")
    (folder / "manifest-009.json.part").write_bytes(b"{")
    (folder / "manifest.sig").write_bytes(b"newer than the manifest")
    (root / WORKING / "step").mkdir(parents=True, exist_ok=True)
    (root / WORKING / "step" / "event-0").touch()

    PackageStore(root)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert verify_store(root, keys) == []


def test_a_sealing_that_a_crash_cut_short_is_voided(tmp_path: Path) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    # The ledger's line comes before the manifest: here the crash came in between.
    Ledger(root).append(Line(SEALED, "event-0", "", 9, "f" * 64), START)
    (root / WORKING / "step").mkdir(parents=True, exist_ok=True)
    (root / WORKING / "step" / "event-0").touch()

    store = PackageStore(root)
    store.close(1)

    assert '"kind":"void"' in (root / "ledger.jsonl").read_text()
    assert verify_store(root, keys) == []


def test_pictures_of_a_package_that_was_never_sealed_go(tmp_path: Path) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    (root / "event-7").mkdir()
    (root / "event-7" / "001-wide_deciding.jpg").write_bytes(b"x")
    (root / WORKING / "step").mkdir(parents=True, exist_ok=True)
    (root / WORKING / "step" / "event-7").touch()

    store = PackageStore(root)
    store.close(1)

    assert not (root / "event-7").exists()
    assert verify_store(root, keys) == []


def test_a_ledger_line_torn_by_a_crash_is_cut_off(tmp_path: Path) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    with (root / "ledger.jsonl").open("ab") as file:
        file.write(b'{"kind":"sea')
    before = verify_store(root, keys)
    fill(root, tmp_path / "keys", events=2)

    assert before == []
    assert verify_store(root, keys) == []


def test_a_package_names_the_one_sealed_before_however_much_was_done_since(
    tmp_path: Path,
) -> None:
    root = tmp_path / "evidence"
    keys = fill(root, tmp_path / "keys", events=1)
    ledger = Ledger(root)
    digest = ledger.last_sealed() or ""
    looked = Line(OPENED, "event-0", "", 0, digest, note="by the desk: " + "x" * 4000)
    for _ in range(20):
        ledger.append(looked, START)
    fill(root, tmp_path / "keys", events=2)

    assert verify_store(root, keys) == []


def test_a_crash_voids_no_sealing_of_a_package_that_was_held(
    copy: Path, sealed: tuple[Path, TrustedKeys]
) -> None:
    hold(copy, "event-0", who="desk", reason="court", clock=ManualClock())
    mark(copy, "event-0", STEP)
    recover(copy, ManualClock())

    assert verify_store(copy, sealed[1]) == []


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"event_id": 3}', b"{" * 5000],
)
def test_a_manifest_that_is_none_is_named_not_raised(
    copy: Path, sealed: tuple[Path, TrustedKeys], text: bytes
) -> None:
    (copy / "event-0" / "manifest.json").write_bytes(text)

    assert "event-0/manifest.json" in paths(verify_store(copy, sealed[1]))


@pytest.mark.parametrize("text", [b"", b"{}\n", b"nonsense\n", b"[1]\n", b"\xff\n"])
def test_a_ledger_that_is_none_is_named_not_raised(
    copy: Path, sealed: tuple[Path, TrustedKeys], text: bytes
) -> None:
    (copy / "ledger.jsonl").write_bytes(text)

    assert verify_store(copy, sealed[1])


def test_a_file_name_that_leaves_the_package_is_refused(
    copy: Path, sealed: tuple[Path, TrustedKeys]
) -> None:
    path = copy / "event-0" / "manifest.json"
    text = path.read_bytes().replace(b"001-close_up.jpg", b"../x/close_up.jpg")
    path.write_bytes(text)

    assert "event-0/manifest.json" in paths(verify_package(copy / "event-0", sealed[1]))


def test_an_unsigned_store_verifies_when_signatures_are_not_asked_for(
    tmp_path: Path,
) -> None:
    root = tmp_path / "evidence"
    store = PackageStore(root)
    at = street(1)
    store.keep(decided(at, standing(at)), observed(at, standing(at)))
    store.close(10)
    (root / "event-1" / "001-overlay.jpg").write_bytes(b"x")

    assert paths(verify_store(root, None)) == {"event-1/001-overlay.jpg"}
