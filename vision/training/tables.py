"""Read the TOML files of training: manifests, recipes, papers."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from vision.core.errors import ConfigError


def read_table(path: Path, example: str) -> dict[str, Any]:
    """Read a TOML file.

    Args:
        path: of the file.
        example: a file of the kind, for messages.

    Returns:
        Its table.

    Raises:
        ConfigError: the file cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}; see {example}"
        raise ConfigError(msg) from error
    except ValueError as error:  # broken TOML and broken UTF-8 alike
        msg = f"{path} is no TOML: {error}; see {example}"
        raise ConfigError(msg) from error
