"""One running service for each SQLite database; PostgreSQL lets several share it."""

import fcntl
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from serve.store.database import Database


class InUseError(Exception):
    """Another service works on this database; the text says what to do."""


def claim(database: Database) -> AbstractContextManager[object]:
    """Keep other services off a SQLite database until what is returned is closed.

    Commands beside a running service do not ask. Nothing is left behind by one that is
    killed: its claim ends with its process, and the file means nothing without it.

    Args:
        database: of the service; its folder is there.

    Raises:
        InUseError: another service has it.
        OSError: the file of the claim cannot be opened or locked.
    """
    if database.file is None:
        return nullcontext()
    # Not on the file itself: where `flock` is made of SQLite's own kind of lock, as on
    # NFS, the two would shut each other out.
    path = database.file.with_name(f"{database.file.name}.claim")
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InUseError(_in_use(database.file)) from None
    except OSError as error:
        lock.close()
        raise OSError(error.errno, error.strerror, str(path)) from error
    return lock


def _in_use(file: Path) -> str:
    return (
        f"{file}: got a database that a running service works on; expected one of its "
        "own. Stop the other service, or give this one another home (--home, "
        "STREETWARDEN_HOME); several may share a PostgreSQL "
        "(STREETWARDEN_DATABASE_URL)"
    )
