"""A run that was stopped goes on where it was, and a finished one rests."""

# ruff: noqa: E402 - without torch the imports below cannot be tried

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from tests.unit.training.pictures import square_sample
from tests.unit.training.tiny import write_start
from vision.cli import model as command
from vision.training import fit
from vision.training.machine import Budget, Machine
from vision.training.pools import Shelf
from vision.training.recipe import Recipe, read_recipe

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]

STEPS = 1000
SHELF = Shelf(train={"own": [square_sample(1), square_sample(2)]})


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Many steps of all weights, then as many of one head alone."""
    write_start(tmp_path, ("steps = 2", f"steps = {STEPS}"))
    return dataclasses.replace(read_recipe(tmp_path / "recipe.toml"), settle=None)


class Session:
    """One call of the command, on a machine whose time steps use up."""

    def __init__(self, recipe: Recipe, home: Path, step_s: float = 45.0) -> None:
        """Prepare; of 100 s, 88 are for all weights and 12 for one head."""
        self.steps: list[int] = []
        self._recipe, self._home, self._step_s = recipe, home, step_s
        self._now_s = 0.0

    def run(self, dies_at: int = -1) -> Path:
        """Train; the machine may go away after a step."""
        places = fit.Places(Path(), self._home / "pictures", self._home / "run")
        machine = Machine(budget=Budget(100.0, lambda: self._now_s))

        def on_step(step: int, _parts: dict[str, float]) -> None:
            self.steps.append(step)
            self._now_s += self._step_s
            if step == dies_at:
                raise KeyboardInterrupt

        return fit.train(self._recipe, places, machine, on_step, SHELF)


def _state(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / "state.pt", weights_only=True)
    return state


@pytest.mark.timeout(180)
def test_a_run_that_died_in_its_last_stage_goes_on_there(
    recipe: Recipe, tmp_path: Path
) -> None:
    first, second = Session(recipe, tmp_path), Session(recipe, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        first.run(dies_at=STEPS + 1)

    second.run()

    assert first.steps == [1, 2, STEPS + 1]
    assert second.steps == [STEPS + 2]
    assert _state(tmp_path / "run")["step"] == 2


@pytest.mark.timeout(180)
def test_a_stage_is_over_before_the_next_has_written_a_checkpoint(
    recipe: Recipe, tmp_path: Path
) -> None:
    rare = dataclasses.replace(recipe.polish, checkpoint_steps=500)
    recipe = dataclasses.replace(recipe, polish=rare)
    second = Session(recipe, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        Session(recipe, tmp_path).run(dies_at=STEPS + 1)

    second.run()

    assert second.steps == [STEPS + 1]


@pytest.mark.timeout(180)
def test_a_finished_run_is_only_given_back(recipe: Recipe, tmp_path: Path) -> None:
    model = Session(recipe, tmp_path).run()
    before = model.stat().st_mtime_ns
    again = Session(recipe, tmp_path)

    assert again.run() == model
    assert again.steps == []
    assert model.stat().st_mtime_ns == before


def test_the_command_says_that_a_run_was_finished(
    recipe: Recipe, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / f"{recipe.name}.pt").write_bytes(b"trained")
    words = ["train", str(tmp_path / "recipe.toml"), str(run), "--minutes", "1"]

    result = CliRunner().invoke(
        command.app, [*words, "--root", str(tmp_path)], catch_exceptions=False
    )

    assert "was finished; name another folder to train anew" in result.output
