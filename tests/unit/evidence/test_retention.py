from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street
from vision.core.errors import EvidenceError
from vision.core.violations import Lifecycle
from vision.evidence.holds import held, hold, release
from vision.evidence.keys import KeyFolder
from vision.evidence.retention import Retention, RetentionPolicy
from vision.evidence.seal import Sealer
from vision.evidence.signing import TrustedKeys
from vision.evidence.store import PackageStore
from vision.evidence.verify_store import verify_store

DAY_S = 86_400
ROOMY = RetentionPolicy(
    clips_for=timedelta(days=10),
    originals_for=timedelta(days=20),
    package_for=timedelta(days=30),
    keep_free=0.0,
)


class Shelf:
    """A signed store filled with one event a day; every other one is cleared."""

    def __init__(self, home: Path, *, events: int) -> None:
        self.root = home / "evidence"
        self.clock = ManualClock()
        keys = KeyFolder(home / "keys")
        sealer = Sealer(self.root, clock=self.clock, signer=keys.signer())
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

    def sweep(self, policy: RetentionPolicy, *busy: str) -> int:
        return Retention(self.root, policy, clock=self.clock).sweep(busy)

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
    shelf.clock.advance(8 * DAY_S)
    shelf.sweep(ROOMY)
    after_clips = names(shelf, "event-0")
    shelf.clock.advance(10 * DAY_S)
    shelf.sweep(ROOMY)
    after_originals = names(shelf, "event-0")
    whole = shelf.whole()
    shelf.clock.advance(10 * DAY_S)
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
    shelf.clock.advance(100 * DAY_S)
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
    shelf.clock.advance(100 * DAY_S)
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


def test_every_deletion_is_on_record(shelf: Shelf) -> None:
    shelf.clock.advance(100 * DAY_S)
    shelf.sweep(ROOMY)
    lines = (shelf.root / "ledger.jsonl").read_text().splitlines()
    deleted = [line for line in lines if '"kind":"deleted"' in line]

    assert len(deleted) == 4
    assert all("older than 30 days" in line for line in deleted)
