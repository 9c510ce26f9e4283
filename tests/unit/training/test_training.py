"""Two steps of real training on generated pictures, on the CPU."""

# ruff: noqa: E402 - without torch the imports below cannot be tried

import ast
import dataclasses
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from torch.nn import Module
from ultralytics.nn.tasks import DetectionModel

from tests.unit.training.pictures import square_sample
from vision.core.errors import ModelError
from vision.training.batches import Mixture, draw, to_network
from vision.training.export import (
    Papers,
    export_onnx,
    file_sha256,
    save_checkpoint,
    write_sheet,
)
from vision.training.forms import predictor
from vision.training.labels import CLASSES, COCO_IDS, Sample, label_weight
from vision.training.losses import Gains, StreetLoss, distil, region_weight
from vision.training.machine import Budget
from vision.training.network import Pair, adapt
from vision.training.parity import Bounds, Pace, compare, failures, race
from vision.training.pools import CUTOUTS
from vision.training.quantise import quantise
from vision.training.trainer import Schedule, Trainer

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics and the ONNX exporter warn about themselves.
    pytest.mark.filterwarnings("ignore"),
]

SCHEDULE = Schedule(
    steps=2,
    warmup_steps=1,
    decay_steps=1,
    rate=0.002,
    backbone_factor=0.5,
    weight_decay=0.0,
    average=0.5,
    seed=3,
    checkpoint_steps=1,
)
MIXTURE = Mixture(
    rows={"refuse": 4}, teacher_rows=2, sizes={96: 1.0}, mosaic=0.5, far_mosaic=0.0
)
PAPERS = Papers(
    name="tiny",
    version="0",
    size_px=320,
    preview=("street_vendor",),
    thresholds=dict.fromkeys(CLASSES, 0.35),
    provenance={"pictures": "generated"},
)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _parent() -> Module:
    torch.manual_seed(0)
    model = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    model.args = {}
    return model.eval()


def _pair() -> Pair:
    parent = _parent()
    return Pair(adapt(parent), parent)


def _pools() -> dict[str, list[Sample]]:
    return {"refuse": [square_sample(seed) for seed in range(6)]}


def _trainer() -> Trainer:
    return Trainer(_pair(), SCHEDULE, Gains())


def test_two_steps_reduce_the_loss(tmp_path: Path) -> None:
    pair = _pair()
    trainer = Trainer(pair, SCHEDULE, Gains())
    rng = np.random.default_rng(0)
    drawn, batch = draw(_pools(), MIXTURE, rng)
    pictures = to_network(drawn, "cpu")
    loss = StreetLoss(pair.student, Gains())
    before, _ = loss(pair(pictures, 0), batch, 0.0)

    trainer.run(_pools(), MIXTURE, tmp_path, lambda _step, _parts: None)
    after, _ = loss(pair(pictures, 0), batch, 0.0)

    assert float(after.detach()) < float(before.detach())


def test_before_training_the_student_is_the_parent_for_road_users() -> None:
    outputs = _pair()(torch.rand(1, 3, 96, 96), 1)

    assert outputs.teacher is not None
    for head, student in outputs.student.items():
        theirs = outputs.teacher[head]["scores"][:, list(COCO_IDS)]
        assert torch.equal(student["scores"][:, 4:], theirs)
        assert torch.equal(student["boxes"], outputs.teacher[head]["boxes"])


def test_a_stopped_run_continues_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole = _trainer()
    whole.run(_pools(), MIXTURE, tmp_path, lambda _step, _parts: None)

    def stop(step: int, _parts: dict[str, float]) -> None:
        if step == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _trainer().run(_pools(), MIXTURE, tmp_path, stop)
    resumed = _trainer()
    resumed.load(tmp_path / "state.pt")
    assert resumed.step == 1
    resumed.run(_pools(), MIXTURE, tmp_path, lambda _step, _parts: None)

    for name, value in whole.average.state_dict().items():
        assert torch.allclose(value, resumed.average.state_dict()[name], atol=1e-6)


def test_a_run_out_of_time_ends_early_with_a_fallen_rate(tmp_path: Path) -> None:
    schedule = dataclasses.replace(SCHEDULE, steps=1000, decay_steps=900)
    spent = iter((0.0, 0.0, 0.5, 0.5, 0.9, 0.9, 1.0))
    rates: list[float] = []
    trainer = Trainer(_pair(), schedule, Gains(), spent=lambda: next(spent))
    optimiser = trainer._optimiser

    trainer.run(
        _pools(),
        MIXTURE,
        tmp_path,
        lambda _step, _parts: rates.append(optimiser.param_groups[0]["lr"]),
    )

    assert trainer.step == 3
    assert (tmp_path / "state.pt").is_file()
    assert rates[0] > rates[1] > rates[2]
    assert rates[2] == pytest.approx(rates[0] / 9, rel=0.01)


def test_a_time_budget_is_shared_among_the_parts_of_a_run() -> None:
    now_s = 100.0
    spent = Budget(total_s=50, clock=lambda: now_s).until(0.8)

    now_s = 120.0
    half = spent()
    now_s = 200.0

    assert half == pytest.approx(0.5)
    assert spent() == 1
    assert Budget(clock=lambda: now_s).until(0.8)() == 0


def test_polishing_touches_the_one_to_one_head_only(tmp_path: Path) -> None:
    parent = _parent()
    pair = Pair(adapt(parent), parent, "one2one")
    before = {k: v.clone() for k, v in pair.student.state_dict().items()}

    Trainer(pair, SCHEDULE, Gains()).run(
        _pools(), MIXTURE, tmp_path, lambda _step, _parts: None
    )

    changed = {
        k for k, v in pair.student.state_dict().items() if (v != before[k]).any()
    }
    assert changed
    assert all("one2one" in name for name in changed)


def test_what_is_not_labelled_is_not_punished() -> None:
    sample = square_sample(0)
    silent = Sample(
        "x", sample.image, sample.xyxy[:0], sample.class_id[:0], label_weight((), ())
    )
    pair = _pair()
    drawn, batch = draw({"refuse": [silent]}, MIXTURE, np.random.default_rng(0))
    pictures = to_network(drawn, "cpu")
    batch["regions"][:, 1:5] = torch.tensor([0.0, 0.0, 96.0, 96.0])

    total, _ = StreetLoss(pair.student, Gains())(pair(pictures, 0), batch, 0.5)
    total.backward()

    head = pair.student.model[-1]
    assert all(float(b[2].weight.grad.abs().max()) == 0 for b in head.one2one_cv3)


def _seen_in_streets(cutouts: float) -> tuple[set[int], set[int]]:
    """Return which rows of a batch show something, and which classes that are."""
    image = np.zeros((240, 320, 3), np.uint8)
    none, weight = np.zeros((0, 4), np.float32), label_weight((), CLASSES[:4])
    empty = Sample("x", image, none, np.zeros(0, np.int64), weight)
    stalls = [square_sample(k, CLASSES.index("street_vendor")) for k in range(4)]
    pools = {"streets": [empty], "vehicles": [empty], "own": [empty], "stalls": stalls}
    alpha = np.full((128, 128), 255, np.uint8)
    things = [dataclasses.replace(square_sample(k, k % 2), alpha=alpha) for k in (0, 1)]
    pools[CUTOUTS] = things
    mixture = Mixture(
        rows={"streets": 1, "vehicles": 1, "own": 2},
        teacher_rows=0,
        sizes={96: 1.0},
        mosaic=0.0,
        far_mosaic=0.0,
        paste=1.0,
        cutouts=cutouts,
    )
    batches = [draw(pools, mixture, np.random.default_rng(k))[1] for k in range(12)]
    rows = {int(row) for batch in batches for row in batch["batch_idx"]}
    return rows, {int(k) for batch in batches for k in batch["cls"]}


def test_streets_of_a_batch_get_stalls_and_other_rows_do_not() -> None:
    rows, classes = _seen_in_streets(0.0)

    assert rows == {0, 1}
    assert classes == {CLASSES.index("street_vendor")}


def test_streets_of_a_batch_get_things_that_were_rendered() -> None:
    rows, classes = _seen_in_streets(1.0)

    assert rows == {0, 1}
    assert classes == {CLASSES.index("garbage"), CLASSES.index("bin")}


def test_the_smallest_weight_holds_where_regions_overlap() -> None:
    centres = torch.tensor([[4.0, 4.0], [20.0, 20.0], [60.0, 60.0]])
    whole = torch.cat((torch.tensor([0.0, 0, 0, 32, 32]), torch.full((10,), 0.5)))
    part = torch.cat((torch.tensor([0.0, 16, 16, 32, 32]), torch.zeros(10)))

    weight = region_weight(centres, torch.stack((whole, part)), 1)

    assert weight[0, :, 0].tolist() == [0.5, 0.0, 1.0]


def test_a_student_that_agrees_with_the_parent_has_no_distillation_loss() -> None:
    scores, boxes = torch.randn(2, 80, 5), torch.rand(2, 4, 5)
    ours = torch.zeros(2, len(CLASSES), 5)
    ours[:, 4:] = scores[:, list(COCO_IDS)]
    follow = torch.zeros(2, 5, len(CLASSES))

    same = distil(
        {"scores": ours, "boxes": boxes}, {"scores": scores, "boxes": boxes}, follow
    )
    apart = distil(
        {"scores": ours + 1, "boxes": boxes + 1},
        {"scores": scores, "boxes": boxes},
        follow,
    )

    assert [float(v) for v in same] == pytest.approx([0, 0], abs=1e-5)
    assert all(float(v) > 0.01 for v in apart)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_checkpoint(adapt(_parent()), folder / "tiny.pt")
    export_onnx(folder / "tiny.pt", folder / "model.onnx", PAPERS)
    return folder


def test_the_export_loads_with_free_batch_and_size(exported: Path) -> None:
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    meta = session.get_modelmeta().custom_metadata_map
    name = session.get_inputs()[0].name
    shapes = [
        session.run(None, {name: np.zeros(shape, np.float32)})[0].shape
        for shape in ((1, 3, 640, 640), (2, 3, 320, 416))
    ]

    assert shapes == [(1, 300, 6), (2, 300, 6)]
    assert ast.literal_eval(meta["names"]) == dict(enumerate(CLASSES))
    assert meta["stride"] == "32"
    assert meta["licence"] == "AGPL-3.0-or-later"


def test_the_sheet_carries_the_hash_of_the_file(exported: Path) -> None:
    sheet = tomllib.loads(write_sheet(exported, PAPERS).read_text(encoding="utf-8"))

    assert sheet["model"]["sha256"] == file_sha256(exported / "model.onnx")
    assert sheet["names"]["3"] == "street_vendor"
    assert sheet["thresholds"]["car"] == 0.35


def test_parity_holds_between_torch_and_its_export(exported: Path) -> None:
    samples = [square_sample(seed) for seed in range(3)]
    origin = predictor(str(exported / "tiny.pt"), 160)
    variant = predictor(str(exported / "model.onnx"), 160)

    found = compare(origin, variant, samples)

    pace = race(origin, variant, samples)
    assert failures(found, pace, Bounds(map_points=1.0, speed_up=0.0)) == []
    assert found.box_px < 0.1
    assert found.score < 0.001


def test_parity_breaks_when_the_variant_is_another_model(
    exported: Path, tmp_path: Path
) -> None:
    samples = [square_sample(seed) for seed in range(3)]
    truth = {id(s.image): np.c_[s.xyxy, 0.9, 0.0].astype(np.float32) for s in samples}

    found = compare(
        lambda image: truth[id(image)],
        predictor(str(exported / "model.onnx"), 160),
        samples,
    )

    assert "mAP points" in failures(found, Pace(10, 10), Bounds(0.2, 0.0))[0]
    assert "times as fast" in failures(found, Pace(10, 10), Bounds(100, 1.6))[0]
    with pytest.raises(ModelError, match="not there"):
        predictor(str(tmp_path / "none.onnx"), 160)


@pytest.mark.timeout(180)
def test_an_8_bit_candidate_goes_through_the_gate(exported: Path) -> None:
    reason = "quantising needs NNCF and OpenVINO: pip install nncf openvino"
    for module in ("nncf", "openvino"):
        pytest.importorskip(module, reason=reason)
    samples = [square_sample(seed) for seed in range(4)]
    target = exported / "int8" / "model.xml"

    quantise(exported / "model.onnx", target, [s.image for s in samples], 160)

    variant = predictor(f"openvino:f32:{target}", 160)
    assert variant(samples[0].image).shape[1] == 6
    assert (
        target.with_suffix(".bin").stat().st_size
        < 0.4 * (exported / "model.onnx").stat().st_size
    )
