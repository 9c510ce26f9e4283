"""What training asks the generator for, rendered (`make test-renders`)."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("bpy", reason="rendering needs Blender: make render-env")

from PIL import Image

from datasets.cutouts.bins import BINS
from datasets.cutouts.furniture import FURNITURE
from datasets.cutouts.heaps import heap
from datasets.cutouts.lookalikes import LOOKALIKES
from datasets.cutouts.studio import make_cutouts
from datasets.street_scene.__main__ import main as street_scene
from datasets.street_scene.blender import wipe
from datasets.street_scene.shapes import Builder

pytestmark = [
    pytest.mark.render,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore"),  # Blender's own
]
LABELS = {"bin", "overflowing_bin", "garbage", None}


@pytest.mark.parametrize("kind", dict.fromkeys((*BINS, *FURNITURE, *LOOKALIKES, heap)))
def test_things_stand_on_the_ground_in_a_size_that_exists(
    kind: Callable[[Builder], object],
) -> None:
    for seed in range(5):
        wipe()
        builder = Builder(seed)
        kind(builder)
        mesh = builder.build("thing").data
        flat = np.empty(len(mesh.vertices) * 3)
        mesh.vertices.foreach_get("co", flat)
        points = flat.reshape(-1, 3)
        assert np.isfinite(points).all()
        assert -0.4 < points[:, 2].min() < 0.15
        assert 0.05 < points[:, 2].max() < 3.5
        assert np.ptp(points[:, :2], axis=0).max() < 5.0


def test_a_cutout_is_what_its_note_says_and_shows_inside_its_box(
    tmp_path: Path,
) -> None:
    assert make_cutouts(tmp_path, range(12), threads=2) == 12

    seen: Counter[str | None] = Counter()
    for note in sorted(tmp_path.glob("*.json")):
        shown = json.loads(note.read_text(encoding="utf-8"))
        seen[shown[0]["label"]] += 1
        assert {one["label"] for one in shown[1:]} <= {"ignore"}
        alpha = np.asarray(Image.open(note.with_suffix(".png")))[..., 3]
        rows, columns = np.nonzero(alpha > 250)
        boxes = np.array([one["xyxy"] for one in shown])
        assert (boxes >= 0).all()
        assert (boxes <= alpha.shape[0]).all()
        low, high = boxes[:, :2].min(axis=0) - 2, boxes[:, 2:].max(axis=0) + 2
        inside = (columns >= low[0]) & (columns <= high[0])
        inside &= (rows >= low[1]) & (rows <= high[1])
        assert len(rows) > 100
        assert inside.mean() > 0.95
    assert set(seen) <= LABELS
    assert len(seen) > 2


def test_a_seed_gives_the_same_picture_and_what_is_there_stays(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        make_cutouts(folder, [3], threads=1)

    first, second = (
        np.asarray(Image.open(folder / "cutout_00003.png")) for folder in (one, other)
    )
    assert np.array_equal(first, second)
    assert make_cutouts(one, [3], threads=1) == 0


def test_a_still_of_the_street_has_its_labels(tmp_path: Path) -> None:
    status = street_scene(["stills", "--out", str(tmp_path), "--count", "1"])

    assert status == 0
    (picture,) = (tmp_path / "images").iterdir()
    (labels,) = (tmp_path / "labels").iterdir()
    names = (tmp_path / "names.txt").read_text(encoding="utf-8").split()
    assert Image.open(picture).size[0] >= 640
    rows = [line.split() for line in labels.read_text(encoding="utf-8").splitlines()]
    assert rows
    for index, *box in rows:
        assert 0 <= int(index) < len(names)
        assert all(0 <= float(value) <= 1 for value in box)
