"""Scenario files: what they may say, and what follows from them. No Blender here."""

import hashlib
import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from datasets.street_scene.clip import encode
from datasets.street_scene.events import spans
from datasets.street_scene.labels import Box, clip_to_stills, yolo_line
from datasets.street_scene.motion import SmoothPath, follow, standing
from datasets.street_scene.pinhole import Pinhole, clip_to_frame
from datasets.street_scene.randomise import random_scenario
from datasets.street_scene.regions import Print, area, changed, merge
from datasets.street_scene.schema import Scenario, Traffic, Viewpoint, load
from datasets.street_scene.sensor import sensor
from datasets.street_scene.stream import pictures
from datasets.street_scene.truth import conditions, zone_polygons

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "datasets" / "scenarios").glob("*.yaml"))
VIEW = {"x": 0.0, "y": -10.0, "height_m": 6.0, "look_at": [0.0, 4.0, 0.5]}


TRUTHS = [
    *sorted((ROOT / "datasets" / "scenarios").glob("*.truth.json")),
    ROOT / "datasets" / "demo" / "truth.json",
]


def scenario(*actors: dict[str, object], **more: object) -> Scenario:
    base = {"schema": 1, "name": "x", "duration_s": 60.0, "fps": 2.0, "view": VIEW}
    return Scenario.model_validate({**base, "actors": actors, **more})


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_shipped_scenario_is_valid_and_named_after_its_file(path: Path) -> None:
    found = load(path)

    assert found.name == path.stem
    assert zone_polygons(found)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_scenario_that_shares_frames_shows_the_same_street(path: Path) -> None:
    found = load(path)
    if found.frames_of is None:
        return
    base = load(path.with_name(f"{found.frames_of}.yaml"))
    own = {"name", "about", "tags", "frames_of", "faults", "crf"}
    still = found.view.model_copy(update={"shake_px": base.view.shake_px})

    assert found.model_dump(exclude={*own, "view"}) == base.model_dump(
        exclude={*own, "view"}
    )
    assert still == base.view


@pytest.mark.parametrize("path", TRUTHS, ids=lambda p: p.name)
def test_shipped_truth_belongs_to_its_clip_and_to_its_scenario(path: Path) -> None:
    truth = json.loads(path.read_text(encoding="utf-8"))
    clip = path.parent / truth["clip"]
    name = "demo_street" if path.name == "truth.json" else clip.stem
    made_of = load(ROOT / "datasets" / "scenarios" / f"{name}.yaml")
    wanted = [(s.slug, s.start_s, s.end_s) for s in spans(made_of) if s.decoy is None]

    assert hashlib.sha256(clip.read_bytes()).hexdigest() == truth["sha256"]
    assert [(e["slug"], e["start_s"], e["end_s"]) for e in truth["events"]] == wanted
    assert truth["zones"] == zone_polygons(made_of)
    assert truth["conditions"] == conditions(made_of)
    assert truth["synthetic"] is True


def test_reading_a_scenario_does_not_import_blender() -> None:
    code = (
        "import sys; import datasets.street_scene.truth, "
        "datasets.street_scene.randomise; sys.exit('bpy' in sys.modules)"
    )

    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode
        == 0
    )


def test_unknown_key_is_refused_with_its_path() -> None:
    with pytest.raises(ValidationError, match=r"actors\.0\.bin\.color"):
        scenario({"type": "bin", "id": "b", "x": 0, "y": 0, "color": [0, 0, 0]})


def test_two_actors_with_one_id_are_refused() -> None:
    bin_ = {"type": "bin", "id": "b", "x": 0, "y": 0}

    with pytest.raises(ValidationError, match="ids must be unique"):
        scenario(bin_, bin_)


def test_path_that_runs_back_in_time_is_refused() -> None:
    with pytest.raises(ValidationError, match="times must rise"):
        scenario({"type": "person", "id": "p", "path": [[2, 0, 0], [1, 1, 0]]})


@given(
    steps=st.lists(
        st.tuples(st.floats(0.5, 9), st.floats(-20, 20)), min_size=2, max_size=6
    ),
    share=st.floats(0, 1),
)
def test_smooth_path_never_leaves_the_range_of_its_way_points(
    steps: list[tuple[float, float]], share: float
) -> None:
    clock, points = 0.0, []
    for wait_s, x in steps:
        clock += wait_s
        points.append((clock, x, 0.0))
    x, _ = SmoothPath(points).position(share * clock)

    assert min(p[1] for p in points) - 1e-6 <= x <= max(p[1] for p in points) + 1e-6


def test_standing_vehicle_keeps_the_heading_it_came_with() -> None:
    path = SmoothPath([(0, 20, 0), (4, 0, 0), (200, 0, 0)])

    assert abs(path.pose(190).heading) == pytest.approx(math.pi)
    assert path.pose(190).speed_ms == 0.0


def test_queue_stops_at_red_and_discharges_in_order_without_touching() -> None:
    lane = Traffic(
        type="traffic",
        id="w",
        lane_y=1.6,
        direction=-1,
        enter_s=(0, 3, 6, 9),
        stop_x=-10,
        red_s=((5, 40),),
    )
    tracks = follow(lane, 80)
    stands = [standing(track) for track in tracks]
    x = [{t: x for t, x, _ in track} for track in tracks]

    assert all(len(s) == 1 and s[0][0] < 40 < s[0][1] + 0.1 for s in stands)
    assert [s[0][1] for s in stands] == sorted(s[0][1] for s in stands)
    for ahead, behind in pairwise(x):
        gaps = [behind[t] - ahead[t] for t in ahead.keys() & behind.keys()]
        assert min(gaps) > 5.0


def test_queueing_cars_are_decoys_and_the_clip_is_a_negative() -> None:
    found = scenario(
        {
            "type": "traffic",
            "id": "w",
            "lane_y": 1.6,
            "direction": -1,
            "enter_s": [0, 4],
            "stop_x": -10,
            "red_s": [[2, 40]],
        }
    )

    assert [s.decoy for s in spans(found)] == ["queue", "queue"]
    assert {"queue", "negative"} <= set(conditions(found))


def test_bin_overflows_from_its_filling_until_it_is_emptied() -> None:
    states = [{"t": -1, "fill": 0.5}, {"t": 12, "fill": 1.4}, {"t": 40, "fill": 0.1}]
    (span,) = spans(
        scenario({"type": "bin", "id": "b", "x": 0, "y": 6, "states": states})
    )

    assert (span.slug, span.start_s, span.end_s) == ("overflowing_bin", 12, 40)


def test_refuse_added_to_a_pile_opens_no_second_event() -> None:
    first = {"type": "refuse", "id": "a", "x": 0, "y": 6, "from_s": 5}
    more = {"type": "refuse", "id": "b", "x": 1, "y": 6, "from_s": 20, "case": "a"}

    assert [s.actor for s in spans(scenario(first, more))] == ["a"]


def test_point_that_is_looked_at_lies_in_the_middle_of_the_picture() -> None:
    view = Viewpoint.model_validate(VIEW)
    camera = Pinhole.from_view(view, 960, 540)

    assert camera.project(view.look_at) == pytest.approx((0.5, 0.5))
    assert camera.project((0.0, -20.0, 0.0)) is None


@given(st.lists(st.tuples(st.floats(-2, 3), st.floats(-2, 3)), min_size=3, max_size=6))
def test_clipped_polygon_lies_in_the_picture(
    polygon: list[tuple[float, float]],
) -> None:
    for x, y in clip_to_frame(polygon):
        assert -1e-9 <= x <= 1 + 1e-9
        assert -1e-9 <= y <= 1 + 1e-9


def test_random_scene_depends_on_its_seed_alone() -> None:
    assert random_scenario(5) == random_scenario(5)
    assert random_scenario(5) != random_scenario(6)


corner = st.integers(0, 60)
size = st.integers(1, 20)
rect = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), corner, corner, size, size)


@given(st.lists(rect, max_size=8))
def test_merged_rectangles_are_disjoint_and_cover_the_given_ones(
    rects: list[tuple[int, int, int, int]],
) -> None:
    out = merge(rects)
    canvas = np.zeros((100, 100), int)
    for x1, y1, x2, y2 in out:
        canvas[y1:y2, x1:x2] += 1

    assert canvas.max(initial=0) <= 1
    assert canvas.sum() == area(out)
    assert all(canvas[y1:y2, x1:x2].all() for x1, y1, x2, y2 in rects)


def test_only_what_moved_is_rendered_again_where_it_was_and_where_it_is() -> None:
    still = Print((0.0,), (0.1, 0.1, 0.2, 0.2))
    was, now = Print((1.0,), (0.5, 0.5, 0.6, 0.6)), Print((2.0,), (0.8, 0.5, 0.9, 0.6))
    rects = changed({"a": still, "b": was}, {"a": still, "b": now}, 640, 360)

    assert len(rects) == 2
    assert all(x1 > 0.4 * 640 for x1, _, _, _ in rects)


def test_infrared_picture_is_grey_and_every_frame_has_its_own_grain() -> None:
    night = scenario(light="ir", width=160, height=90)
    clean = np.full((90, 160, 3), (90, 120, 60), np.uint8)
    first, second = sensor(clean, night, 0), sensor(clean, night, 1)

    assert (first == first[:, :, :1]).all()
    assert (first != second).any()
    assert (first == sensor(clean, night, 0)).all()


def test_swaying_camera_moves_the_picture_and_keeps_its_size() -> None:
    sway = scenario(view={**VIEW, "shake_px": 6.0}, width=160, height=90)
    clean = np.zeros((90, 160, 3), np.uint8)
    clean[:, 80:] = 200
    edges = {int((sensor(clean, sway, k)[45] > 100).argmax(0)[0]) for k in range(8)}

    assert sensor(clean, sway, 0).shape == clean.shape
    assert len(edges) > 3


WHOLE = (0.1, 0.2, 0.3, 0.6)


@pytest.mark.parametrize(
    ("box", "line"),
    [
        (Box("a", "car", WHOLE, 1.0, WHOLE), "6 0.200000 0.400000 0.200000 0.400000"),
        (Box("a", "car", WHOLE, 0.2, WHOLE), None),
        (Box("a", "car", WHOLE, 0.0, None), None),
        (Box("a", "bin", (0.1, 0.2, 0.105, 0.6), 1.0, WHOLE), None),
        (
            Box("a", "garbage", WHOLE, 0.5, (0.2, 0.2, 0.3, 0.6)),
            "0 0.250000 0.400000 0.100000 0.400000",
        ),
    ],
    ids=["whole", "hidden", "unseen", "tiny", "half hidden: what is seen"],
)
def test_label_leaves_out_what_nobody_could_see(box: Box, line: str | None) -> None:
    assert yolo_line(box, 640, 360) == line


def test_rendered_clip_becomes_labelled_pictures(tmp_path: Path) -> None:
    clip = scenario(width=160, height=90)
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    row = {
        "id": "a",
        "label": "car",
        "xyxy": WHOLE,
        "visible": 1.0,
        "seen": WHOLE,
    }
    frames = [{"t_s": k / 2, "boxes": [row]} for k in range(3)]
    (work / "boxes.json").write_text(json.dumps({"schema": 1, "frames": frames}))
    for k in range(3):
        Image.new("RGB", (160, 90), (90, 90, 90)).save(work / f"{k:05d}.png")

    assert clip_to_stills(clip, work, out, every=2) == 2
    assert (out / "labels" / "x_00002.txt").read_text().startswith("6 0.2")
    assert len(list((out / "images").glob("*.jpg"))) == 2


def test_clip_has_true_time_stamps_and_a_key_frame_every_two_seconds(
    tmp_path: Path,
) -> None:
    faults = [{"kind": "drop", "from_s": 3, "to_s": 6}]
    clip = scenario(width=160, height=90, duration_s=10.0, faults=faults)
    for k in range(len(clip.times_s)):
        Image.new("RGB", (160, 90), (9 * k, 90, 90)).save(tmp_path / f"{k:05d}.png")
    encode(clip, tmp_path, tmp_path / "x.mp4")
    with av.open(str(tmp_path / "x.mp4")) as container:
        frames = list(container.decode(video=0))
    stamps = [frame.time for frame in frames]
    keys = [frame.time for frame in frames if frame.key_frame]

    assert stamps == pytest.approx([t for t in clip.times_s if not 3 <= t < 6])
    assert keys == pytest.approx([0.0, 2.0, 7.0, 9.0])


def test_faults_drop_freeze_blank_and_shift_the_stream() -> None:
    faults = [
        {"kind": "drop", "from_s": 1, "to_s": 2},
        {"kind": "freeze", "from_s": 3, "to_s": 4},
        {"kind": "grey", "from_s": 5, "to_s": 6},
        {"kind": "infrared", "from_s": 6, "to_s": 7},
        {"kind": "move", "from_s": 7, "to_s": 8, "shift_px": [40, 0]},
    ]
    clip = scenario(width=160, height=90, duration_s=9.0, faults=faults)
    clean = np.zeros((90, 160, 3), np.uint8)
    clean[:, 80:] = (200, 150, 100)
    out = dict(pictures(clip, lambda _: clean))

    assert {1.0, 1.5}.isdisjoint(out)
    assert (out[3.0] == out[2.5]).all()
    assert (out[2.5] != out[2.0]).any()
    assert (out[5.0] == 128).all()
    assert (out[6.0] == out[6.0][:, :, :1]).all()
    assert out[7.0][45, 60, 0] > 100 > out[6.5][45, 60, 0]
    assert {"drop", "freeze", "grey", "move"} <= set(conditions(clip))
