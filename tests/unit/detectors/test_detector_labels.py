from pathlib import Path

import numpy as np
import pytest

from vision.core.errors import ModelError
from vision.detectors.labels import DEFAULT_THRESHOLD, DetectorOptions, LabelTable
from vision.detectors.model_file import ModelFile

MODEL = ModelFile(
    path=Path("model.onnx"),
    sha256="0" * 64,
    name="street-n",
    version="1",
    names=("garbage", "garbage_bin", "litter", "street_vendor"),
    thresholds={"garbage": 0.4, "street_vendor": 0.6},
    preview=("street_vendor",),
)


def table(options: DetectorOptions) -> LabelTable:
    return LabelTable.build(MODEL, options)


def test_classes_are_renamed() -> None:
    built = table(DetectorOptions(class_map={"garbage_bin": "bin"}))

    assert built.labels == ("garbage", "bin", "litter")


def test_two_classes_may_become_one() -> None:
    built = table(DetectorOptions(class_map={"litter": "garbage"}))

    assert built.labels == ("garbage", "garbage_bin")
    assert built.class_id[:3].tolist() == [0, 1, 0]


def test_thresholds_come_from_the_site_then_the_model_then_the_default() -> None:
    options = DetectorOptions(class_map={"garbage_bin": "bin"}, thresholds={"bin": 0.7})

    built = table(options)

    assert built.threshold[:3].tolist() == pytest.approx([0.4, 0.7, DEFAULT_THRESHOLD])


def test_a_preview_class_is_off_and_no_label() -> None:
    built = table(DetectorOptions())

    assert "street_vendor" not in built.labels
    assert np.isinf(built.threshold[3])


@pytest.mark.parametrize("called", ["street_vendor", "stall"])
def test_a_preview_class_can_be_asked_for_by_either_name(called: str) -> None:
    options = DetectorOptions(
        class_map={"street_vendor": "stall"}, enable_preview=(called,)
    )

    built = table(options)

    assert built.labels[-1] == "stall"
    assert built.threshold[3] == pytest.approx(0.6)


def test_asking_for_a_class_that_is_no_preview_any_more_is_fine() -> None:
    assert table(DetectorOptions(enable_preview=("garbage",))).labels[0] == "garbage"


@pytest.mark.parametrize(
    "options",
    [
        DetectorOptions(class_map={"rubbish": "garbage"}),
        DetectorOptions(thresholds={"rubbish": 0.5}),
        DetectorOptions(enable_preview=("rubbish",)),
    ],
    ids=["class_map", "thresholds", "enable_preview"],
)
def test_a_class_that_the_model_lacks_is_named_with_those_it_has(
    options: DetectorOptions, request: pytest.FixtureRequest
) -> None:
    key = request.node.callspec.id

    with pytest.raises(ModelError, match=rf"{key} speaks of \['rubbish'\].*'litter'"):
        table(options)
