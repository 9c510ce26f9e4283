import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.training.pictures import noise, write_set
from vision.core.errors import ConfigError
from vision.training.checks import check, tally
from vision.training.collect import list_split, load, read_manifest
from vision.training.labels import CLASSES, IGNORE, RARE_WEIGHT
from vision.training.layouts import read_coco, read_voc, read_yolo_set
from vision.training.layouts import write_set as write_layout
from vision.training.pools import Aside, read_sets
from vision.training.scenes import describe, group, hold_out

NOTHING_ASIDE = Aside(0.0, 0.85, (), 0.0, ())


def test_a_set_is_read_with_the_reach_of_its_labels(tmp_path: Path) -> None:
    manifest = read_manifest(write_set(tmp_path, "heaps", {"train": [noise(1)]}))

    (sample,) = load(manifest, list_split(manifest, tmp_path, "train"), 80)

    assert sample.image.shape == (60, 80, 3)
    assert sample.xyxy.tolist() == [[20.0, 22.5, 60.0, 37.5]]
    assert sample.weight[CLASSES.index("garbage")] == 1
    assert sample.weight[CLASSES.index("bin")] == np.float32(RARE_WEIGHT)
    assert sample.weight[CLASSES.index("car")] == 0


def test_boxes_of_masked_regions_come_as_ignored(tmp_path: Path) -> None:
    manifest = read_manifest(write_set(tmp_path, "heaps", {"train": [noise(1)]}))
    label = tmp_path / "heaps" / "labels" / "train0.txt"
    label.write_text("1 0.5 0.5 0.2 0.2\n", encoding="utf-8")

    (sample,) = load(manifest, list_split(manifest, tmp_path, "train"), 640)

    assert sample.class_id.tolist() == [IGNORE]


def test_boxes_of_a_half_boxed_class_teach_and_their_absence_does_not(
    tmp_path: Path,
) -> None:
    path = write_set(tmp_path, "heaps", {"train": [noise(1)]})
    text = path.read_text(encoding="utf-8").replace(
        'exhaustive = ["garbage"]', "exhaustive = []"
    )
    path.write_text(text, encoding="utf-8")

    shelf = read_sets((tmp_path, tmp_path), {"own": "heaps"}, NOTHING_ASIDE, 640)

    (sample,) = shelf.train["own"]
    assert sample.class_id.tolist() == [CLASSES.index("garbage")]
    assert sample.weight[CLASSES.index("garbage")] == 0


def test_an_absent_set_says_what_to_set(tmp_path: Path) -> None:
    manifest = read_manifest(write_set(tmp_path, "heaps", {"train": [noise(1)]}))

    with pytest.raises(ConfigError, match="STREETWARDEN_DATA"):
        list_split(manifest, tmp_path / "elsewhere", "train")


def test_a_split_whose_list_is_gone_says_what_it_would_hold(tmp_path: Path) -> None:
    manifest = read_manifest(write_set(tmp_path, "heaps", {"train": [noise(1)]}))

    with pytest.raises(ConfigError, match=r"val\.txt is not there.*one picture per"):
        list_split(manifest, tmp_path, "val")


def test_an_unknown_class_is_named(tmp_path: Path) -> None:
    path = write_set(tmp_path, "heaps", {"train": [noise(1)]})
    text = path.read_text(encoding="utf-8").replace('"garbage"', '"rubbish"')
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="rubbish"):
        read_manifest(path)


@pytest.mark.parametrize(
    "name", [p.parent.name for p in Path("datasets").glob("*/manifest.toml")]
)
def test_every_manifest_of_the_repository_can_be_read(name: str) -> None:
    manifest = read_manifest(Path("datasets") / name / "manifest.toml")

    assert manifest.name == name
    assert manifest.licence


def test_a_clean_set_has_no_fault(tmp_path: Path) -> None:
    pictures = {"train": [noise(1), noise(2)], "val": [noise(3)]}
    manifest = read_manifest(write_set(tmp_path, "heaps", pictures))

    assert [f for f in check(manifest, tmp_path) if f.kind != "rare"] == []


def test_the_check_finds_what_was_broken_on_purpose(tmp_path: Path) -> None:
    shifted = np.roll(noise(1), 1, axis=1)
    pictures = {
        "train": [noise(1), noise(2), noise(4)],
        "val": [noise(2), shifted, noise(5)],
    }
    manifest = read_manifest(write_set(tmp_path, "heaps", pictures))
    folder = tmp_path / "heaps"
    (folder / "images" / "train2.png").write_bytes(b"no picture")
    (folder / "images" / "val2.png").unlink()
    bad = "0 0.9 0.5 0.4 0.2\n7 0.5 0.5 0.1 0.1\nnot a label\n"
    (folder / "labels" / "train1.txt").write_text(bad, encoding="utf-8")

    found = [(f.kind, f.where) for f in check(manifest, tmp_path)]

    kinds = [kind for kind, _ in found]
    assert kinds.count("broken") == 1
    assert kinds.count("missing") == 1
    assert kinds.count("outside") == 1
    assert kinds.count("label") == 2
    assert ("leak", "train1.png and val0.png") in found
    assert ("near_leak", "train0.png and val1.png") in found


def test_the_tally_counts_small_and_empty(tmp_path: Path) -> None:
    manifest = read_manifest(
        write_set(tmp_path, "heaps", {"train": [noise(1), noise(2)], "val": []})
    )
    labels = tmp_path / "heaps" / "labels"
    (labels / "train0.txt").write_text("", encoding="utf-8")
    (labels / "train1.txt").write_text("0 0.5 0.5 0.05 0.05\n", encoding="utf-8")

    counted = tally(manifest, tmp_path, "train")

    assert (counted.pictures, counted.empty) == (2, 1)
    assert counted.boxes["heap"] == counted.small["heap"] == 1


def test_look_alikes_are_one_scene_and_stay_together() -> None:
    views = [noise(seed) for seed in range(12)]
    pictures = [*views, *(np.roll(v, 2, axis=1) for v in views)]
    keys = [f"p{i}" for i in range(len(pictures))]

    scene = group(np.stack([describe(p) for p in pictures]), 0.85)
    aside = set(hold_out(keys, scene, 0.4))

    assert (scene[:12] == scene[12:]).all()
    assert len(set(scene.tolist())) == 12
    assert 0 < len(aside) <= 0.4 * len(keys)
    assert all((f"p{i}" in aside) == (f"p{i + 12}" in aside) for i in range(12))


def _coco(folder: Path) -> Path:
    table = {
        "images": [{"id": 7, "file_name": "a.png", "width": 160, "height": 120}],
        "categories": [{"id": 3, "name": "garbage"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [40, 30, 80, 60]},
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9], "iscrowd": 1},
        ],
    }
    path = folder / "instances.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    return path


VOC = """<annotation><filename>a.png</filename>
<size><width>160</width><height>120</height></size>
<object><name>garbage</name><bndbox><xmin>40</xmin><ymin>30</ymin>
<xmax>120</xmax><ymax>90</ymax></bndbox></object></annotation>"""


@pytest.mark.parametrize("layout", ["coco", "voc", "yolo"])
def test_all_layouts_import_to_the_same_set(tmp_path: Path, layout: str) -> None:
    source, target = tmp_path / "source", tmp_path / "taken"
    for part in ("images", "labels", "xml"):
        (source / part).mkdir(parents=True)
    cv2.imwrite(str(source / "images" / "a.png"), noise(1))
    (source / "xml" / "a.xml").write_text(VOC, encoding="utf-8")
    label = "0 0.5 0.5 0.5 0.5\n"
    (source / "labels" / "a.txt").write_text(label, encoding="utf-8")
    found = {
        "coco": lambda: read_coco(_coco(source), source / "images"),
        "voc": lambda: read_voc(source / "xml", source / "images"),
        "yolo": lambda: read_yolo_set(source, ("garbage",)),
    }[layout]()

    count = write_layout(found, target)
    manifest = read_manifest(target / "manifest.toml")
    (sample,) = load(manifest, list_split(manifest, tmp_path, "train"), 640)

    assert count == 1
    assert np.allclose(sample.xyxy, [[40, 30, 120, 90]], atol=0.01)
    assert sample.class_id.tolist() == [0]


def test_files_of_the_wrong_kind_are_refused_in_words(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.xml"
    wrong.write_text("<annotation></annotation>", encoding="utf-8")
    table = tmp_path / "wrong.json"
    table.write_text("{}", encoding="utf-8")

    with pytest.raises(ConfigError, match="no VOC annotation"):
        list(read_voc(tmp_path, tmp_path))
    with pytest.raises(ConfigError, match="no COCO annotation"):
        list(read_coco(table, tmp_path))


def test_an_import_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "keep.txt").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigError, match="not empty"):
        write_layout([], tmp_path / "mine")
