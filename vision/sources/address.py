"""How an address may be shown, and whether the file is there that it names."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from vision.core.errors import SourceOpenError
from vision.core.redaction import without_secrets


def label(url: str) -> str:
    """Return `url` as it may be shown."""
    return without_secrets(url)


def require_readable(path: Path) -> None:
    """Check a file before a decoder sees it: decoders explain little.

    Raises:
        SourceOpenError: missing, a folder, empty or not readable.
    """
    try:
        if path.is_dir():
            msg = f"{path}: is a folder, expected a video file; use an images source"
            raise SourceOpenError(msg)
        if path.stat().st_size == 0 and path.is_file():
            msg = f"{path}: is empty (0 bytes), expected a video file; copy it again"
            raise SourceOpenError(msg)
        if path.is_file():
            with path.open("rb") as file:
                file.read(1)
    except FileNotFoundError as error:
        msg = f"{path}: no such file; expected a video file, check the path"
        raise SourceOpenError(msg) from error
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); check its permissions"
        raise SourceOpenError(msg) from error


def modified_at(path: Path) -> datetime:
    """Return when a file was last written, aware UTC."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def may_end(url: str) -> bool:
    """Return whether a network address may serve a finished recording."""
    return urlsplit(url).scheme.lower() in {"http", "https", "ftp", "sftp"}
