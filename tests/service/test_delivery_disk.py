"""Evidence and outbox on disks that are full, small or read-only."""

import contextlib
import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street
from tests.unit.sinks.messages import Book, event
from vision.core.health import HealthEvent
from vision.evidence.recovery import WORKING
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.evidence.takes import ClipPolicy
from vision.evidence.verify_store import verify_store
from vision.sinks.outbox import Outbox

ROOT = Path(__file__).parents[2]
MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MiB of its own."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill_up(place: Path, *, leave: int) -> Path:
    """Take the disk's free space, down to about `leave` bytes."""
    usage = os.statvfs(place)
    ballast = place / "ballast"
    with contextlib.suppress(OSError):  # others may take the last blocks first
        ballast.write_bytes(bytes(max(0, usage.f_bavail * usage.f_frsize - leave)))
    return ballast


def keep_one(store: PackageStore, number: int) -> int:
    first, last = street(10 * number), street(10 * number + 5)
    place = standing(first, f"p{number}")
    store.observe(observed(first, place))
    seen = observed(last, place)
    evidence = store.keep(decided(last, place, event_id=f"event-{number}"), seen)
    return len(evidence.artifacts)


def test_a_full_disk_costs_pictures_not_events_and_recovers_by_itself(
    small_disk: Path,
) -> None:
    health: list[HealthEvent] = []
    clock = ManualClock()
    # Clips have their own thread, whose time is not the test's: none here.
    policy = StorePolicy(
        min_free_bytes=0, clips=ClipPolicy(max_takes=0, min_free_bytes=0)
    )
    root = small_disk / "evidence"
    store = PackageStore(root, on_health=health.append, policy=policy, clock=clock)
    book = Book()
    outbox = Outbox(small_disk / "outbox.db", [book])
    before = keep_one(store, 0)
    outbox.put(event(0))
    ballast = fill_up(small_disk, leave=40_000)
    during = keep_one(store, 1)
    outbox.put(event(1))
    ballast.unlink()
    clock.advance(60)
    store.observe(observed(street(99)))
    after = keep_one(store, 2)
    outbox.put(event(2))
    store.close(20)
    outbox.close(10)

    assert before == after > during
    assert book.events == [f"event-gate-{number}.1" for number in range(3)]
    early, pictures = health
    assert (
        "before the age in evidence.keep (1 times, the first: event-0)" in early.detail
    )
    assert "event-1 has no pictures" in pictures.detail
    # Pictures are kept again; what went too early is told of until a sweep is clean.
    assert store.use().degraded == ("retention",)
    assert verify_store(root, None) == []
    assert not any((root / WORKING).rglob("event*"))


def test_events_are_still_kept_when_not_one_byte_is_free(small_disk: Path) -> None:
    book = Book()
    book.down = True
    outbox = Outbox(small_disk / "outbox.db", [book])
    outbox.put(event(0))
    fill_up(small_disk, leave=0)
    for number in range(1, 60):
        outbox.put(event(number))
    outbox.close(0.1)
    back = Book()
    Outbox(small_disk / "outbox.db", [back]).close(20)

    assert sorted(back.events) == sorted(f"event-gate-{n}.1" for n in range(60))


def test_little_room_costs_clips_before_pictures(small_disk: Path) -> None:
    health: list[HealthEvent] = []
    policy = StorePolicy(min_free_bytes=MIB, clips=ClipPolicy(min_free_bytes=16 * MIB))
    fill_up(small_disk, leave=8 * MIB)
    store = PackageStore(
        small_disk / "evidence", on_health=health.append, policy=policy
    )
    kept = [keep_one(store, number) for number in range(3)]
    store.close(20)

    assert min(kept) >= 7
    assert not list(small_disk.rglob("*.mp4"))
    assert ["no room for clips" in h.detail for h in health] == [True]


def test_a_read_only_folder_costs_pictures_not_events(small_disk: Path) -> None:
    health: list[HealthEvent] = []
    store = PackageStore(small_disk / "evidence", on_health=health.append)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    kept = keep_one(store, 0)
    store.close(5)

    assert kept == 0
    assert [h.ok for h in health] == [False]


def test_a_file_size_quota_costs_the_large_files_only(tmp_path: Path) -> None:
    """RLIMIT_FSIZE cuts every file off at 30 kB; the manifest still fits."""
    code = textwrap.dedent(
        f"""
        import resource, signal
        from pathlib import Path
        from tests.service.test_delivery_disk import keep_one
        from vision.evidence.store import PackageStore
        from vision.evidence.store_policy import StorePolicy
        from vision.evidence.takes import ClipPolicy
        from vision.evidence.verify_store import verify_store

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, {resource.RLIM_INFINITY}))
        root = Path({str(tmp_path)!r}) / "evidence"
        policy = StorePolicy(min_free_bytes=0)
        store = PackageStore(root, policy=policy)
        kept = keep_one(store, 0)
        store.close(20)
        print(kept, verify_store(root, None))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    kept, _, findings = done.stdout.partition(" ")

    assert 1 <= int(kept) < 8
    assert findings.strip() == "[]"
