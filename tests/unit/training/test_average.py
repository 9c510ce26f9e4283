"""The mean of two trainings lies between them."""

# ruff: noqa: E402 - without torch the imports below cannot be tried

from pathlib import Path

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from torch.nn import Module
from ultralytics.nn.tasks import DetectionModel

from vision.cli import model as command
from vision.core.errors import ModelError
from vision.training.average import average
from vision.training.export import save_checkpoint
from vision.training.network import adapt, load_checkpoint

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]


def _model(value: float) -> Module:
    model = adapt(DetectionModel("yolo26n.yaml", nc=80, verbose=False))
    for weight in model.parameters():
        weight.data.fill_(value)
    return model


def test_the_command_writes_what_lies_between(tmp_path: Path) -> None:
    first, second, target = (str(tmp_path / f"{n}.pt") for n in ("a", "b", "mean"))
    save_checkpoint(_model(1.0), Path(first))
    save_checkpoint(_model(3.0), Path(second))

    words = ["average", first, second, target, "--share", "0.25"]
    result = CliRunner().invoke(command.app, words, catch_exceptions=False)

    assert result.exit_code == 0
    mean = load_checkpoint(Path(target))
    assert all(bool((w == 1.5).all()) for w in mean.parameters())


def test_other_networks_and_missing_files_are_refused_in_words(tmp_path: Path) -> None:
    ours, parents = tmp_path / "ours.pt", tmp_path / "parent.pt"
    save_checkpoint(_model(1.0), ours)
    bare = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    bare.args = {}
    save_checkpoint(bare, parents)

    with pytest.raises(ModelError, match="different networks"):
        average(ours, parents, 0.5)
    with pytest.raises(ModelError, match="is not there"):
        average(ours, tmp_path / "gone.pt", 0.5)
