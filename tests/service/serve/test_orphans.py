"""What a refused upload leaves goes after a day, and nothing else ever does."""

from collections.abc import Iterator
from errno import ENOSPC
from pathlib import Path

import httpx
import pytest

from serve.backup.card import Parts
from serve.backup.restoring import restore
from serve.backup.saving import save
from serve.errors import Unavailable
from serve.files import EvidenceFiles, Expected
from serve.orphans import Orphans
from serve.services import Services, assemble
from serve.settings import Settings
from serve.storage import Folder
from tests.service.serve.city import HandClock, report
from tests.service.serve.conftest import Live
from tests.service.serve.street import jpeg, sha256

PICTURE = jpeg()
OTHER = b'{"no": "manifest"}'


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at nine on a Monday."""
    return HandClock()


def hand_in(
    engine: httpx.Client, content: bytes, name: str = "attached.jpg", **more: str
) -> int:
    kind = "image/jpeg" if content == PICTURE else "application/json"
    headers = {"Content-Type": kind, "X-Content-SHA256": sha256(content)} | more
    url = f"/api/v1/events/evt-1/evidence/{name}"
    return engine.put(url, content=content, headers=headers).status_code


def hand_in_refused(engine: httpx.Client) -> int:
    """Hand in a manifest that is none: that is seen only once it lies there."""
    return hand_in(engine, OTHER, "manifest.json", **{"X-Evidence-Role": "manifest"})


def lies_there(live: Live, content: bytes) -> bool:
    return live.services.files.size(sha256(content)) is not None


def sweep(orphans: Orphans) -> None:
    for _ in range(40):
        orphans.run()


def test_what_a_refused_upload_leaves_goes_after_a_day(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    assert hand_in(engine, PICTURE) == 201
    assert hand_in_refused(engine) == 422
    clock.forward(hours=23)
    sweep(live.services.orphans)
    young = lies_there(live, OTHER)
    clock.forward(hours=2)
    sweep(live.services.orphans)

    assert young
    assert not lies_there(live, OTHER)
    assert lies_there(live, PICTURE)


def test_bytes_that_come_again_count_from_then_on(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    hand_in_refused(engine)
    clock.forward(days=2)
    hand_in_refused(engine)
    sweep(live.services.orphans)

    assert lies_there(live, OTHER)


def test_bytes_refused_under_one_name_stay_as_long_as_another_has_them(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    assert hand_in(engine, OTHER, "note.json") == 201
    hand_in_refused(engine)
    clock.forward(days=2)
    sweep(live.services.orphans)

    assert lies_there(live, OTHER)


def test_the_same_bytes_may_come_again_after_they_were_swept(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    hand_in_refused(engine)
    clock.forward(days=2)
    sweep(live.services.orphans)
    gone = not lies_there(live, OTHER)

    assert gone
    assert hand_in(engine, OTHER, "note.json") == 201
    assert lies_there(live, OTHER)


@pytest.fixture
def elsewhere(live: Live, tmp_path: Path, clock: HandClock) -> Iterator[Services]:
    """Give what runs on the same home when the address of its database is lost."""
    home, url = live.services.settings.home, f"sqlite:///{tmp_path / 'other.db'}"
    services = assemble(Settings(home=home, database_url=url), clock)
    yield services
    services.database.close()


def test_a_service_on_another_database_removes_nothing_that_it_did_not_put(
    live: Live, engine: httpx.Client, clock: HandClock, elsewhere: Services
) -> None:
    report(engine)
    hand_in(engine, PICTURE)
    elsewhere.database.migrate()
    clock.forward(days=400)
    sweep(elsewhere.orphans)

    assert lies_there(live, PICTURE)


def test_a_copy_of_the_database_removes_nothing_that_came_after_it(
    live: Live,
    engine: httpx.Client,
    clock: HandClock,
    elsewhere: Services,
    tmp_path: Path,
) -> None:
    key, incoming = tmp_path / "serve.key", tmp_path / "incoming"
    apart = Parts(elsewhere.database, Folder(tmp_path / "apart"), key, incoming)
    original = Parts(live.services.database, live.services.storage, key, incoming)
    report(engine)
    hand_in_refused(engine)  # noted; its record may come yet
    save(original, tmp_path / "old.tar", clock.now(), evidence=False)
    hand_in(engine, OTHER, "note.json")
    hand_in(engine, PICTURE)
    restore(apart, tmp_path / "old.tar", clock.now())
    clock.forward(days=400)
    sweep(Orphans(elsewhere.database, clock, live.services.storage))

    assert lies_there(live, PICTURE)
    assert lies_there(live, OTHER)


def test_a_file_that_cannot_be_noted_is_not_put(tmp_path: Path) -> None:
    def note(_: str) -> None:
        raise OSError(ENOSPC, "no room for a note")

    storage, path = Folder(tmp_path / "evidence"), tmp_path / "picture"
    path.write_bytes(PICTURE)
    files = EvidenceFiles(storage, tmp_path / "incoming", note)
    with pytest.raises(Unavailable, match="no room for a note"):
        files.take(path, Expected(sha256(PICTURE), "image/jpeg", 2**20))

    assert storage.is_empty()
    assert path.read_bytes() == PICTURE
