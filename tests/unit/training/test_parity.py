"""The gate lets through only what was compared on something."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.unit.training.pictures import noise, square_sample, write_set
from vision.cli import model as command
from vision.core.arrays import FloatArray, ImageU8
from vision.core.errors import ConfigError
from vision.training.parity import Bounds, Pace, Parity, compare, failures

SHIPPED = Path(__file__).parents[3] / "models" / "street-n" / "model.onnx"
SAME = Parity(map_origin=0.5, map_variant=0.5, box_px=0, score=0, unshared=0)


def _blind(_image: ImageU8) -> FloatArray:
    return np.zeros((0, 6), np.float32)


def test_a_figure_that_is_no_number_passes_no_bound() -> None:
    unknown = dataclasses.replace(SAME, map_variant=math.nan)

    assert failures(SAME, Pace(10, 5), Bounds(0.2, 1.5)) == []
    assert "mAP points" in failures(unknown, Pace(10, 5), Bounds(0.2, 1.5))[0]
    assert "as fast" in failures(SAME, Pace(10, math.nan), Bounds(0.2, 1.5))[0]


def test_the_mean_is_taken_over_the_classes_that_are_shown() -> None:
    sample = square_sample(1)
    truth = np.c_[sample.xyxy, 0.9, 0.0].astype(np.float32)

    found = compare(lambda _: truth, _blind, [sample])

    assert (found.map_origin, found.map_variant) == (1, 0)


def test_pictures_without_a_true_box_prove_nothing() -> None:
    plain = square_sample(1)
    masked = dataclasses.replace(plain, class_id=np.array([-1], np.int64))

    for samples in ([], [masked]):
        with pytest.raises(ConfigError, match="another set"):
            compare(_blind, _blind, samples)


@pytest.mark.parametrize(("count", "said"), [(2, "another set"), (0, "no picture")])
def test_a_form_is_not_noted_as_proven_on_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, said: str
) -> None:
    pictures = tmp_path / "pictures"
    manifest = write_set(pictures, "bare", {"train": [noise(k) for k in range(count)]})
    for label in (pictures / "bare" / "labels").iterdir():
        label.write_text("", encoding="utf-8")
    (tmp_path / "datasets" / "bare").mkdir(parents=True)
    manifest.rename(tmp_path / "datasets" / "bare" / "manifest.toml")
    monkeypatch.chdir(tmp_path)
    words = ["parity", str(SHIPPED), str(SHIPPED), "--name", "bare"]

    with pytest.raises(ConfigError, match=said):
        CliRunner().invoke(
            command.app, [*words, "--root", str(pictures)], catch_exceptions=False
        )
