"""A training recipe: everything that makes a run, in one file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vision.core.errors import ConfigError
from vision.training.batches import Mixture
from vision.training.losses import Gains
from vision.training.pools import BESIDE, OWN, Aside
from vision.training.tables import read_table
from vision.training.trainer import Schedule
from vision.training.watch import Stop

#: A recipe to look things up in, for messages.
EXAMPLE = "models/street-n/recipe.toml"
_ROUNDING = 1e-6
_Table = TypeVar("_Table", Schedule, Gains, Mixture, Aside, Stop)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one model is trained.

    Attributes:
        name: of the model.
        parent: checkpoint of the COCO parent below the weights folder, the
            teacher for road users. None: the model that is continued is its
            own teacher, for all classes.
        start: exported model to continue, ``models/NAME/model.onnx``; None
            starts from the parent.
        largest_px: longer side at which pictures are kept in memory.
        frame_period_s: time between two frames taken from a clip.
        settle: length and rates of the one-to-many head alone, beforehand;
            for a start without that head. None skips it.
        schedule: length and rates.
        polish: length and rates of the one-to-one head alone, afterwards.
        stop: when to end early, judged on refuse kept aside. None never does.
        gains: weights of the loss terms.
        mixture: how batches are mixed.
        sets: pool name to set name.
        aside: what training never sees.
    """

    name: str
    largest_px: int
    frame_period_s: float
    schedule: Schedule
    polish: Schedule
    gains: Gains
    mixture: Mixture
    sets: dict[str, str]
    aside: Aside
    parent: str | None = None
    start: str | None = None
    settle: Schedule | None = None
    stop: Stop | None = None

    @property
    def steps(self) -> int:
        """Optimiser steps of all its parts."""
        parts = (self.settle, self.schedule, self.polish)
        return sum(part.steps for part in parts if part is not None)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Args:
        path: TOML file, see `models/street-n/recipe.toml`.

    Returns:
        The recipe.

    Raises:
        ConfigError: the file is missing, no TOML, or a key is wrong.
    """
    return build_recipe(read_table(path, EXAMPLE), path)


def build_recipe(table: Mapping[str, Any], path: Path) -> Recipe:
    """Build a recipe from its table.

    Args:
        table: as the file holds it.
        path: of the file, for messages.

    Returns:
        The recipe.

    Raises:
        ConfigError: a key is wrong.
    """
    _check_keys(table, path)
    if "parent" not in table and "start" not in table:
        msg = f"{path}: names neither a parent nor a model to start from"
        raise ConfigError(msg)
    _check_rows(table["mixture"], path)
    _check_pools(table["mixture"]["rows"], table["sets"], path)
    _check_cutouts(table["mixture"].get("cutouts", 0.0), path)
    return Recipe(
        name=table["name"],
        largest_px=table["largest_px"],
        frame_period_s=table["frame_period_s"],
        schedule=_build(Schedule, table["schedule"], f"{path}: schedule"),
        polish=_build(Schedule, table["polish"], f"{path}: polish"),
        gains=_build(Gains, _tuples(table["gains"]), f"{path}: gains"),
        mixture=_build(Mixture, _sizes(table["mixture"]), f"{path}: mixture"),
        aside=_build(Aside, _tuples(table["aside"]), f"{path}: aside"),
        sets=dict(table["sets"]),
        parent=table.get("parent"),
        start=table.get("start"),
        settle=(
            _build(Schedule, table["settle"], f"{path}: settle")
            if "settle" in table
            else None
        ),
        stop=(
            _build(Stop, table["stop"], f"{path}: stop") if "stop" in table else None
        ),
    )


def need_pools(recipe: Recipe, names: Iterable[str], path: Path) -> None:
    """Refuse a recipe that lacks sets which a command judges by.

    Args:
        recipe: as read.
        names: of the pools.
        path: of the recipe, for the message.

    Raises:
        ConfigError: a pool has no set.
    """
    missing = sorted(set(names) - recipe.sets.keys())
    if missing:
        msg = (
            f"{path}: [sets] has no {', '.join(missing)}, which this judges by; see "
            f"{EXAMPLE}"
        )
        raise ConfigError(msg)


def _check_keys(table: Mapping[str, Any], path: Path) -> None:
    known = {f.name for f in dataclasses.fields(Recipe)}
    missing, unknown = _needed(Recipe) - table.keys(), table.keys() - known
    if missing or unknown:
        msg = (
            f"{path}: missing {', '.join(sorted(missing)) or 'nothing'}, unknown "
            f"{', '.join(sorted(unknown)) or 'nothing'}; see {EXAMPLE}"
        )
        raise ConfigError(msg)


def _check_rows(mixture: Mapping[str, Any], path: Path) -> None:
    rows, seen = mixture.get("rows", {}), mixture.get("teacher_rows")
    listed = rows.values() if isinstance(rows, dict) else [rows]
    counts = [count for count in listed if isinstance(count, int)]
    whole = len(counts) == len(listed)
    if not whole or not isinstance(seen, int) or not 0 <= seen <= sum(counts):
        msg = (
            f"{path}: mixture: expected rows as {{ pool = count }} and teacher_rows as "
            f"a number up to their sum; got rows {rows} and teacher_rows {seen}"
        )
        raise ConfigError(msg)


def _check_pools(rows: Iterable[str], sets: Iterable[str], path: Path) -> None:
    known = {*sets, *BESIDE, OWN}
    if strange := sorted(set(rows) - known):
        msg = (
            f"{path}: mixture: rows of {', '.join(strange)}, but [sets] has no "
            f"{' and no '.join(strange)}; expected some of {', '.join(sorted(known))}"
        )
        raise ConfigError(msg)


def _check_cutouts(share: object, path: Path) -> None:
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        msg = f"{path}: mixture: cutouts: expected a share from 0 to 1, got {share!r}"
        raise ConfigError(msg)


def _needed(kind: type[Any]) -> set[str]:
    """Name the fields that have no default of either sort."""
    none = dataclasses.MISSING
    fields = dataclasses.fields(kind)
    return {f.name for f in fields if f.default is none and f.default_factory is none}


def _build(kind: type[_Table], table: Mapping[str, Any], where: str) -> _Table:
    known = {f.name for f in dataclasses.fields(kind)}
    wrong = (table.keys() - known) | (_needed(kind) - table.keys())
    if wrong:
        listed = ", ".join(sorted(wrong))
        msg = f"{where}: got or missed {listed}; expected {sorted(known)}"
        raise ConfigError(msg)
    return kind(**table)


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def _sizes(table: Mapping[str, Any]) -> dict[str, Any]:
    changed = dict(table)
    changed["sizes"] = {int(k): float(v) for k, v in table.get("sizes", {}).items()}
    if abs(sum(changed["sizes"].values()) - 1) > _ROUNDING:
        msg = f"mixture.sizes: chances sum to {sum(changed['sizes'].values())}, not 1"
        raise ConfigError(msg)
    return changed
