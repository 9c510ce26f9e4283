"""What ships is found from every folder; what the caller has wins."""

import tomllib
from pathlib import Path

import pytest

from vision.core.shipped import shipped

ROOT = Path(__file__).parents[3]
MODEL = Path("models/street-n")


def test_what_ships_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert shipped(MODEL) == ROOT / MODEL


def test_what_the_caller_has_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    MODEL.mkdir(parents=True)

    assert shipped(MODEL) == MODEL


@pytest.mark.parametrize(
    "path",
    [
        Path("models/mine"),
        Path("pyproject.toml"),  # lies in the checkout, yet does not ship
        Path("/models/street-n"),
        Path(),
        Path("models", "n" * 5_000),
    ],
)
def test_any_other_path_stays_as_it_is(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert shipped(path) == path


def test_a_wheel_carries_all_that_ships() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    assert carried == {
        name: f"vision/shipped/{name}"
        for name in ("configs", "datasets/demo", "models/street-n")
    }
    assert all((ROOT / name).is_dir() for name in carried)
