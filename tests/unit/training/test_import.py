"""What is brought in arrives whole, or not at all."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.training.pictures import noise
from vision.core.errors import ConfigError
from vision.training.collect import list_split, load, read_manifest
from vision.training.layouts import read_coco, read_voc, write_set


def _coco(folder: Path, *names: str) -> Path:
    """Write pictures and an annotation each, the k-th a box of k tenths."""
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), noise(seed, (100, 100)))
    table = {
        "images": [
            {"id": k, "file_name": name, "width": 100, "height": 100}
            for k, name in enumerate(names)
        ],
        "categories": [{"id": 3, "name": "garbage"}],
        "annotations": [
            {"image_id": k, "category_id": 3, "bbox": [0, 0, 10 + 10 * k, 50]}
            for k in range(len(names))
        ],
    }
    path = folder / "instances.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    return path


def test_pictures_of_one_name_in_several_folders_all_arrive(tmp_path: Path) -> None:
    source = tmp_path / "source"
    annotations = _coco(source, "a/1.png", "b/1.png", "2.png")

    count = write_set(read_coco(annotations, source), tmp_path / "mine")

    manifest = read_manifest(tmp_path / "mine" / "manifest.toml")
    samples = list(load(manifest, list_split(manifest, tmp_path, "train"), 640))
    assert count == 3
    assert [s.key for s in samples] == ["mine/a_1.png", "mine/b_1.png", "mine/2.png"]
    assert np.allclose([s.xyxy[0, 2] for s in samples], [10, 20, 30], atol=0.1)
    assert all((s.image == noise(k, (100, 100))).all() for k, s in enumerate(samples))


def test_a_folder_that_all_pictures_share_is_not_in_their_names(tmp_path: Path) -> None:
    annotations = _coco(tmp_path / "source", "train2017/1.png", "train2017/2.png")

    write_set(read_coco(annotations, tmp_path / "source"), tmp_path / "mine")

    names = sorted(p.name for p in (tmp_path / "mine" / "images").iterdir())
    assert names == ["1.png", "2.png"]


@pytest.mark.parametrize(
    "names", [("x.png", "x.jpg"), ("a_x.png", "a/x.png"), ("x.png", "x.png")]
)
def test_two_pictures_with_one_label_file_are_refused_by_name(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    annotations = _coco(tmp_path / "source", *names)

    with pytest.raises(ConfigError, match=f"{names[0]} and .*{names[1]} .*one of them"):
        write_set(read_coco(annotations, tmp_path / "source"), tmp_path / "mine")

    assert not (tmp_path / "mine").exists()


def test_a_missing_picture_leaves_no_half_of_a_set(tmp_path: Path) -> None:
    annotations = _coco(tmp_path / "source", "1.png", "2.png")
    (tmp_path / "source" / "2.png").unlink()

    with pytest.raises(ConfigError, match=r"2\.png is named by the annotations"):
        write_set(read_coco(annotations, tmp_path / "source"), tmp_path / "mine")

    assert not (tmp_path / "mine").exists()


def test_a_source_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no picture found"):
        write_set(read_voc(tmp_path / "absent", tmp_path), tmp_path / "mine")
    with pytest.raises(ConfigError, match="no COCO annotation file"):
        list(read_coco(tmp_path / "absent.json", tmp_path))
