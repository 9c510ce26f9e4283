import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vision.core.detections import Detections
from vision.evaluation.cases import Case
from vision.evaluation.coco_reference import coco_figures
from vision.evaluation.flags import average_precision, flag

pytestmark = pytest.mark.golden

STORED = json.loads(
    Path(__file__).with_name("coco_reference.json").read_text(encoding="utf-8")
)["cases"]
NAMES = ("garbage", "bin", "overflowing_bin")


def cases_of(pictures: list[dict[str, Any]]) -> list[Case]:
    cases = []
    for picture in pictures:
        true = np.array(picture["true"], np.float64).reshape(-1, 6)
        said = np.array(picture["said"], np.float64).reshape(-1, 6)
        cases.append(
            Case(
                key=picture["key"],
                xyxy=true[:, :4].astype(np.float32),
                class_id=true[:, 4].astype(np.int64),
                ignore=true[:, 5].astype(np.bool_),
                said=Detections(
                    said[:, :4].astype(np.float32),
                    said[:, 5].astype(np.float32),
                    said[:, 4].astype(np.int64),
                ),
            )
        )
    return cases


@pytest.mark.parametrize("stored", STORED)
def test_figures_equal_pycocotools(stored: dict[str, Any]) -> None:
    got = coco_figures(cases_of(stored["pictures"]), NAMES)

    expected = stored["expected"]
    assert got.map50 == pytest.approx(expected["map50"], abs=1e-12)
    assert got.map == pytest.approx(expected["map"], abs=1e-12)
    for mine, theirs in zip(got.classes, expected["classes"], strict=True):
        assert mine.ap50 == pytest.approx(theirs["ap50"], abs=1e-12)
        assert mine.ap == pytest.approx(theirs["ap"], abs=1e-12)
        assert list(mine.by_size) == pytest.approx(theirs["by_size"], abs=1e-12)


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("class_id", range(3))
def test_our_own_ap50_equals_pycocotools(stored: dict[str, Any], class_id: int) -> None:
    flags = flag(cases_of(stored["pictures"]), class_id)

    theirs = stored["expected"]["classes"][class_id]["ap50"]
    assert average_precision(flags) == pytest.approx(theirs, abs=1e-12)
