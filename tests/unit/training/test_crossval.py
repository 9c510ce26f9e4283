"""Every origin of stalls is kept aside once, through the command."""

# ruff: noqa: E402 - without torch the imports below cannot be tried

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from tests.unit.training.pictures import square_sample, write_set
from tests.unit.training.tiny import write_start
from vision.cli import model as command
from vision.core.errors import ConfigError

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vending set of three origins, a parent and a short recipe."""
    root = tmp_path / "pictures"
    images = [square_sample(k).image for k in range(4)]
    manifest = write_set(root, "stalls", {"train": images, "val": []})
    text = manifest.read_text(encoding="utf-8")
    text = text.replace('"garbage"', '"street_vendor"')
    (tmp_path / "datasets" / "stalls").mkdir(parents=True)
    (tmp_path / "datasets" / "stalls" / "manifest.toml").write_text(text, "utf-8")
    rows = [
        {"file": f"train{k}.png", "origin": origin, "n_street_vendor": stalls}
        for k, (origin, stalls) in enumerate((("a", 1), ("b", 1), ("b", 1), ("c", 0)))
    ]
    source = json.dumps({"per_image": rows})
    (root / "stalls" / "source.json").write_text(source, encoding="utf-8")
    (root / "stalls" / "labels" / "train3.txt").write_text("", encoding="utf-8")
    write_start(
        tmp_path, ("[sets]", '[sets]\nvend = "stalls"'), ("own = 2", "vend = 2")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREETWARDEN_DATA", str(root))
    return tmp_path


@pytest.mark.timeout(180)
def test_all_stalls_are_counted_by_models_that_never_saw_them(home: Path) -> None:
    words = ["crossval", "recipe.toml", "runs/folds", "--folds", "2"]

    result = CliRunner().invoke(command.app, words, catch_exceptions=False)

    assert result.exit_code == 0
    assert "of 3 stalls hit" in result.output
    assert "each of 1 look-alikes" in result.output
    assert sorted(p.name for p in (home / "runs" / "folds").iterdir()) == [
        "fold0",
        "fold1",
    ]


@pytest.mark.timeout(180)
def test_folds_can_be_run_in_the_short_form_of_levers(home: Path) -> None:
    (home / "levers.toml").write_text("[short.schedule]\nsteps = 1\n", "utf-8")
    words = ["crossval", "recipe.toml", "runs", "--folds", "2", "--threads", "2"]

    result = CliRunner().invoke(
        command.app, [*words, "--short", "levers.toml"], catch_exceptions=False
    )

    assert "of 3 stalls hit" in result.output
    state = torch.load(home / "runs" / "fold1" / "state.pt", weights_only=False)
    assert state["step"] == 1  # the recipe itself says two


def test_a_recipe_without_stalls_is_refused_in_words(home: Path) -> None:
    recipe = home / "recipe.toml"
    text = recipe.read_text(encoding="utf-8").replace('vend = "stalls"', "")
    recipe.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="has no vend"):
        CliRunner().invoke(
            command.app, ["crossval", "recipe.toml", "runs"], catch_exceptions=False
        )


def test_a_start_that_saw_all_origins_is_refused(home: Path) -> None:
    recipe = home / "recipe.toml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text('start = "model.onnx"\n' + text, encoding="utf-8")

    with pytest.raises(ConfigError, match="saw all origins"):
        CliRunner().invoke(
            command.app, ["crossval", "recipe.toml", "runs"], catch_exceptions=False
        )
