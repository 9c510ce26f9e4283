"""Boxes that we drew on other people's pictures, and which are judged by."""

from pathlib import Path

import pytest

from tests.unit.training.pictures import noise, write_set
from vision.core.errors import ConfigError
from vision.training.checks import check, tally
from vision.training.collect import list_split, load, read_manifest
from vision.training.labels import CLASSES, IGNORE
from vision.training.pools import ELSEWHERE, Aside, read_sets

BIN, GARBAGE = CLASSES.index("bin"), CLASSES.index("garbage")
DRAWN = """
[drawn]
boxes = "refuse.csv"
exhaustive = ["bin"]
"""
HEAD = "file,class,x1,y1,x2,y2\n"


def _set(root: Path, table: str, count: int = 1, label: str = "garbage") -> Path:
    """Write a set with one centred box per picture and a table of ours."""
    pictures = {"train": [noise(k) for k in range(count)], "val": []}
    path = write_set(root, "cars", pictures)
    text = path.read_text(encoding="utf-8").replace('"garbage"', f'"{label}"')
    path.write_text(text + DRAWN, encoding="utf-8")
    path.with_name("refuse.csv").write_text(table, encoding="utf-8")
    return path


def test_drawn_boxes_join_those_of_the_set_in_pixels(tmp_path: Path) -> None:
    table = f"{HEAD}train0.png,bin,0.25,0.5,0.5,1\ntrain0.png,ignore,0,0,0.1,0.1\n"
    manifest = read_manifest(_set(tmp_path, table))

    (sample,) = load(manifest, list_split(manifest, tmp_path, "train"), 80)

    assert sample.image.shape == (60, 80, 3)  # half of its own size
    assert sample.class_id.tolist() == [GARBAGE, BIN, IGNORE]
    assert sample.xyxy[1].tolist() == [20.0, 30.0, 40.0, 60.0]


def test_a_drawn_class_is_exhaustive_also_where_nothing_was_drawn(
    tmp_path: Path,
) -> None:
    manifest = read_manifest(_set(tmp_path, HEAD))

    (sample,) = load(manifest, list_split(manifest, tmp_path, "train"), 80)

    assert sample.class_id.tolist() == [GARBAGE]
    assert sample.weight[BIN] == 1


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("file,class\n", "expected file,class,x1,y1,x2,y2"),
        (f"{HEAD}a.png,rubbish,0,0,1,1\n", r"refuse\.csv:2: unknown class 'rubbish'"),
        (f"{HEAD}a.png,bin,0.5,0,0.5,1\n", r"refuse\.csv:2: expected 0 <= x1 < x2"),
        (f"{HEAD}a.png,bin,10,20,30,40\n", "shares"),
        (f"{HEAD}a.png,bin,left,0,1,1\n", "shares"),
        (f"{HEAD}a.png,bin,0.1\n", "shares"),
        (f"{HEAD}a.png,bin,nan,0,1,1\n", "shares"),
    ],
)
def test_a_table_that_holds_no_boxes_is_refused_in_words(
    tmp_path: Path, table: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read_manifest(_set(tmp_path, table))


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = _set(tmp_path, HEAD)
    path.with_name("refuse.csv").unlink()

    with pytest.raises(ConfigError, match=r"refuse\.csv is not there"):
        read_manifest(path)


def test_strange_refuse_is_held_back_and_only_what_shows_some_is_drawn_more_often(
    tmp_path: Path,
) -> None:
    rows = "".join(f"train{k}.png,bin,0.1,0.1,0.3,0.3\n" for k in range(20))
    _set(tmp_path, HEAD + rows, count=40, label="car")
    aside = Aside(0.0, 0.85, (), 0.3, (), elsewhere_share=0.5)

    shelf = read_sets((tmp_path, tmp_path), {"vehicles": "cars"}, aside, 640)

    taught = {s.key for s in shelf.train["vehicles"]}
    judged = {s.key for s in shelf.aside[ELSEWHERE]}
    often = {s.key for s in shelf.train[ELSEWHERE]}
    cars = {s.key for s in shelf.aside["vehicles"]}
    shown = {f"cars/train{k}.png" for k in range(20)}
    assert not taught & judged
    assert len(taught | judged) == 40
    assert cars < judged  # judged by as cars, they are judged by as strangers too
    assert judged - cars <= shown  # nothing else is lost to training
    assert often == taught & shown
    assert len(often) > 3
    assert len(judged & shown) > 6


def test_a_set_that_keeps_nothing_aside_holds_back_empty_streets_too(
    tmp_path: Path,
) -> None:
    _set(tmp_path, f"{HEAD}train0.png,bin,0.1,0.1,0.3,0.3\n", count=40)
    aside = Aside(0.0, 0.85, (), 0.3, (), elsewhere_share=0.5)

    shelf = read_sets((tmp_path, tmp_path), {"streets": "cars"}, aside, 640)

    assert 10 < len(shelf.aside[ELSEWHERE]) < 30
    assert shelf.aside["streets"] == []


def test_pictures_with_a_stall_are_never_held_back(tmp_path: Path) -> None:
    rows = "".join(f"train{k}.png,bin,0.1,0.1,0.3,0.3\n" for k in range(12))
    _set(tmp_path, HEAD + rows, count=12, label="street_vendor")
    aside = Aside(0.0, 0.85, (), 0.0, (), elsewhere_share=1.0)

    shelf = read_sets((tmp_path, tmp_path), {"vehicles": "cars"}, aside, 640)

    assert len(shelf.train["vehicles"]) == 12
    assert shelf.aside[ELSEWHERE] == []


def test_drawn_boxes_are_counted_and_strays_are_found(tmp_path: Path) -> None:
    table = "train0.png,bin,0.1,0.1,0.15,0.15\nother.png,ignore,0,0,1,1\n"
    manifest = read_manifest(_set(tmp_path, HEAD + table))

    counted = tally(manifest, tmp_path, "train")
    faults = [(f.kind, f.where) for f in check(manifest, tmp_path)]

    assert counted.boxes == {"heap": 1, "masked": 0, "bin, drawn": 1}
    assert counted.small["bin, drawn"] == 1
    assert ("label", "other.png") in faults
