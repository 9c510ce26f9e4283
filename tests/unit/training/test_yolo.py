"""A line that is no label is told of, whoever reads it."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.pictures import noise, write_set
from vision.core.errors import ConfigError
from vision.training.checks import check, tally
from vision.training.collect import list_split, load, read_manifest, read_yolo
from vision.training.layouts import read_yolo_set
from vision.training.pools import read_renders

FAULTS = pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-1 .5 .5 .2 .2", "got class -1; expected 0 to 1"),
        ("7 .5 .5 .2 .2", "got class 7; expected 0 to 1"),
        ("0.5 .5 .5 .2 .2", "got class 0.5"),
        ("0 .1 .1 .4 .1 .4 .4 .1 .4", "got '0 .1 .1 .4 .1 .4 .4 .1 .4'"),
        ("0 .5 .5 .2 .2 .9", "expected five numbers: class cx cy w h"),
        ("0 .5 .5 .2", "expected five numbers"),
        ("0 nan .5 .2 .2", "expected five numbers"),
        ("0 .5 .5 .2 inf", "expected five numbers"),
        ("heap .5 .5 .2 .2", "got 'heap .5"),
    ],
)


@pytest.fixture
def label(tmp_path: Path) -> Path:
    """The label file of a set of one picture and two classes."""
    write_set(tmp_path, "heaps", {"train": [noise(1)], "val": [noise(2)]})
    return tmp_path / "heaps" / "labels" / "train0.txt"


@FAULTS
def test_training_refuses_a_faulty_line_by_its_number(
    label: Path, line: str, said: str
) -> None:
    label.write_text(f"0 .5 .5 .2 .2\n\n{line}\n", encoding="utf-8")
    folder = label.parent.parent
    manifest = read_manifest(folder / "manifest.toml")
    paths = list_split(manifest, folder.parent, "train")

    with pytest.raises(ConfigError) as refused:
        list(load(manifest, paths, 640))

    assert str(refused.value).startswith(f"{label}:3: ")
    assert said in str(refused.value)
    assert "data check" in str(refused.value)


@FAULTS
def test_the_check_reports_a_faulty_line_and_goes_on(
    label: Path, line: str, said: str
) -> None:
    label.write_text(f"{line}\n0 .5 .5 .2 .2\n", encoding="utf-8")
    folder = label.parent.parent
    manifest = read_manifest(folder / "manifest.toml")

    (fault,) = [f for f in check(manifest, folder.parent) if f.kind == "label"]

    assert fault.where == f"{label}:1"
    assert said in fault.text
    assert tally(manifest, folder.parent, "train").boxes["heap"] == 1


@FAULTS
def test_an_import_refuses_a_faulty_line(label: Path, line: str, said: str) -> None:
    label.write_text(f"{line}\n", encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        list(read_yolo_set(label.parent.parent, ("heap", "masked")))

    assert said in str(refused.value)


def test_labels_of_renders_are_read_as_strictly(label: Path) -> None:
    label.write_text("10 .5 .5 .2 .2\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"train0\.txt:1: got class 10.* 0 to 9"):
        read_renders(label.parent.parent, 640)


def test_good_lines_are_boxes_in_pixels(label: Path) -> None:
    label.write_text("1 0.5 0.5 0.5 0.5\n0.0 0.9 0.5 0.4 1e-1\n", encoding="utf-8")

    xyxy, class_id = read_yolo(label, (100, 200), 2)

    expected = [[50, 25, 150, 75], [140, 45, 200, 55]]
    assert np.allclose(xyxy, expected, atol=1e-3)
    assert class_id.tolist() == [1, 0]


def test_a_faulty_manifest_is_refused_in_words(label: Path) -> None:
    manifest = label.parent.parent / "manifest.toml"
    manifest.write_text('name = "heaps\n', encoding="utf-8")

    with pytest.raises(ConfigError, match=r"manifest\.toml is no TOML"):
        read_manifest(manifest)
