import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.unit.training.pictures import noise, write_set
from vision.cli import model as command
from vision.core.errors import ConfigError, ModelError
from vision.training.collect import read_manifest

SHIPPED = Path(__file__).parents[3] / "models" / "street-n" / "model.onnx"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with datasets/heaps and its pictures as the data root."""
    pictures = {"train": [noise(1), noise(2)], "val": [noise(3)]}
    manifest = write_set(tmp_path / "pictures", "heaps", pictures)
    (tmp_path / "datasets" / "heaps").mkdir(parents=True)
    manifest.rename(tmp_path / "datasets" / "heaps" / "manifest.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREETWARDEN_DATA", str(tmp_path / "pictures"))
    return tmp_path


def _run(*words: str) -> str:
    result = CliRunner().invoke(command.app, list(words), catch_exceptions=False)
    return f"{result.exit_code} {result.output}"


@pytest.mark.usefixtures("home")
def test_a_clean_set_passes_the_check() -> None:
    assert _run("data", "check", "heaps").startswith("0 ")


def test_a_broken_picture_fails_the_check_by_name(home: Path) -> None:
    (home / "pictures" / "heaps" / "images" / "train1.png").write_bytes(b"x")

    said = _run("data", "check", "heaps")

    assert said.startswith("1 ")
    assert "train1.png" in said


def test_an_empty_split_fails_the_check_and_says_which(home: Path) -> None:
    (home / "pictures" / "heaps" / "val.txt").write_text("\n", encoding="utf-8")

    said = _run("data", "check", "heaps")

    assert said.startswith("1 ")
    assert "empty     val.txt: lists no picture" in said


def test_changed_files_are_told_from_those_of_the_manifest(home: Path) -> None:
    manifest = home / "datasets" / "heaps" / "manifest.toml"
    text = 'fingerprint = "0000"\n' + manifest.read_text(encoding="utf-8")
    manifest.write_text(text, encoding="utf-8")

    assert "changed" in _run("data", "check", "heaps")


@pytest.mark.usefixtures("home")
def test_stats_count_boxes_per_split() -> None:
    said = _run("data", "stats", "heaps")

    assert "train: 2 pictures, 0 without a box" in said
    assert "heap" in said


def test_the_preview_is_a_picture(home: Path) -> None:
    _run("data", "preview", "heaps", "sheet.jpg")

    sheet = cv2.imread(str(home / "sheet.jpg"))
    assert sheet is not None
    assert sheet.shape == (256, 6 * 256, 3)


def test_an_imported_set_can_be_checked_at_once(home: Path) -> None:
    source = home / "pictures" / "heaps"

    said = _run("data", "import", str(source), "pictures/mine", "--names", "garbage,x")
    (home / "datasets" / "mine").mkdir()
    written = home / "pictures" / "mine" / "manifest.toml"
    written.rename(home / "datasets" / "mine" / "manifest.toml")

    assert "3 pictures" in said
    assert _run("data", "check", "mine").startswith("0 ")


@pytest.mark.usefixtures("home")
def test_an_unknown_set_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="known sets: heaps"):
        _run("data", "stats", "nothing")


@pytest.mark.usefixtures("home")
def test_without_a_data_root_the_message_says_how_to_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("STREETWARDEN_DATA")

    with pytest.raises(ConfigError, match="STREETWARDEN_DATA"):
        _run("data", "stats", "heaps")


def test_an_import_keeps_whole_scenes_for_judging(home: Path) -> None:
    source = home / "many"
    for part in ("images", "labels"):
        (source / part).mkdir(parents=True)
    for index in range(6):
        for shift in (0, 2):  # two views of each scene
            stem = f"scene{index}-{shift}"
            image = np.roll(noise(index), shift, axis=1)
            cv2.imwrite(str(source / "images" / f"{stem}.png"), image)
            (source / "labels" / f"{stem}.txt").write_text(
                "0 0.5 0.5 0.2 0.2\n", "utf-8"
            )

    said = _run(
        "data", "import", "many", "pictures/mine", "--names", "bin", "--judge", "0.34"
    )

    folder = home / "pictures" / "mine"
    lists = {
        s: (folder / f"{s}.txt").read_text("utf-8").split() for s in ("train", "val")
    }
    scenes = {s: {key.split("-")[0] for key in keys} for s, keys in lists.items()}
    assert "4 pictures of scenes kept for judging" in said
    assert len(lists["train"]) == 8
    assert scenes["train"].isdisjoint(scenes["val"])
    assert read_manifest(folder / "manifest.toml").splits["val"] == "val.txt"


def test_pictures_of_one_scene_cannot_be_parted(home: Path) -> None:
    source = home / "same"
    for part in ("images", "labels"):
        (source / part).mkdir(parents=True)
    for index in range(3):
        cv2.imwrite(str(source / "images" / f"{index}.png"), noise(1))

    with pytest.raises(ConfigError, match="too few scenes"):
        _run(
            "data",
            "import",
            "same",
            "pictures/mine",
            "--names",
            "bin",
            "--judge",
            "0.3",
        )


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("model.onnx", "out.onnx", "ends with .xml"),
        ("none.onnx", "out.xml", "not there"),
    ],
)
def test_quantising_refuses_what_it_cannot_write_or_read(
    source: str, target: str, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        _run("quantise", source, target, "--names", "heaps")


@pytest.mark.usefixtures("home")
def test_parity_of_a_model_with_itself_tells_quality_time_and_memory() -> None:
    said = _run("parity", str(SHIPPED), str(SHIPPED), "--name", "heaps")

    assert said.startswith("0 ")
    assert "loses +0.00 points" in said
    assert "times as fast" in said
    peaks = re.findall(r"memory +(\d+) -> (\d+) MiB", said)
    assert all(30 < int(peak) < 3000 for peak in peaks[0])
