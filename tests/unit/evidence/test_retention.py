import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from typing_extensions import override

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street
from vision.core.errors import EvidenceError
from vision.core.health import HealthEvent, HealthKind
from vision.core.violations import Lifecycle
from vision.evidence.holds import held, hold, release
from vision.evidence.keys import KeyFolder
from vision.evidence.retention import Retention, RetentionPolicy
from vision.evidence.seal import Sealer
from vision.evidence.signing import TrustedKeys
from vision.evidence.store import PackageStore
from vision.evidence.trouble import Trouble
from vision.evidence.verify_store import deletions, verify_store

DAY_S = 86_400
ROOMY = RetentionPolicy(
    clips_for=timedelta(days=10),
    originals_for=timedelta(days=20),
    package_for=timedelta(days=30),
    keep_free=0.0,
)
_EVER = timedelta(days=36_500)
ENDLESS = RetentionPolicy(_EVER, _EVER, _EVER, keep_free=0.0)


class Shelf:
    """A signed store filled with one event a day; every other one is cleared."""

    def __init__(self, home: Path, *, events: int) -> None:
        self.root = home / "evidence"
        self.clock = ManualClock()
        keys = KeyFolder(home / "keys")
        self.health: list[HealthEvent] = []
        self.signer = keys.signer()
        sealer = Sealer(self.root, clock=self.clock, signer=self.signer)
        self.keys: TrustedKeys = keys.trusted()
        for number in range(events):
            store = PackageStore(self.root, sealer=sealer, clock=self.clock)
            at = street(number)
            place = standing(at)
            name = f"event-{number}"
            store.observe(observed(at, place))
            store.keep(decided(at, place, event_id=name), observed(at, place))
            if number % 2 == 0:
                end = decided(
                    at, place, sequence=2, lifecycle=Lifecycle.CLEARED, event_id=name
                )
                store.keep(end, observed(at, place))
            store.close(20)
            self.clock.advance(DAY_S)

    def live(self, days: int) -> None:
        """Let days go by as they do: an engine sweeps, and starts anew every other."""
        for _ in range(0, days, 2):
            self.clock.advance(2 * DAY_S)
            self.sweep(ENDLESS)

    def engine(self, policy: RetentionPolicy) -> Retention:
        return Retention(
            self.root, policy, clock=self.clock, on_health=self.health.append
        )

    def seal(self, name: str) -> None:
        """Add an event that bears the date which the clock shows."""
        sealer = Sealer(self.root, clock=self.clock, signer=self.signer)
        store = PackageStore(self.root, sealer=sealer, clock=self.clock)
        at = street(1)
        store.keep(decided(at, standing(at), event_id=name), observed(at, standing(at)))
        store.close(20)

    def jump(self, days: float) -> None:
        """Set the clock; no time goes by."""
        self.clock = ManualClock(self.clock.now() + timedelta(days=days))

    def sweep(self, policy: RetentionPolicy, *busy: str) -> int:
        return self.engine(policy).sweep(busy)

    def events(self) -> set[str]:
        return {path.name for path in self.root.glob("event-*")}

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.root.rglob("event-*/*"))

    def whole(self) -> bool:
        return verify_store(self.root, self.keys) == []


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, events=4)


def names(shelf: Shelf, event: str) -> str:
    return " ".join(path.name for path in sorted((shelf.root / event).iterdir()))


def test_what_is_young_stays(shelf: Shelf) -> None:
    freed = shelf.sweep(ROOMY)

    assert freed == 0
    assert "clip" in names(shelf, "event-0")


def test_clips_go_first_then_originals_then_the_package(shelf: Shelf) -> None:
    shelf.live(8)
    shelf.sweep(ROOMY)
    after_clips = names(shelf, "event-0")
    shelf.live(10)
    shelf.sweep(ROOMY)
    after_originals = names(shelf, "event-0")
    whole = shelf.whole()
    shelf.live(10)
    shelf.sweep(ROOMY)

    assert "clip" not in after_clips
    assert "wide_deciding.jpg" in after_clips
    assert "wide_deciding.jpg" not in after_originals
    assert "wide_deciding_redacted.jpg" in after_originals
    assert whole
    assert "event-0" not in shelf.events()
    assert shelf.whole()


def test_a_package_on_hold_outlives_everything_until_it_is_released(
    shelf: Shelf,
) -> None:
    hold(shelf.root, "event-0", who="li", reason="复议 court case", clock=shelf.clock)
    shelf.live(100)
    shelf.sweep(ROOMY)
    kept = shelf.events()
    release(shelf.root, "event-0", who="li", reason="closed", clock=shelf.clock)
    shelf.sweep(ROOMY)

    assert kept == {"event-0"}
    assert shelf.events() == set()
    assert held(shelf.root) == {}
    assert shelf.whole()


def test_a_hold_needs_a_reason(shelf: Shelf) -> None:
    with pytest.raises(EvidenceError, match="reason"):
        hold(shelf.root, "event-0", who="li", reason=" ", clock=shelf.clock)


def test_what_a_receiver_still_waits_for_is_never_deleted(shelf: Shelf) -> None:
    shelf.live(100)
    shelf.sweep(ROOMY, "event-1")

    assert shelf.events() == {"event-1"}


def test_over_quota_clips_of_cleared_events_go_first(shelf: Shelf) -> None:
    policy = RetentionPolicy(quota_bytes=shelf.size() - 1, keep_free=0.0)
    shelf.sweep(policy)

    assert "clip" not in names(shelf, "event-0")  # the oldest that was cleared
    assert "clip" in names(shelf, "event-1")  # older than event-2, but still open
    assert shelf.events() == {f"event-{n}" for n in range(4)}
    assert shelf.whole()


def test_the_quota_holds_however_small_it_is(shelf: Shelf) -> None:
    quota = shelf.size() // 3
    shelf.sweep(RetentionPolicy(quota_bytes=quota, keep_free=0.0))

    assert shelf.size() <= quota
    assert shelf.events()
    assert shelf.whole()


GIB = 1 << 30


@pytest.mark.parametrize(("free_gib", "deleted"), [(160, False), (3, True)])
def test_of_a_large_disk_a_few_gib_stay_free_not_a_twentieth(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, free_gib: int, *, deleted: bool
) -> None:
    usage = SimpleNamespace(total=4_000 * GIB, free=free_gib * GIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    freed = shelf.sweep(RetentionPolicy())

    assert (freed > 0) is deleted


def test_files_that_go_before_their_age_are_told_of_once_and_when_it_is_over(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    trouble = Trouble(shelf.clock, shelf.health.append)
    size = shelf.size()

    def sweep(quota: int) -> list[bool]:
        policy = RetentionPolicy(quota_bytes=quota, keep_free=0.0)
        engine = Retention(shelf.root, policy, clock=shelf.clock, trouble=trouble)
        engine.sweep()
        return [event.ok for event in shelf.health]

    assert sweep(size) == []
    assert sweep(size - 1) == [False]
    assert sweep(size // 2) == [False]
    assert sweep(size) == [False, True]
    assert {event.kind for event in shelf.health} == {HealthKind.EVIDENCE_DEGRADED}
    assert "the first: event-0" in shelf.health[0].detail
    assert "evidence.keep.quota_gib" in shelf.health[0].detail
    assert "before the age" in caplog.text


@pytest.mark.parametrize(
    "policy", [ENDLESS, replace(ENDLESS, promised=False, quota_bytes=1)]
)
def test_what_goes_at_its_age_or_is_a_copy_only_is_not_told_of(
    shelf: Shelf, policy: RetentionPolicy
) -> None:
    trouble = Trouble(shelf.clock, shelf.health.append)
    shelf.live(100)
    Retention(shelf.root, ROOMY, clock=shelf.clock, trouble=trouble).shrink(0)
    shelf.seal("event-9")
    Retention(shelf.root, policy, clock=shelf.clock, trouble=trouble).sweep()

    assert shelf.health == []


def test_every_deletion_is_on_record(shelf: Shelf) -> None:
    shelf.live(100)
    shelf.sweep(ROOMY)
    lines = (shelf.root / "ledger.jsonl").read_text().splitlines()
    deleted = [line for line in lines if '"kind":"deleted"' in line]

    assert len(deleted) == 4
    assert all("older than 30 days" in line for line in deleted)


def test_an_event_decided_again_after_its_package_went_is_whole(shelf: Shelf) -> None:
    shelf.live(100)
    shelf.sweep(ROOMY)
    shelf.seal("event-1")

    assert shelf.events() == {"event-1"}
    assert deletions(shelf.root).keys() == {"event-0", "event-2", "event-3"}
    assert shelf.whole()

    (shelf.root / "event-1" / "manifest.json").unlink()

    assert not shelf.whole()


def told(shelf: Shelf) -> list[tuple[HealthKind, bool]]:
    return [(event.kind, event.ok) for event in shelf.health]


@pytest.mark.parametrize("swept_before", [True, False])
def test_a_clock_that_jumped_years_ahead_between_two_runs_ages_nothing(
    shelf: Shelf, *, swept_before: bool
) -> None:
    if swept_before:
        shelf.sweep(ROOMY)
    shelf.jump(3650)
    freed = shelf.sweep(ROOMY)

    assert freed == 0
    assert told(shelf) == [(HealthKind.TIME_JUMP, False)]
    assert "check the clock" in shelf.health[0].detail


def test_a_clock_set_years_ahead_under_a_running_engine_ages_nothing(
    shelf: Shelf,
) -> None:
    clock = SetClock(shelf.clock.now())
    shelf.clock = clock
    engine = shelf.engine(ROOMY)
    engine.sweep()
    clock.ahead = timedelta(days=3650)
    freed = engine.sweep()
    told_at_once = told(shelf)
    clock.advance(3600)
    engine.sweep()

    assert freed == 0
    assert told_at_once == [(HealthKind.TIME_JUMP, False)]
    assert told(shelf)[1:] == [(HealthKind.TIME_JUMP, True)]
    assert shelf.events() == {f"event-{n}" for n in range(4)}


@pytest.mark.parametrize("swept_before", [True, False])
def test_a_package_that_bears_a_date_years_back_is_as_young_as_it_is(
    shelf: Shelf, *, swept_before: bool
) -> None:
    if swept_before:
        shelf.sweep(ROOMY)
    shelf.jump(-3650)
    shelf.seal("event-dated-back")
    shelf.jump(3650)
    shelf.seal("event-after")
    shelf.sweep(ROOMY)

    assert "clip" in names(shelf, "event-0")
    assert "wide_deciding.jpg" in names(shelf, "event-dated-back")
    assert told(shelf) == []


def test_a_package_that_bears_a_date_years_ahead_still_goes_in_its_time(
    shelf: Shelf,
) -> None:
    shelf.sweep(ROOMY)
    shelf.jump(3650)
    shelf.seal("event-dated-ahead")
    shelf.jump(-3650)
    shelf.sweep(ROOMY)
    shelf.live(28)
    shelf.sweep(ROOMY)
    young = "event-dated-ahead" in shelf.events()
    shelf.live(4)
    shelf.sweep(ROOMY)

    assert young
    assert shelf.events() == set()


def test_ages_that_cannot_be_read_are_begun_anew_by_the_ledger(shelf: Shelf) -> None:
    shelf.live(40)
    shelf.seal("event-new")
    (shelf.root / ".ages.json").write_text("{")
    shelf.sweep(ROOMY)

    assert shelf.events() == {"event-new"}


def test_a_crash_amid_a_deletion_leaves_no_half_package(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path, *, ignore_errors: bool = False) -> None:
        for path in list(folder.glob("manifest*")):
            path.unlink()
        if not ignore_errors:
            raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            shelf.engine(ENDLESS).shrink(0)
    whole = verify_store(shelf.root, shelf.keys)
    shelf.sweep(ENDLESS)

    assert whole == []
    assert not list(shelf.root.glob(".gone-*"))


class SetClock(ManualClock):
    """A clock whose hands somebody moves while time goes on."""

    ahead = timedelta(0)

    @override
    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of folders that are closed to us, as root's are to an ordinary user."""
    names: set[str] = set()
    listed, told = Path.iterdir, Path.is_file

    def iterdir(self: Path) -> Iterator[Path]:
        if self.name in names:
            raise PermissionError(13, "Permission denied", str(self))
        return listed(self)

    def is_file(self: Path) -> bool:
        if self.parent.name in names:
            raise PermissionError(13, "Permission denied", str(self))
        return told(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    monkeypatch.setattr(Path, "is_file", is_file)
    return names


@pytest.mark.parametrize("name", ["lost+found", "backup"])
def test_a_folder_that_the_disk_or_another_program_made_is_no_package(
    shelf: Shelf, closed: set[str], name: str
) -> None:
    (shelf.root / name).mkdir(mode=0o700)
    closed.add(name)
    size = shelf.size()
    quota = size - 1

    assert shelf.whole()
    assert shelf.engine(ROOMY).size() == size
    assert shelf.sweep(RetentionPolicy(quota_bytes=quota, keep_free=0.0)) > 0
    assert shelf.whole()
    assert (shelf.root / name).is_dir()


def test_a_package_that_is_closed_to_us_is_missing_not_skipped(
    shelf: Shelf, closed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.add("event-1")
    read = Path.read_bytes

    def read_bytes(self: Path) -> bytes:
        if self.parent.name in closed:
            raise PermissionError(13, "Permission denied", str(self))
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)

    found = verify_store(shelf.root, shelf.keys)
    assert "event-1/manifest.json" in {finding.path for finding in found}
