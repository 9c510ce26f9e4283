"""Violation codes of a public or local scheme, from `configs/taxonomy/`."""

from pathlib import Path

from pydantic import Field

from vision.config.base import Settings
from vision.config.load import read_settings
from vision.core.events import Code
from vision.core.violations import Slug

_EXAMPLE = Path("configs/taxonomy/gbt47678.yaml")


class CodeSettings(Settings):
    """One violation's number."""

    code: str = Field(min_length=1)
    name: str = Field(min_length=1)


class TaxonomySettings(Settings):
    """A scheme and, as `codes`, its number for each of our violations."""

    scheme: str = Field(min_length=1)
    codes: dict[Slug, CodeSettings]


def load_taxonomy(path: Path) -> dict[Slug, Code]:
    """Read a taxonomy file.

    Args:
        path: YAML.

    Returns:
        The code of each violation the file names.

    Raises:
        ConfigError: missing, broken or invalid; every mistake named.
    """
    loaded = read_settings(path, TaxonomySettings, example=_EXAMPLE)
    return {
        slug: Code(scheme=loaded.settings.scheme, code=entry.code, name=entry.name)
        for slug, entry in loaded.settings.codes.items()
    }
