"""A backup brings everything back, to the same kind of database or the other."""

import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, make_url, select, text
from typer.testing import CliRunner

from serve.__main__ import cli
from serve.backup.card import BackupError, Parts
from serve.backup.restoring import restore
from serve.backup.saving import save
from serve.cases.commands import Command
from serve.cases.counting import Period
from serve.cases.lifecycle import Action
from serve.messages import CameraRef
from serve.outward.subscriptions import Wish
from serve.people.roles import ENGINE, Principal, Role, Scope
from serve.services import Services, assemble
from serve.settings import Settings
from serve.store.beginning import Run, Watched
from serve.store.database import Database
from serve.store.tables import CameraRow, EvidenceRow
from tests.service.serve.city import MONDAY, HandClock, do
from tests.service.serve.conftest import POSTGRES, Live, Start
from tests.service.serve.street import Seen, artifact, jpeg, letter, message, sha256

PICTURE = jpeg()


@pytest.fixture
def live(start: Start, tmp_path: Path) -> Iterator[Live]:
    """Start a service with something of every kind in it."""
    live = start(Settings(home=tmp_path / "old", allow_private_webhooks=True))
    seen = Seen(artifacts=(artifact("overlay.jpg", "overlay", PICTURE),))
    live.services.subscriptions.create(Wish("http://127.0.0.1:9/x"), ENGINE)
    with (
        live.client(Scope.INGEST) as engine,
        live.person("boss", Role.SUPERVISOR) as boss,
    ):
        engine.post("/api/v1/events", json=message(seen)).raise_for_status()
        engine.put(
            "/api/v1/events/evt-1/evidence/overlay.jpg",
            content=PICTURE,
            headers={"Content-Type": "image/jpeg", "X-Content-SHA256": sha256(PICTURE)},
        ).raise_for_status()
        do(boss, 1, "register", "dispatch")
        boss.post("/api/v1/events/evt-1/hold", json={"reason": "court"})
    yield live
    # It was stopped before it was saved: saving opened connections anew.
    live.services.database.close()


@contextmanager
def another_service(home: Path, clock: HandClock | None = None) -> Iterator[Services]:
    """Give an empty service of the same kind of database."""
    url, admin = "", None
    if POSTGRES is not None:
        own = make_url(POSTGRES).set(database=f"restored_{os.getpid()}")
        admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {own.database}"))
            connection.execute(text(f"CREATE DATABASE {own.database}"))
        url = own.render_as_string(hide_password=False)
    home.mkdir()
    settings = Settings(home=home, database_url=url)
    services = assemble(settings, clock or HandClock())
    yield services
    services.database.close()
    if admin is not None:
        admin.dispose()


def parts(services: Services) -> Parts:
    key = services.settings.home / "serve.key"
    incoming = services.settings.incoming_dir
    return Parts(services.database, services.storage, key, incoming)


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, in order."""
    with database.snapshot() as connection:
        known = MetaData()
        known.reflect(connection)
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    select(table).order_by(*table.primary_key.columns)
                )
            ]
            for table in known.sorted_tables
        }


def told(services: Services) -> list[str]:
    """Return the id of every message, in order."""
    return [row.message_id for row in services.feed.after(0, limit=100)]


def test_everything_comes_back_and_goes_on(live: Live, tmp_path: Path) -> None:
    live.stop()
    card = save(parts(live.services), tmp_path / "all.tar", MONDAY)
    with another_service(tmp_path / "new") as new:
        restore(parts(new), tmp_path / "all.tar", MONDAY)

        assert everything(new.database) == everything(live.services.database)
        assert card.evidence_files == 1
        assert b"".join(new.files.read(sha256(PICTURE), 0, 10**6)) == PICTURE
        secrets = [
            services.subscriptions._box.open(row.secret)
            for services in (live.services, new)
            for row in services.subscriptions.all()
        ]
        assert len(set(secrets)) == 1
        # New rows are numbered after the old ones.
        new.intake.take(letter(Seen(event_id="evt-2")))
        assert new.feed.newest() > live.services.feed.newest()
        assert new.find_cases.of_event("evt-2").number == 2  # type: ignore[union-attr]  # it is there


def test_a_restore_needs_no_temporary_folder_on_the_disk_of_the_store(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Path("/dev/shm")  # noqa: S108 another disk, not a place for secrets
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs /dev/shm on another file system than the tests' folder")
    save(parts(live.services), tmp_path / "all.tar", MONDAY)
    monkeypatch.setattr(tempfile, "tempdir", str(memory))
    with another_service(tmp_path / "new") as new:
        restore(parts(new), tmp_path / "all.tar", MONDAY)

        assert b"".join(new.files.read(sha256(PICTURE), 0, 10**6)) == PICTURE
        assert list(new.settings.incoming_dir.iterdir()) == []


def test_a_backup_that_lacks_many_files_can_be_restored(
    live: Live, tmp_path: Path
) -> None:
    names = [f"clip-{number}.mp4" for number in range(15_000)]
    with live.services.database.write() as session:
        session.add_all(
            EvidenceRow(
                event_id="evt-1",
                name=name,
                role="clip",
                media_type="video/mp4",
                sha256=sha256(name.encode()),
                size_bytes=1,
                stored_at=MONDAY,
            )
            for name in names
        )
    saved = save(parts(live.services), tmp_path / "all.tar", MONDAY)
    with another_service(tmp_path / "new") as new:
        restored = restore(parts(new), tmp_path / "all.tar", MONDAY)

    assert restored == saved
    assert restored.evidence_missing == sorted(sha256(one.encode()) for one in names)


def test_what_happens_after_a_restore_is_told_under_ids_of_its_own(
    live: Live, tmp_path: Path
) -> None:
    save(parts(live.services), tmp_path / "all.tar", MONDAY)
    before = told(live.services)
    with another_service(tmp_path / "new") as new:
        restore(parts(new), tmp_path / "all.tar", MONDAY)
        # The same version of the same case, once before it was lost and once after.
        boss = Principal("user:boss", frozenset({Scope.SUPERVISE}), person=True)
        for services in (live.services, new):
            version = services.find_cases.of_event("evt-1").version  # type: ignore[union-attr]  # it is there
            services.cases.act(1, Command(Action.URGE), boss, expected=version)
        lost, again = told(live.services), told(new)

    assert lost[: len(before)] == again[: len(before)] == before
    assert len(lost) == len(again) == len(before) + 1
    assert lost[-1] != again[-1]


def test_of_what_a_backup_does_not_hold_no_camera_is_said_to_have_seen(
    live: Live, tmp_path: Path
) -> None:
    """Also not one whose engine has watched it since, and is new to the backup."""
    day = timedelta(days=1)
    with live.services.database.read() as session:
        (first,) = session.scalars(select(CameraRow.first_seen))
    save(parts(live.services), tmp_path / "all.tar", first + day)
    with another_service(tmp_path / "new", HandClock(first + 5 * day)) as new:
        restore(parts(new), tmp_path / "all.tar", first + 4 * day)
        added = Watched(CameraRef(id="new", name="New"), None)
        run = Run("north", "1", "one", up_s=3 * day.total_seconds(), cameras=[added])
        new.engines.begins("north-1", run)
        found = new.statistics.coverage(Period(first - day, first + 5 * day))

    seen = {one.camera_id: (one.known, one.blind) for one in found}
    assert seen == {"kerb-east": (2 * day, 0 * day), "new": (day, 0 * day)}


@pytest.mark.skipif(POSTGRES is None, reason="needs both kinds of database")
def test_a_city_may_move_from_postgresql_to_sqlite_and_back(
    live: Live, tmp_path: Path
) -> None:
    live.stop()
    save(parts(live.services), tmp_path / "one.tar", MONDAY)
    (tmp_path / "small").mkdir()
    small = assemble(Settings(home=tmp_path / "small"), HandClock())
    restore(parts(small), tmp_path / "one.tar", MONDAY)
    save(parts(small), tmp_path / "two.tar", MONDAY)
    small.database.close()
    with another_service(tmp_path / "new") as new:
        restore(parts(new), tmp_path / "two.tar", MONDAY)

        assert everything(new.database) == everything(live.services.database)


def test_nothing_is_restored_over_something(live: Live, tmp_path: Path) -> None:
    live.stop()
    save(parts(live.services), tmp_path / "all.tar", MONDAY)
    before = everything(live.services.database)

    with pytest.raises(BackupError, match="not empty"):
        restore(parts(live.services), tmp_path / "all.tar", MONDAY)
    assert everything(live.services.database) == before


def test_a_store_in_use_is_taken_over_only_on_request(
    live: Live, tmp_path: Path
) -> None:
    live.stop()
    save(parts(live.services), tmp_path / "rows.tar", MONDAY, evidence=False)
    with another_service(tmp_path / "new") as new:
        theirs = replace(parts(new), storage=live.services.storage)
        with pytest.raises(BackupError, match=r"store is not empty.*--take-over"):
            restore(theirs, tmp_path / "rows.tar", MONDAY)
        refused = new.database.revision()
        restore(theirs, tmp_path / "rows.tar", MONDAY, take_over=True)

        assert refused is None
        assert everything(new.database) == everything(live.services.database)


def test_a_backup_is_never_written_over_another(live: Live, tmp_path: Path) -> None:
    target = tmp_path / "all.tar"
    save(parts(live.services), target, MONDAY)

    with pytest.raises(BackupError, match="is there already"):
        save(parts(live.services), target, MONDAY)
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("part", ["tables/events.jsonl.gz", "evidence/", "backup.json"])
def test_a_damaged_backup_restores_no_row(
    live: Live, tmp_path: Path, part: str
) -> None:
    good, bad = tmp_path / "good.tar", tmp_path / "bad.tar"
    save(parts(live.services), good, MONDAY)
    content = bytearray(good.read_bytes())
    with tarfile.open(good) as tar:
        member = next(one for one in tar if one.name.startswith(part))
    middle = member.offset_data + member.size // 2
    content[middle : middle + 9] = b"\0" * 9
    bad.write_bytes(content)
    with another_service(tmp_path / "new") as new:
        with pytest.raises(BackupError, match=r"bad\.tar"):
            restore(parts(new), bad, MONDAY)

        new.database.migrate()
        assert everything(new.database)["events"] == []


def test_the_commands_save_and_bring_back(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = live.services.settings.database_url
    monkeypatch.setenv("STREETWARDEN_DATABASE_URL", url)
    run = CliRunner().invoke
    old, new, tar = (
        str(tmp_path / "old"),
        str(tmp_path / "new"),
        str(tmp_path / "a.tar"),
    )

    saved = run(cli, ["backup", tar, "--home", old])
    monkeypatch.setenv("STREETWARDEN_DATABASE_URL", "")
    restored = run(cli, ["restore", tar, "--home", new])
    twice = run(cli, ["restore", tar, "--home", new])
    nonsense = run(cli, ["restore", __file__, "--home", str(tmp_path / "x")])

    assert (saved.exit_code, restored.exit_code) == (0, 0), saved.output
    assert "1 evidence files" in saved.output
    assert (twice.exit_code, nonsense.exit_code) == (1, 1)
    assert "not empty" in twice.output
    with tarfile.open(tar) as whole:
        card = json.load(whole.extractfile("backup.json"))  # type: ignore[arg-type]  # it is a file
    assert card["tables"]["events"]["rows"] == 1
