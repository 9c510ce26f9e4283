"""What an administrator does beside running the service: check, save, bring back."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from serve.backup.card import SECRET_KEY, BackupError, Parts
from serve.backup.restoring import restore
from serve.backup.saving import save
from serve.cases.policy import calendar_warning
from serve.claim import InUseError
from serve.services import Services, assemble
from serve.settings import Settings, SettingsError, load_settings
from serve.store.database import Database
from serve.store.tables import EventRow
from vision.core.clock import SystemClock
from vision.core.redaction import without_secrets

T = TypeVar("T")
Home = Annotated[Path | None, typer.Option(help="Folder for all state")]
LITTLE_DISK_BYTES = 1024**3
PREVIEW = 50


def add_commands(cli: typer.Typer) -> None:
    """Give the program these commands, too."""
    cli.command("check")(check)
    cli.command("backup")(backup)
    cli.command("restore")(restore_backup)
    cli.command("retention")(retention)


def check(*, home: Home = None) -> None:
    """Find what would keep the service from running well; changes nothing."""
    services = assembled(home=home)
    settings = services.settings
    folder = settings.config_dir.resolve()
    typer.echo(f"ok    settings and the rules in {folder}")
    lacking = calendar_warning(services.policy, services.clock.now())
    if lacking is not None:
        typer.echo(f"warn  {lacking}", err=True)
    trials = [
        Trial("home folder", lambda: _try_home(settings)),
        Trial("database", lambda: _try_database(services)),
        Trial("evidence store", lambda: _try_storage(services)),
    ]
    failed = [trial.name for trial in trials if not trial.passes()]
    services.database.close()
    if failed:
        raise typer.Exit(1)


def backup(
    target: Annotated[Path, typer.Argument(help="The tar file to write")],
    *,
    evidence: Annotated[
        bool,
        typer.Option(help="Evidence files, too; not where their store is backed up"),
    ] = True,
    home: Home = None,
) -> None:
    """Save everything in one file; the service may go on meanwhile."""
    with opened(home) as services:
        now = services.clock.now()
        card = or_exit(lambda: save(_parts(services), target, now, evidence=evidence))
    rows = sum(table.rows for table in card.tables.values())
    typer.echo(f"{target}: {rows} rows, {card.evidence_files} evidence files")
    typer.echo("It holds pictures and keys: store it where only you can read it.")
    for sha256 in card.evidence_missing:
        typer.echo(f"missing in the evidence store: {sha256}", err=True)


def restore_backup(
    source: Annotated[Path, typer.Argument(help="The tar file to read")],
    *,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Evidence lies in the store; no other service uses it"
        ),
    ] = False,
    home: Home = None,
) -> None:
    """Bring a backup back into a new home folder or a new database."""
    with opened(home) as services:
        services.settings.home.mkdir(parents=True, exist_ok=True)
        parts = _parts(services)
        now = services.clock.now()
        card = or_exit(lambda: restore(parts, source, now, take_over=take_over))
    rows = sum(table.rows for table in card.tables.values())
    typer.echo(f"restored {rows} rows and {card.evidence_files} evidence files")
    typer.echo(f"as they were at {card.made_at:%Y-%m-%d %H:%M} UTC; what came after is")
    typer.echo("lost, and of that time no camera is said to have seen")


def retention(*, home: Home = None) -> None:
    """Show which files would be deleted now; the running service deletes them."""
    with opened(home) as services:
        or_exit(services.database.migrate)
        due = services.retention.due(limit=PREVIEW)
    for file in due:
        typer.echo(f"{file.event_id}/{file.name}  {file.rule}")
    more = " or more" if len(due) == PREVIEW else ""
    typer.echo(f"{len(due)}{more} files are due")


def assembled(**given: object) -> Services:
    """Return the parts of the service as options and environment set it up, or end."""
    try:
        return assemble(load_settings(os.environ, **given), SystemClock())
    except SettingsError as error:
        typer.echo(f"settings are not usable:\n{error}", err=True)
        raise typer.Exit(2) from None


@contextmanager
def opened(home: Path | None) -> Iterator[Services]:
    """Give the parts of the service, and let go of its database at the end."""
    services = assembled(home=home)
    try:
        yield services
    finally:
        services.database.close()


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that must work: `attempt` returns what it found."""

    name: str
    attempt: Callable[[], str]

    def passes(self) -> bool:
        """Try it and say how it went."""
        try:
            typer.echo(f"ok    {self.name}: {self.attempt()}")
        except (OSError, SQLAlchemyError) as error:
            reason = without_secrets(str(error).splitlines()[0])
            typer.echo(f"FAIL  {self.name}: {reason}", err=True)
            return False
        return True


def _try_home(settings: Settings) -> str:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder):
        free = shutil.disk_usage(folder).free
    words = f"{settings.home.resolve()}, {free // 1024**2} MiB free"
    if free < LITTLE_DISK_BYTES:
        msg = f"{words}; expected at least {LITTLE_DISK_BYTES // 1024**2} MiB"
        raise OSError(msg)
    return words


def _try_database(services: Services) -> str:
    found = services.database.revision()
    state = "not made yet" if found is None else f"schema {found}"
    return f"{services.database.dialect}, {state}"


def _try_storage(services: Services) -> str:
    where = services.settings.evidence_url
    where = where or f"folder {services.settings.evidence_dir.resolve()}"
    if not services.storage.is_empty() and _knows_nothing(services.database):
        msg = (
            f"{where}: files lie there, and the database knows no event; is it the "
            "right one (STREETWARDEN_DATABASE_URL)? A new service begins with an empty "
            "store, a restored one with its backup"
        )
        raise OSError(msg)
    return where


def _knows_nothing(database: Database) -> bool:
    if database.revision() is None:
        return True
    with database.read() as session:
        return session.scalar(select(EventRow.number).limit(1)) is None


def _parts(services: Services) -> Parts:
    key = services.settings.home / SECRET_KEY
    incoming = services.settings.incoming_dir
    return Parts(services.database, services.storage, key, incoming)


def or_exit(work: Callable[[], T]) -> T:
    """Return what `work` returns, or end with the reason in one line."""
    try:
        return work()
    except (BackupError, InUseError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except SQLAlchemyError as error:
        reason = without_secrets(str(error).splitlines()[0])
        typer.echo(f"the database cannot be used: {reason}", err=True)
        raise typer.Exit(1) from None
