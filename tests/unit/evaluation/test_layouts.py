import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from vision.evaluation.json_lines import LabelError
from vision.evaluation.layouts import read_pictures
from vision.evaluation.pictures import PictureSet
from vision.evaluation.problems import Problems


def draw(path: Path, size: tuple[int, int] = (200, 100)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    assert cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


def yolo(root: Path, rows: dict[str, Sequence[str] | None]) -> Path:
    for stem, lines in rows.items():
        draw(root / "images" / f"{stem}.jpg")
        if lines is not None:
            label = root / "labels" / f"{stem}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("\n".join(lines), encoding="utf-8")
    data = root / "data.yaml"
    data.write_text("val: images\nnames: [garbage, bin]\n", encoding="utf-8")
    return data


def read(path: Path) -> tuple[PictureSet, list[tuple[str, int | None, str]]]:
    problems = Problems()
    pictures = read_pictures(path, split="val", problems=problems)
    counts = pictures.counts
    assert counts.boxes_listed == counts.boxes_kept + counts.boxes_dropped
    assert counts.boxes_kept == sum(len(p.xyxy) for p in pictures.pictures)
    assert counts.pictures_kept == len(pictures.pictures)
    return pictures, [(p.path.name, p.line, p.text) for p in problems]


def test_yolo_boxes_come_out_in_pixels(tmp_path: Path) -> None:
    data = yolo(tmp_path, {"a": ["1 0.5 0.5 0.5 0.2"], "b": []})

    pictures, problems = read(data)

    assert problems == []
    assert [p.key for p in pictures.pictures] == ["images/a.jpg", "images/b.jpg"]
    assert pictures.pictures[0].xyxy.tolist() == [[50, 40, 150, 60]]
    assert pictures.pictures[0].class_id.tolist() == [1]


def test_a_yolo_polygon_gives_its_bounding_box(tmp_path: Path) -> None:
    data = yolo(tmp_path, {"a": ["0 0.1 0.1 0.5 0.2 0.3 0.9"]})

    pictures, _ = read(data)

    np.testing.assert_allclose(pictures.pictures[0].xyxy, [[20, 10, 100, 90]])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("7 0.5 0.5 0.1 0.1", "class 7 out of range; names give 0 to 1"),
        ("-1 0.5 0.5 0.1 0.1", "class -1 out of range"),
        ("0 nan 0.5 0.1 0.1", "expected shares in [0, 1]"),
        ("0 0.5 0.5 1.9 0.1", "expected shares in [0, 1]"),
        ("0 50 50 10 10", "expected shares in [0, 1]"),
        ("0 0.5 0.5 0 0.1", "got an empty box"),
        ("0 0.5 0.5 0.1", "got 4 fields"),
        ("0 0.5 0.5 0.1 0.1 0.9", "got 6 fields"),
        ("bin 0.5 0.5 0.1 0.1", "expected an integer class"),
        ("0 0.5 0.5 0.2 0.2", "the same row again"),
    ],
)
def test_a_bad_yolo_row_is_named_with_its_line(
    tmp_path: Path, row: str, said: str
) -> None:
    data = yolo(tmp_path, {"a": ["0 0.5 0.5 0.2 0.2", "", row]})

    pictures, problems = read(data)

    ((name, line, text),) = problems
    assert (name, line) == ("a.txt", 3)
    assert said in text
    assert len(pictures.pictures[0].xyxy) == 1


def test_labels_without_pictures_and_the_reverse_are_both_named(
    tmp_path: Path,
) -> None:
    data = yolo(tmp_path, {"a": None, "b": ["0 0.5 0.5 0.2 0.2"]})
    (tmp_path / "labels" / "ghost.txt").write_text(
        "0 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n", encoding="utf-8"
    )

    pictures, problems = read(data)

    assert [(name, text.split(";")[0]) for name, _, text in problems] == [
        ("a.txt", "no label file"),
        ("ghost.txt", "2 rows, but no picture of that name"),
    ]
    assert pictures.counts.boxes_listed == 3


def test_a_broken_picture_is_named_and_its_boxes_counted(tmp_path: Path) -> None:
    data = yolo(tmp_path, {"a": ["0 0.5 0.5 0.2 0.2"], "b": ["0 0.5 0.5 0.2 0.2"]})
    (tmp_path / "images" / "b.jpg").write_bytes(b"not a jpeg")

    pictures, problems = read(data)

    assert [name for name, _, _ in problems] == ["b.jpg"]
    assert pictures.counts.pictures_listed == 2
    assert pictures.counts.boxes_dropped == 1


def test_a_yolo_list_may_name_pictures_one_by_one(tmp_path: Path) -> None:
    data = yolo(tmp_path, {"a": [], "b": []})
    (tmp_path / "val.txt").write_text("images/b.jpg\nimages/gone.jpg\n")
    data.write_text("path: .\nval: val.txt\nnames: {0: garbage, 1: bin}\n")

    pictures, problems = read(data)

    assert [p.path.name for p in pictures.pictures] == ["b.jpg"]
    assert [name for name, _, _ in problems] == ["gone.jpg"]


def coco(root: Path, **change: Any) -> Path:
    draw(root / "images" / "a.jpg")
    box = {"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 20, 30, 40]}
    body = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 200, "height": 100}],
        "categories": [{"id": 9, "name": "bin"}, {"id": 3, "name": "garbage"}],
        "annotations": [box],
        **change,
    }
    path = root / "labels.json"
    path.write_text(json.dumps(body, indent=1), encoding="utf-8")
    return path


def test_coco_boxes_and_crowds_are_read(tmp_path: Path) -> None:
    crowd = {"image_id": 1, "category_id": 9, "bbox": [0, 0, 9, 9], "iscrowd": 1}
    plain = {"image_id": 1, "category_id": 3, "bbox": [10, 20, 30, 40]}

    pictures, problems = read(coco(tmp_path, annotations=[plain, crowd]))

    assert problems == []
    assert pictures.labels == ("garbage", "bin")
    (picture,) = pictures.pictures
    assert picture.xyxy.tolist() == [[10, 20, 40, 60], [0, 0, 9, 9]]
    assert picture.ignore.tolist() == [False, True]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"image_id": 2}, "image_id 2 is no image of this file"),
        ({"category_id": 4}, "category_id 4 out of range; categories are 3, 9"),
        ({"bbox": [1, 2, 3]}, "expected [x, y, width, height]"),
        ({"bbox": [1, 2, 3, "4"]}, "expected four numbers"),
        ({"bbox": [1, 2, float("nan"), 4]}, "is not finite"),
        ({"bbox": [1, 2, 0, 4]}, "is empty"),
    ],
)
def test_a_bad_coco_annotation_is_named_with_its_line(
    tmp_path: Path, bad: dict[str, Any], said: str
) -> None:
    good = {"image_id": 1, "category_id": 3, "bbox": [10, 20, 30, 40]}
    path = coco(tmp_path, annotations=[good, {**good, "note": "bad", **bad}])

    pictures, problems = read(path)

    ((_, line, text),) = problems
    lines = path.read_text(encoding="utf-8").splitlines()
    assert line is not None
    assert lines[line - 1].strip() == "{"
    assert '"note"' in "".join(lines[line - 1 : line + 12])
    assert said in text
    assert len(pictures.pictures[0].xyxy) == 1


def test_a_coco_picture_that_is_not_there_is_named_with_its_boxes(
    tmp_path: Path,
) -> None:
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "gone.jpg"}]
    box = {"image_id": 2, "category_id": 3, "bbox": [10, 20, 30, 40]}

    pictures, problems = read(coco(tmp_path, images=images, annotations=[box]))

    assert "left out with 1 boxes" in problems[0][2]
    assert pictures.counts.boxes_dropped == 1


def voc(root: Path, objects: str, stem: str = "a") -> Path:
    draw(root / "JPEGImages" / f"{stem}.jpg")
    (root / "Annotations").mkdir(exist_ok=True)
    (root / "Annotations" / f"{stem}.xml").write_text(
        f"<annotation>\n{objects}\n</annotation>", encoding="utf-8"
    )
    return root


def thing(name: str, box: Sequence[object], difficult: int = 0) -> str:
    sides = "".join(
        f"<{tag}>{side}</{tag}>"
        for tag, side in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    )
    return (
        f"<object><name>{name}</name><difficult>{difficult}</difficult>"
        f"<bndbox>{sides}</bndbox></object>"
    )


def test_voc_corners_are_one_based_and_inclusive(tmp_path: Path) -> None:
    root = voc(tmp_path, thing("bin", (1, 1, 10, 10)) + thing("bag", (5, 5, 9, 9), 1))

    pictures, problems = read(root)

    assert problems == []
    assert pictures.labels == ("bag", "bin")
    assert pictures.pictures[0].xyxy.tolist() == [[0, 0, 10, 10], [4, 4, 9, 9]]
    assert pictures.pictures[0].ignore.tolist() == [False, True]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (thing("bin", (9, 9, "x", 20)), "expected four numbers"),
        (thing("bin", ("nan", 9, 12, 20)), "is not finite"),
        (thing("bin", (20, 9, 12, 20)), "is empty"),
        (thing("", (1, 1, 9, 9)), "object without a name"),
        ("<object><name>bin</name></object>", "expected four numbers"),
    ],
)
def test_a_bad_voc_object_is_named_with_its_line(
    tmp_path: Path, bad: str, said: str
) -> None:
    root = voc(tmp_path, thing("bin", (1, 1, 10, 10)) + "\n" + bad)

    pictures, problems = read(root)

    ((name, line, text),) = problems
    assert (name, line) == ("a.xml", 3)
    assert said in text
    assert len(pictures.pictures[0].xyxy) == 1


def test_voc_files_that_are_broken_or_lonely_are_named(tmp_path: Path) -> None:
    root = voc(tmp_path, thing("bin", (1, 1, 10, 10)))
    (root / "Annotations" / "b.xml").write_text("<annotation>")
    bomb = '<!DOCTYPE a [<!ENTITY x "xxxxxxxx">]><annotation>&x;</annotation>'
    (root / "Annotations" / "c.xml").write_text(bomb)
    (root / "Annotations" / "d.xml").write_text("<annotation/>")
    draw(root / "JPEGImages" / "e.jpg")

    _, problems = read(root)

    assert [name for name, _, _ in problems] == ["b.xml", "c.xml", "d.xml", "e.jpg"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", "names: [a]\ntrain: images\n"),
        ("data.yaml", "val: images\n"),
        ("data.yaml", "- a\n"),
        ("data.yaml", "a: [\n"),
        ("data.yaml", "names: " + "[" * 900),
        ("data.yaml", "names: [2026-13-45]\n"),
        ("labels.json", "{}"),
        ("labels.txt", ""),
    ],
)
def test_a_set_without_use_is_refused_with_its_path(
    tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(LabelError, match=name):
        read_pictures(path, split="val", problems=Problems())


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    data = yolo(tmp_path, {})

    with pytest.raises(LabelError, match="no usable picture in split 'val'"):
        read_pictures(data, split="val", problems=Problems())


def test_a_turned_photograph_has_the_size_it_is_shown_in(tmp_path: Path) -> None:
    data = yolo(tmp_path, {"a": ["0 0.5 0.5 1 1"]})
    with Image.open(tmp_path / "images" / "a.jpg") as picture:
        exif = picture.getexif()
        exif[0x0112] = 6
        picture.save(tmp_path / "images" / "a.jpg", exif=exif)

    pictures, _ = read(data)

    assert pictures.pictures[0].size == (100, 200)
    shown = cv2.imread(str(tmp_path / "images" / "a.jpg"))
    assert shown is not None
    assert shown.shape[:2] == (200, 100)
