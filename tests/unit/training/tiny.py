"""A tiny parent and a recipe that starts from it, for tests of whole commands."""

from pathlib import Path

import torch
from ultralytics.nn.tasks import DetectionModel

from tests.unit.training.test_restore import RECIPE, SCHEDULE


def write_start(home: Path, *changes: tuple[str, str]) -> None:
    """Write ``pictures/weights/parent.pt`` and ``recipe.toml``.

    Args:
        home: folder of the test.
        changes: texts of the recipe and what stands there instead.
    """
    weights = home / "pictures" / "weights"
    weights.mkdir(parents=True)
    torch.manual_seed(0)
    parent = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    torch.save({"model": parent}, weights / "parent.pt")
    recipe = RECIPE.format(schedule=SCHEDULE)
    for old, new in (('start = "model/model.onnx"', 'parent = "parent.pt"'), *changes):
        assert old in recipe
        recipe = recipe.replace(old, new)
    (home / "recipe.toml").write_text(recipe, encoding="utf-8")
