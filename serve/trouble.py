"""Why the service cannot start, or a command of it cannot work, in words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from serve.settings import SettingsError
from vision.core.redaction import without_secrets

CANNOT = 2


@contextmanager
def told_in_words() -> Iterator[None]:
    """End with status 2 and one line where somebody else can mend the cause.

    Settings, files and the database are the operator's; everything else is a fault of
    ours and keeps its traceback.
    """
    try:
        yield
    except SettingsError as error:
        _end(f"settings are not usable:\n{error}")
    except ArgumentError as error:
        _end(f"database_url: {error}; expected sqlite:///… or postgresql+psycopg://…")
    except DBAPIError as error:
        _end(
            f"the database cannot be used ({_first_line(error.orig)}); check "
            "database_url, that the server runs, or the file in --home"
        )
    except SQLAlchemyError as error:
        _end(f"the database cannot be used ({_first_line(error)})")
    except ModuleNotFoundError as error:
        _end(
            f"the module {error.name} is not installed; for PostgreSQL: "
            "pip install 'streetwarden[postgres]' and postgresql+psycopg://…"
        )
    except OSError as error:
        where = "" if error.filename is None else f"{error.filename}: "
        _end(f"{where}{error.strerror or error}; check the path, its owner, the space")


def _end(text: str) -> None:
    print(f"serve: {without_secrets(text)}", file=sys.stderr)  # noqa: T201 what the terminal is told, not a log line
    sys.exit(CANNOT)


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
