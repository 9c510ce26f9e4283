"""What each part of a recipe brings: short runs that differ in one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vision.core.errors import ConfigError
from vision.training.fitting import Predict
from vision.training.judge import (
    FALSE_PER_NEGATIVE,
    class_scores,
    mark,
    mark_against,
    mean_ap,
    mean_ap50,
    vending,
)
from vision.training.labels import REFUSE
from vision.training.pools import ELSEWHERE, Shelf
from vision.training.recipe import EXAMPLE, Recipe, build_recipe
from vision.training.tables import read_table

#: What a lever may change: one shelf of pictures serves all runs.
_EXAMPLE = "models/street-n/levers.toml"
_SECTIONS = ("schedule", "polish", "gains", "mixture")
_CONDITIONS = ("plain", "grey", "blurred", "infra-red", "half size", "far")

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lever:
    """One short run.

    Attributes:
        name: what differs.
        recipe: with the difference.
    """

    name: str
    recipe: Recipe

    @property
    def folder(self) -> str:
        """Its name as that of a folder."""
        return "".join(c if c.isalnum() else "-" for c in self.name)


def read_levers(recipe: Path, changes: Path) -> list[Lever]:
    """Read which short runs to compare.

    Args:
        recipe: the whole recipe.
        changes: TOML with a table ``[short]`` for all runs and one
            ``[[lever]]`` each, see `models/street-n/levers.toml`.

    Returns:
        The runs in the file's order.

    Raises:
        ConfigError: a file is wrong, or a lever changes what all runs share.
    """
    listed = read_table(changes, _EXAMPLE)
    short = _short(recipe, listed, changes)
    levers = []
    for entry in listed.get("lever", []):
        change = {key: value for key, value in entry.items() if key != "name"}
        if "name" not in entry:
            msg = f"{changes}: a lever without a name: {change}"
            raise ConfigError(msg)
        table = _changed(short, change, changes)
        levers.append(Lever(entry["name"], build_recipe(table, changes)))
    if not levers:
        msg = f"{changes}: no [[lever]] in it; see {_EXAMPLE}"
        raise ConfigError(msg)
    return levers


def read_short(recipe: Path, changes: Path) -> Recipe:
    """Read the short form of a recipe, of which levers differ in one thing.

    Args:
        recipe: the whole recipe.
        changes: TOML with a table ``[short]``.

    Returns:
        The recipe with the table's changes.

    Raises:
        ConfigError: a file is wrong, or the table changes pictures.
    """
    return build_recipe(_short(recipe, read_table(changes, _EXAMPLE), changes), changes)


def _short(recipe: Path, listed: Table, changes: Path) -> dict[str, Any]:
    return _changed(read_table(recipe, EXAMPLE), listed.get("short", {}), changes)


def _changed(base: Table, change: Table, where: Path) -> dict[str, Any]:
    wrong = sorted(change.keys() - set(_SECTIONS))
    if wrong:
        msg = f"{where}: {', '.join(wrong)} cannot differ; expected {_SECTIONS}"
        raise ConfigError(msg)
    return {**base, **{k: {**base.get(k, {}), **v} for k, v in change.items()}}


def measure(teacher: Predict, predict: Predict, shelf: Shelf) -> dict[str, float]:
    """Judge one run on what is kept aside.

    Args:
        teacher: the COCO parent, in ``CLASSES``.
        predict: the run's model.
        shelf: pools kept aside: ``refuse, vend, vehicles, clips``.

    Returns:
        Mean AP50 of refuse under each condition, its ``AP50-95``, AP50 of
        ``car`` against the teacher, the share of ``stalls`` hit, and mean AP50
        of refuse ``elsewhere``, where some was drawn.
    """
    aside = shelf.aside
    figures: dict[str, float] = {}
    for condition in _CONDITIONS:
        scores = class_scores(mark(predict, aside["refuse"], condition), REFUSE)
        figures[condition] = mean_ap50(scores)
        if condition == _CONDITIONS[0]:
            figures["AP50-95"] = mean_ap(scores)
    traffic = [*aside["clips"], *aside["vehicles"]]
    cars = class_scores(mark_against(teacher, predict, traffic), ["car"])
    figures["car"] = cars["car"].ap50 if cars else 0.0
    found = vending(mark(predict, aside["vend"]), FALSE_PER_NEGATIVE)
    figures["stalls"] = found.hits
    if strangers := class_scores(mark(predict, aside.get(ELSEWHERE, [])), REFUSE):
        figures["elsewhere"] = mean_ap50(strangers)
    return figures


def compare(
    levers: Sequence[Lever], run: Path, make: Callable[[Lever], dict[str, float]]
) -> dict[str, dict[str, float]]:
    """Run what has not been run; the rest is read back.

    Args:
        levers: the runs.
        run: receives ``NAME/figures.json``.
        make: trains and judges one.

    Returns:
        Figures by name.
    """
    table = {}
    for lever in levers:
        done = run / lever.folder / "figures.json"
        if not done.is_file():
            figures = make(lever)
            done.parent.mkdir(parents=True, exist_ok=True)
            done.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        table[lever.name] = json.loads(done.read_text(encoding="utf-8"))
    return table


def as_text(table: Mapping[str, Mapping[str, float]]) -> str:
    """Write the figures as a Markdown table, in hundredths.

    Args:
        table: of ``compare``; the first run is what the others differ from.

    Returns:
        The table: the first run's figures, then differences in points.
    """
    first, *others = table
    keys = list(table[first])
    lines = ["| | " + " | ".join(keys) + " |", "|---|" + "---|" * len(keys)]
    cells = " | ".join(f"{100 * table[first][k]:.1f}" for k in keys)
    lines.append(f"| {first} | {cells} |")
    for name in others:
        points = (100 * (table[name][k] - table[first][k]) for k in keys)
        lines.append(f"| {name} | " + " | ".join(f"{p:+.1f}" for p in points) + " |")
    return "\n".join(lines)
