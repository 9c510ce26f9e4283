"""Where the things that ship with Streetwarden lie: model, configurations, footage."""

from pathlib import Path

_KINDS = frozenset({"configs", "datasets", "models"})
_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel carries them inside the package, a checkout beside it.
_INSTALLED = _PACKAGE / "shipped"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent


def shipped(path: Path, *, root: Path = _ROOT) -> Path:
    """Return where a path leads: what the caller has wins over what ships.

    Args:
        path: relative to the working directory, e.g. `models/street-n`.
        root: folder of what ships.

    Returns:
        The path as it is, if it exists, or if nothing of that name ships;
        else the one that ships, so that every command works in every folder.
    """
    if not path.parts or path.parts[0] not in _KINDS:
        return path
    there = root / path
    try:
        return there if there.exists() and not path.exists() else path
    except OSError:  # e.g. a name too long to be one; whoever opens it says so
        return path
