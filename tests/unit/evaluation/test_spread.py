"""Needs the extra `ray`; starts a real cluster of two nodes on this machine."""

from functools import partial
from pathlib import Path

import pytest

from tests.unit.evaluation.pictures import write_yolo
from vision.bootstrap.judged import JudgedModel, build_judged_detector
from vision.core.clock import SystemClock
from vision.evaluation.layouts import read_pictures
from vision.evaluation.predictions import Header, Prediction, PredictionStore
from vision.evaluation.problems import Problems
from vision.evaluation.runner import DetectRun, detect_all
from vision.evaluation.spread import Spread, detect_spread

ray = pytest.importorskip("ray")
cluster_utils = pytest.importorskip("ray.cluster_utils")

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(300)]

MODEL = Path(__file__).parents[2] / "golden" / "detectors" / "nms_free_dynamic.onnx"
HEADER = Header("cells/1", "ab" * 32, ("red", "green", "blue"), "set", 0.01)


def columns(prediction: Prediction) -> tuple[bytes, bytes, bytes]:
    said = prediction.said
    assert said is not None
    return said.xyxy.tobytes(), said.score.tobytes(), said.class_id.tobytes()


@pytest.mark.filterwarnings("default")  # Ray's own
def test_two_nodes_give_the_numbers_of_one_machine(tmp_path: Path) -> None:
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
    cluster = cluster_utils.Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1}
    )
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        alive = [node for node in ray.nodes() if node["Alive"]]
        spread = Spread(cluster.address, workers=2, batch=4, cpus=0.5)

        with PredictionStore(tmp_path / "there", HEADER) as there:
            detect_spread(pictures, build, spread, there, lambda *_: None)
    finally:
        ray.shutdown()
        cluster.shutdown()

    assert len(alive) == 2
    assert set(there.done) == set(here.done)
    for key, prediction in here.done.items():
        assert columns(there.done[key]) == columns(prediction)
