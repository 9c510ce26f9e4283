"""The quota holds at every writing, and what it costs is said."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street
from vision.core.errors import EvidenceError
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent, HealthKind
from vision.evidence.holds import hold
from vision.evidence.keys import KeyFolder
from vision.evidence.retention import Retention, RetentionPolicy
from vision.evidence.room import Room
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.verify_store import verify_store

EVER = timedelta(days=36_500)
ONE = 330_000  # a package of these pictures, and what is asked for its seals


class Shop:
    """A signed store with a quota of so many packages."""

    def __init__(self, home: Path, packages: float) -> None:
        self.root = home / "evidence"
        self.quota = round(packages * ONE)
        self.clock = ManualClock()
        self.health: list[HealthEvent] = []
        self.needed: set[str] = set()
        keys = KeyFolder(home / "keys")
        self.trusted = keys.trusted
        retention = RetentionPolicy(EVER, EVER, EVER, self.quota, keep_free=0.0)
        self.store = PackageStore(
            self.root,
            sealer=Sealer(self.root, clock=self.clock, signer=keys.signer()),
            clock=self.clock,
            on_health=self.health.append,
            policy=StorePolicy(min_free_bytes=0, retention=retention),
        )
        self.store.spare(lambda: self.needed)

    def waits_for(self, degraded: tuple[str, ...]) -> bool:
        """Wait until this, and no more, suffers; return whether it came to that."""
        until_s = time.monotonic() + 20
        while self.store.use().degraded != degraded and time.monotonic() < until_s:
            time.sleep(0.02)
        return self.store.use().degraded == degraded

    def keep(self, number: int) -> Evidence:
        at = street(number)
        place = standing(at)
        step = decided(at, place, event_id=f"event-{number}")
        self.clock.advance(3600)
        return self.store.keep(step, observed(at, place))

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.root.rglob("event-*/*"))

    def events(self) -> list[str]:
        return sorted(path.name for path in self.root.glob("event-*"))


def test_a_package_that_would_overrun_the_quota_takes_the_place_of_the_oldest(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, 3.2)
    sizes = []
    for number in range(8):
        assert shop.keep(number).artifacts
        sizes.append(shop.size())
    shop.store.close(10)

    assert max(sizes) <= shop.quota
    assert "event-7" in shop.events()
    assert "event-0" not in shop.events()
    assert verify_store(shop.root, shop.trusted()) == []
    assert "over quota" in (shop.root / "ledger.jsonl").read_text()
    assert {event.kind for event in shop.health} == {HealthKind.EVIDENCE_DEGRADED}
    assert "before the age in evidence.keep" in shop.health[0].detail


def test_where_nothing_may_go_events_lose_their_files_loudly_and_get_them_back(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, 2.2)
    shop.needed = {"event-0"}
    shop.keep(0)
    shop.keep(1)
    hold(shop.root, "event-1", who="li", reason="court", clock=shop.clock)
    refused = shop.keep(2)
    degraded = shop.store.use().degraded
    said = [(event.ok, "of the quota" in event.detail) for event in shop.health]
    shop.needed = set()  # the receiver has it now
    shop.clock.advance(61)
    recovered = shop.waits_for(("retention",))  # nothing is decided meanwhile
    kept = shop.keep(3)
    shop.store.close(10)

    assert refused == Evidence()
    assert degraded == ("pictures",)
    assert said == [(False, True)]
    assert recovered
    assert kept.artifacts
    assert shop.events() == ["event-1", "event-3"]
    assert shop.store.use().degraded == ("retention",)  # event-0 went too early


def test_a_start_on_a_nearly_full_disk_deletes_no_more_than_is_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path, 100)
    for number in range(5):
        shop.keep(number)
    shop.store.close(10)
    disk = shop.size() + 10_000  # only so much is free
    monkeypatch.setattr("vision.evidence.room.free_bytes", lambda _: disk - shop.size())
    policy = RetentionPolicy(EVER, EVER, EVER, shop.quota, keep_free=0.0)
    retention = Retention(shop.root, policy, clock=shop.clock)
    room = Room(shop.root, retention, clock=shop.clock, min_free_bytes=0, busy=set)
    with room.taken(20_000):
        pass

    assert len(shop.events()) >= 4
    assert "event-4" in shop.events()
    assert disk - shop.size() >= 20_000


def room_of(tmp_path: Path, quota: int, taken: int) -> Room:
    (tmp_path / "event-0").mkdir(parents=True)
    (tmp_path / "event-0" / "clip.mp4").write_bytes(bytes(taken))
    clock = ManualClock()
    retention = Retention(
        tmp_path, RetentionPolicy(quota_bytes=quota, keep_free=0.0), clock=clock
    )
    return Room(tmp_path, retention, clock=clock, min_free_bytes=0, busy=set)


def test_the_last_of_the_quota_is_for_pictures(tmp_path: Path) -> None:
    room = room_of(tmp_path, 1_000_000, 940_000)

    with (
        pytest.raises(EvidenceError, match="of the quota"),
        room.taken(30_000, clip=True),
    ):
        pass
    with room.taken(30_000):
        pass
    assert room.used_bytes == 970_000


def test_what_is_being_written_counts_and_what_failed_does_not(tmp_path: Path) -> None:
    room = room_of(tmp_path, 1_000_000, 500_000)

    with room.taken(300_000):
        assert room.used_bytes == 800_000
        with pytest.raises(EvidenceError), room.taken(300_000):
            pass
    full = OSError("disk full")
    with pytest.raises(OSError, match="full"), room.taken(100_000):
        raise full
    assert room.used_bytes == 800_000
