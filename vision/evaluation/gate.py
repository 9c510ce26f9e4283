"""Which figures a change may not worsen: the file that CI holds runs against."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.core.errors import ConfigError
from vision.core.expected import mistake

_LOWER_IS_BETTER = (
    "onset_",
    "error_",
    "opening_",
    "false_",
    "duplicates_",
    "fragments_",
    "queue_as_parked",
    "miss_at_",
)
#: Best at zero: too early is as bad as too late.
_SIGNED = frozenset({"onset_bias_s"})


class Bound(BaseModel):
    """What one figure must hold.

    Attributes:
        max_loss: B may be worse than A by at most this.
        at_least: B may not be below this, whatever A is.
        at_most: B may not be above this, whatever A is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_loss: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    figures: dict[str, Bound] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says about one figure; `text` tells what was broken."""

    passed: bool
    text: str = ""


def read_gate(path: Path) -> Mapping[str, Bound]:
    """Read a gate file.

    Args:
        path: TOML: `[figures.f1]` with `max_loss`, `at_least`, `at_most`.

    Returns:
        Figure name to what it must hold.

    Raises:
        ConfigError: unreadable, unknown keys, or no figure.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(read).figures
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path}: {error}; expected a TOML file with [figures.NAME] tables"
        raise ConfigError(msg) from error
    except ValidationError as error:
        faults = "; ".join(mistake(fault) for fault in error.errors())
        msg = f"{path}: {faults}; expected max_loss, at_least or at_most"
        raise ConfigError(msg) from error


def judge(key: str, a: float | None, b: float | None, bound: Bound) -> Ruling:
    """Hold one figure against its bound.

    Args:
        key: the figure's name; it decides whether less is better.
        a: before, or None where undefined.
        b: after; a gated figure that is undefined fails, since nothing was proved.
        bound: what it must hold.

    Returns:
        Passed, or what was broken.
    """
    if b is None:
        return Ruling(passed=False, text="undefined in B")
    broken = []
    if bound.at_least is not None and b < bound.at_least:
        broken.append(f"{b:g} < {bound.at_least:g}")
    if bound.at_most is not None and b > bound.at_most:
        broken.append(f"{b:g} > {bound.at_most:g}")
    if bound.max_loss is not None:
        if a is None:
            broken.append("undefined in A")
        elif _loss(key, a, b) > bound.max_loss:
            broken.append(f"worse by {_loss(key, a, b):.4g} > {bound.max_loss:g}")
    return Ruling(passed=not broken, text="; ".join(broken))


def lower_is_better(key: str) -> bool:
    """Say whether a figure is better when it is smaller."""
    return key.startswith(_LOWER_IS_BETTER)


def _loss(key: str, a: float, b: float) -> float:
    if key in _SIGNED:
        a, b = abs(a), abs(b)
    # Rounded: 0.9 to 0.89 is a loss of 0.01, whatever binary floats make of it.
    return round(b - a if lower_is_better(key) else a - b, 9)
