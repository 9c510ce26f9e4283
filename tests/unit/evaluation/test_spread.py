"""Needs the extra `ray`; starts a real cluster of two nodes on this machine."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.unit.evaluation.pictures import write_truth, write_yolo
from vision.bootstrap.judged import JudgedModel, build_judged_detector
from vision.bootstrap.suite import build_suite_watcher
from vision.core.clock import SystemClock
from vision.evaluation.hands import Answer, one_by_one
from vision.evaluation.layouts import read_pictures
from vision.evaluation.predictions import Header, Prediction, PredictionStore
from vision.evaluation.problems import Problems
from vision.evaluation.runner import DetectRun, detect_all
from vision.evaluation.spread import Spread, detect_spread, on_ray
from vision.evaluation.truth import read_truth

ray = pytest.importorskip("ray", reason="needs the extra `ray`")
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs the extra `ray`")

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(300)]

MODEL = Path(__file__).parents[2] / "golden" / "detectors" / "nms_free_dynamic.onnx"
HEADER = Header("cells/1", "ab" * 32, ("red", "green", "blue"), "set", 0.01)


def columns(prediction: Prediction) -> tuple[bytes, bytes, bytes]:
    said = prediction.said
    assert said is not None
    return said.xyxy.tobytes(), said.score.tobytes(), said.class_id.tobytes()


SITE = f"""
site: judged
model: {{type: onnx, path: {MODEL}, class_map: {{green: garbage}}, imgsz: 320}}
cameras: [{{id: any, source: {{type: images, path: .}}, period_s: 0.5}}]
rules: [{{type: garbage_pile, dwell_s: 8, alone_s: 3}}]
sinks: [{{type: jsonl}}]
"""


def files_in(home: Path, answer: Answer) -> Answer:
    """Return an answer with its evidence named from its home on, sorted.

    Whether a clip or the next step is sealed first is a matter of luck.
    """
    run = answer.run
    if run is None:
        return answer
    found = tuple(
        replace(
            event,
            evidence=tuple(sorted(file.relative_to(home) for file in event.evidence)),
        )
        for event in run.found
    )
    return replace(answer, run=replace(run, found=found))


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[str]:
    """Yield the address of a cluster of two nodes with one processor each."""
    cluster = cluster_utils.Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1}
    )
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        alive = [node for node in ray.nodes() if node["Alive"]]
        assert len(alive) == 2
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.mark.filterwarnings("default")  # Ray's own
def test_two_nodes_give_the_numbers_of_one_machine(
    two_nodes: str, tmp_path: Path
) -> None:
    cells = [[(32 * (k % 4), 32, 32 * (k % 4) + 32, 64)] for k in range(24)]
    data = write_yolo(tmp_path / "set", cells)
    pictures = read_pictures(data, split="val", problems=Problems()).pictures
    build = partial(
        build_judged_detector, JudgedModel(MODEL, imgsz=160, threads=1, batch=4)
    )
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    with PredictionStore(tmp_path / "here", HEADER) as here:
        detect_all(
            pictures, DetectRun(build(), SystemClock(), 4), here, lambda *_: None
        )
    spread = Spread(two_nodes, workers=2, batch=4, cpus=0.5)

    with PredictionStore(tmp_path / "there", HEADER) as there:
        detect_spread(pictures, build, spread, there, lambda *_: None)

    assert set(there.done) == set(here.done)
    for key, prediction in here.done.items():
        assert columns(there.done[key]) == columns(prediction)


@pytest.mark.filterwarnings("default")  # Ray's own
def test_two_nodes_watch_clips_as_one_machine_does(
    two_nodes: str, tmp_path: Path
) -> None:
    suite, site = tmp_path / "suite", tmp_path / "site.yaml"
    site.write_text(SITE)
    clips = []
    for name, laid_s in (("a", 5.0), ("b", 12.0), ("c", 20.0)):
        write_truth(suite, name, laid_s=laid_s)
        clip = read_truth(suite / f"{name}.truth.json", Problems())
        assert clip is not None
        clips.append(clip)
    (suite / "c.mp4").write_bytes(b"no video")
    # Each with evidence of its own: what is kept already is not written again.
    homes = tmp_path / "here", tmp_path / "there"
    here = list(one_by_one(build_suite_watcher(site, homes[0]))(clips))
    build = partial(build_suite_watcher, site, homes[1])

    there = list(on_ray(build, Spread(two_nodes, workers=2, cpus=0.5))(clips))

    there.sort(key=lambda answer: answer.number)
    assert [files_in(homes[1], answer) for answer in there] == [
        files_in(homes[0], answer) for answer in here
    ]
    assert [answer.run is None for answer in here] == [False, False, True]
