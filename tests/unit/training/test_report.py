"""The figures of a card, from predictors whose answers are known."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("matplotlib", reason="reports draw curves: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from tests.unit.training.pictures import noise, square_sample
from tests.unit.training.tiny import write_start
from vision.cli import model as command
from vision.core.arrays import FloatArray, ImageU8
from vision.core.errors import ConfigError
from vision.training.labels import CLASSES, Sample
from vision.training.pools import ELSEWHERE, Shelf
from vision.training.report import as_json, as_text, make

pytestmark = pytest.mark.train
STALL, CAR = CLASSES.index("street_vendor"), CLASSES.index("car")


def _yellow(image: ImageU8) -> FloatArray:
    """Find the yellow square as garbage, as a stall and as a car."""
    mask = (np.abs(image.astype(int) - (30, 200, 250)) < 60).all(axis=2)
    if not mask.any():
        return np.zeros((0, 6), np.float32)
    y, x = np.nonzero(mask)
    box = (x.min(), y.min(), x.max() + 1, y.max() + 1)
    return np.array([(*box, 0.9, k) for k in (0, STALL, CAR)], np.float32)


def _empty(seed: int) -> Sample:
    none = np.zeros((0, 4), np.float32)
    plain = square_sample(seed)
    return dataclasses.replace(
        plain, image=noise(seed) // 4, xyxy=none, class_id=np.zeros(0, np.int64)
    )


def _bare(seed: int) -> Sample:
    """A picture with a square that is no refuse."""
    none = np.zeros((0, 4), np.float32)
    return dataclasses.replace(
        square_sample(seed), xyxy=none, class_id=np.zeros(0, np.int64)
    )


def _strange(seed: int) -> Sample:
    """A picture with a square that nothing finds, on ground never seen."""
    plain = square_sample(seed)
    ground = noise(seed, plain.image.shape[:2])
    return dataclasses.replace(plain, image=ground // 2)


def test_a_report_tells_sizes_strange_scenes_conditions_and_stalls() -> None:
    shelf = Shelf(
        train={"refuse": [square_sample(k) for k in range(6)]},
        aside={
            "refuse": [
                *(square_sample(k) for k in range(10, 14)),
                *map(_strange, (1, 2)),
            ],
            "vend": [square_sample(1, STALL), square_sample(2, STALL), _empty(3)],
            "vehicles": [square_sample(4, CAR)],
            "clips": [],
            ELSEWHERE: [_bare(4), square_sample(21), square_sample(22), _strange(3)],
        },
    )

    made = make(_yellow, _yellow, shelf, dict.fromkeys(CLASSES, 0.3))

    text, table = as_text(made), json.loads(as_json(made))
    assert made.strange["most alike"]["garbage"].ap50 == 1
    assert made.strange["least alike"]["garbage"].ap50 == 0
    assert sum(k["garbage"]["truths"] for k in table["sizes"].values() if k) == 6
    assert "| least alike | 0.000 (2)" in text
    assert "| infra-red |" in text
    assert "street_vendor: 100% of 2 stalls hit" in text
    assert made.road["car"].ap50 == 1
    assert made.boxed_gap["car"] == (0.0, 0.0)  # the teacher is the same
    assert "| car (1) | 1.000 | 1.000 | +0.0 (+0.0 to +0.0) |" in text
    low, high = made.elsewhere_interval["garbage"]
    assert low < made.elsewhere["garbage"].ap50 < high
    assert "| other places, 4 pictures |" in text
    assert "| garbage (3) | 0." in text
    assert made.elsewhere_shown["garbage"].ap50 == pytest.approx(2 / 3, abs=0.02)
    # What is found on a picture without refuse hurts only where all are judged.
    assert made.elsewhere["garbage"].ap50 < made.elsewhere_shown["garbage"].ap50
    assert made.elsewhere_mistakes["garbage"].unseen == 1
    assert made.thresholds["garbage"] == 0.3  # six boxes choose nothing
    standing = {"garbage": 0.999, "street_vendor": 0.9}
    kept = make(_yellow, _yellow, shelf, dict.fromkeys(CLASSES, 0.3), standing)
    assert kept.thresholds == made.thresholds | standing
    assert kept.elsewhere_mistakes["garbage"].unseen > 1  # judged at the model's own


def test_footage_that_is_not_there_is_told_of_before_anything_is_measured(
    tmp_path: Path,
) -> None:
    sets = '[sets]\nrefuse = "absent"\nvend = "absent"\nvehicles = "absent"'
    write_start(tmp_path, ("[sets]", sets))
    (tmp_path / "truth.json").write_text(
        '{"clip": "gone.mp4", "fps": 2.0, "events": []}', encoding="utf-8"
    )
    words = [
        "report",
        "model.onnx",
        str(tmp_path / "recipe.toml"),
        str(tmp_path / "out"),
    ]

    with pytest.raises(ConfigError, match=r"gone\.mp4 is not there"):
        CliRunner().invoke(
            command.app,
            [*words, "--root", str(tmp_path), "--own", str(tmp_path)],
            catch_exceptions=False,
        )
