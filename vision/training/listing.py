"""The listing of a vending set: which picture comes from where."""

import json
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import ConfigError

_NAME = "source.json"


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture as its set lists it.

    Attributes:
        file: its name.
        origin: who took it, or the collection it was taken from.
        stalls: boxes of stalls in it.
    """

    file: str
    origin: str
    stalls: int


def read_listing(folder: Path) -> list[Listed]:
    """Read a set's ``source.json``.

    Args:
        folder: of the set.

    Raises:
        ConfigError: the file is missing, or says less of its pictures than is needed.
    """
    path = folder / _NAME
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["per_image"]
        return [
            Listed(str(row["file"]), str(row["origin"]), int(row["n_street_vendor"]))
            for row in rows
        ]
    except FileNotFoundError as error:
        msg = f"{path} is not there; pictures are kept aside by the origins it lists"
        raise ConfigError(msg) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = (
            f"{path}: {type(error).__name__}: {error}; expected per_image: a list of "
            "{file, origin, n_street_vendor}"
        )
        raise ConfigError(msg) from error


class Origins:
    """Where each picture of a set comes from."""

    def __init__(self, folder: Path) -> None:
        """Read the set's listing.

        Raises:
            ConfigError: as `read_listing`.
        """
        self._path = folder / _NAME
        self._origins = {one.file: one.origin for one in read_listing(folder)}

    def of(self, file: str) -> str:
        """Return a picture's origin.

        Raises:
            ConfigError: it is not listed.
        """
        if file not in self._origins:
            msg = f"{self._path}: per_image lacks {file}; expected every picture"
            raise ConfigError(msg)
        return self._origins[file]
