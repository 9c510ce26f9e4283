"""Pictures that are not there are told of, and nothing takes their place."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.training.pictures import noise, write_set
from vision.core.errors import ConfigError
from vision.training.clips import sample_clip
from vision.training.collect import list_split, read_manifest
from vision.training.footage import read_footage
from vision.training.labels import CLASSES, IGNORE
from vision.training.pools import Aside, read_clips, read_cutouts, read_renders


def _aside(*clips: str) -> Aside:
    return Aside(0.0, 0.85, (), 0.0, clips)


def _clip(path: Path, shape: tuple[int, int] = (96, 128)) -> None:
    """Write two seconds of a clip, two pictures a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), code, 2.0, shape[::-1])
    for seed in range(4):
        writer.write(noise(seed, shape))
    writer.release()


def test_clips_are_parted_and_made_small(tmp_path: Path) -> None:
    _clip(tmp_path / "a.mp4", (480, 1280))
    (tmp_path / "a.mp4").rename(tmp_path / "a.MP4")
    _clip(tmp_path / "b.mp4")

    shelf = read_clips(tmp_path, _aside("b.mp4"), 1.0)

    assert [s.key for s in shelf.train["clips"]] == ["clips/a/0", "clips/a/1"]
    assert [s.key for s in shelf.aside["clips"]] == ["clips/b/0", "clips/b/1"]
    assert shelf.train["clips"][0].image.shape == (240, 640, 3)


def test_without_clips_the_pool_is_empty(tmp_path: Path) -> None:
    assert read_clips(tmp_path / "absent", _aside(), 1.0).train == {"clips": []}


def test_a_clip_to_keep_aside_that_is_not_there_is_refused(tmp_path: Path) -> None:
    _clip(tmp_path / "a.mp4")

    with pytest.raises(ConfigError, match=r"holds no c\.mp4, which .* \[aside\] clips"):
        read_clips(tmp_path, _aside("a.mp4", "c.mp4"), 1.0)


@pytest.mark.parametrize("content", [b"no video", None])
def test_a_video_that_does_not_open_is_refused_by_name(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"a\.mp4 is not there or no video"):
            read_clips(tmp_path, _aside(), 1.0)
    (tmp_path / "truth.json").write_text(
        '{"clip": "a.mp4", "fps": 2.0, "events": []}', encoding="utf-8"
    )

    with pytest.raises(ConfigError, match=r"a\.mp4 is not there or no video"):
        read_footage(tmp_path, 1.0)


def test_the_given_rate_counts_more_than_that_of_the_file(tmp_path: Path) -> None:
    _clip(tmp_path / "a.mp4")

    numbers = [index for index, _ in sample_clip(tmp_path / "a.mp4", 1.0, 3.0)]

    assert numbers == [0, 3]


def test_a_render_without_its_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "x.txt").write_text("0 .5 .5 .2 .2\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"x\.txt: .*images holds no such picture"):
        read_renders(tmp_path, 640)


def test_a_render_is_found_beside_files_of_other_kinds(tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    cv2.imwrite(str(tmp_path / "images" / "x.png"), noise(1))
    (tmp_path / "images" / "x.json").write_text("{}", encoding="utf-8")
    (tmp_path / "labels" / "x.txt").write_text("0 .5 .5 .2 .2\n", encoding="utf-8")

    (sample,) = read_renders(tmp_path, 640)

    assert np.array_equal(sample.image, noise(1))


def test_a_folder_of_pictures_is_read_whatever_the_case_of_its_suffixes(
    tmp_path: Path,
) -> None:
    path = write_set(tmp_path, "heaps", {"train": [noise(1), noise(2)]})
    text = path.read_text(encoding="utf-8").replace('"train.txt"', '"images"')
    path.write_text(text, encoding="utf-8")
    images = tmp_path / "heaps" / "images"
    (images / "train0.png").rename(images / "train0.PNG")

    names = [p.name for p in list_split(read_manifest(path), tmp_path, "train")]

    assert names == ["train0.PNG", "train1.png"]


def _cutout(folder: Path, notes: object, alpha: int = 128) -> None:
    """Write a thing of 20 x 40 pixels in the middle of a picture of 100 x 60."""
    folder.mkdir(exist_ok=True)
    pixels = np.zeros((60, 100, 4), np.uint8)
    pixels[10:50, 40:60] = (200, 100, 50, alpha)
    cv2.imwrite(str(folder / "a.png"), pixels)
    (folder / "a.json").write_text(json.dumps(notes), encoding="utf-8")


def test_a_cutout_is_cut_to_what_shows_and_its_boxes_move_along(tmp_path: Path) -> None:
    bin_at = {"label": "bin", "xyxy": [40, 10, 60, 45]}
    beside = {"label": "ignore", "xyxy": [50, 40, 60, 50]}
    _cutout(tmp_path, [bin_at, beside])

    (thing,) = read_cutouts(tmp_path)

    assert thing.image.shape == (40, 20, 3)
    assert thing.image[0, 0].tolist() == [100, 50, 25]  # times its alpha
    assert thing.alpha is not None
    assert (thing.alpha == 128).all()
    assert thing.xyxy.tolist() == [[0, 0, 20, 35], [10, 30, 20, 40]]
    assert thing.class_id.tolist() == [CLASSES.index("bin"), IGNORE]


def test_a_cutout_of_no_class_has_no_box_and_no_folder_has_none(tmp_path: Path) -> None:
    _cutout(tmp_path, [{"label": None, "xyxy": [40, 10, 60, 50]}])

    (thing,) = read_cutouts(tmp_path)

    assert thing.xyxy.shape == (0, 4)
    assert read_cutouts(tmp_path / "absent") == []


@pytest.mark.parametrize(
    ("notes", "alpha", "said"),
    [
        ([{"label": "cup", "xyxy": [0, 0, 1, 1]}], 255, r"a\.json: expected \[\{label"),
        ([{"label": "bin", "xyxy": [0, 0, 1]}], 255, r"a\.json: expected"),
        ([{"label": "bin"}], 255, r"a\.json: expected .*xyxy"),
        ([], 0, r"a\.png: shows nothing"),
    ],
)
def test_a_cutout_that_is_none_is_refused(
    tmp_path: Path, notes: object, alpha: int, said: str
) -> None:
    _cutout(tmp_path, notes, alpha)

    with pytest.raises(ConfigError, match=said):
        read_cutouts(tmp_path)


def test_a_cutout_without_alpha_is_refused(tmp_path: Path) -> None:
    _cutout(tmp_path, [])
    cv2.imwrite(str(tmp_path / "a.png"), noise(1))

    with pytest.raises(ConfigError, match=r"a\.png: expected a picture with alpha"):
        read_cutouts(tmp_path)
