"""What a monitor sees when the service is away or the disk is full."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from tests.fakes import ManualClock
from tests.unit.evidence.scenes import decided, observed, standing, street
from tests.unit.sinks.messages import Book, event
from vision.core.errors import SinkError
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.pipeline.store_metrics import StoreCollector, Waiting
from vision.sinks.outbox import Outbox


def scrape(collector: StoreCollector) -> str:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def test_what_waits_for_a_receiver_that_is_away_is_told(tmp_path: Path) -> None:
    clock = ManualClock()
    away = Book("away")
    away.down = True
    outbox = Outbox(tmp_path / "outbox.db", [away], clock=clock)
    store = PackageStore(tmp_path / "evidence", clock=clock)
    for index in range(3):
        outbox.put(event(index))
    clock.advance(86_400)
    text = scrape(StoreCollector(outbox.waiting, store.use, clock=clock))
    outbox.close(0.1)
    store.close(5)

    assert 'outbox_messages{receiver="away",state="due"} 3.0' in text
    assert 'outbox_messages{receiver="away",state="files"} 0.0' in text
    assert 'outbox_messages{receiver="away",state="dead"} 0.0' in text
    assert 'outbox_oldest_seconds{receiver="away"} 86400.0' in text
    assert 'evidence_degraded{part="pictures"} 0.0' in text
    assert "streetwarden_evidence_quota_bytes" in text


def test_evidence_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file where the folder should be")
    store = PackageStore(tmp_path / "evidence", policy=StorePolicy(min_free_bytes=0))
    at = street(1)
    store.keep(decided(at, standing(at)), observed(at, standing(at)))
    text = scrape(StoreCollector(list[Waiting], store.use))
    store.close(5)

    assert 'evidence_degraded{part="pictures"} 1.0' in text


def test_an_outbox_that_cannot_be_counted_does_not_silence_the_rest(
    tmp_path: Path,
) -> None:
    def locked() -> list[Waiting]:
        msg = "outbox.db: locked"
        raise SinkError(msg)

    store = PackageStore(tmp_path / "evidence")
    text = scrape(StoreCollector(locked, store.use))
    store.close(5)

    assert "outbox_messages" not in text
    assert "streetwarden_evidence_free_bytes" in text
