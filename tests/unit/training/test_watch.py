"""Training ends when pictures kept aside say that it is enough."""

# ruff: noqa: E402 - without torch the imports below cannot be tried

import copy
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from torch.nn import Module
from ultralytics.nn.tasks import DetectionModel

from tests.unit.training.pictures import square_sample
from vision.training.batches import Mixture
from vision.training.labels import Sample
from vision.training.losses import Gains
from vision.training.network import Pair, adapt
from vision.training.predict import torch_predictor
from vision.training.progress import Progress
from vision.training.trainer import Schedule, Trainer
from vision.training.watch import Stop, Watch

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]

STOP = Stop(every_steps=1, patience=2, pictures=2, size_px=96)
SCHEDULE = Schedule(
    steps=50,
    warmup_steps=1,
    decay_steps=1,
    rate=0.0,
    backbone_factor=1.0,
    weight_decay=0.0,
    average=0.5,
    seed=3,
    checkpoint_steps=50,
)
MIXTURE = Mixture(
    rows={"refuse": 2}, teacher_rows=0, sizes={96: 1.0}, mosaic=0.0, far_mosaic=0.0
)


def _parent() -> Module:
    torch.manual_seed(0)
    model = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    model.args = {}
    return model.eval()


def _seen_by(model: Module) -> Sample:
    """Return a picture whose truth is what a model finds first."""
    plain = square_sample(1)
    found = torch_predictor(model, 96)(plain.image)[0]
    return dataclasses.replace(
        plain, xyxy=found[None, :4], class_id=np.array([int(found[5])], np.int64)
    )


def test_training_ends_when_nothing_gets_better(tmp_path: Path) -> None:
    parent = _parent()
    pair = Pair(adapt(parent), parent)
    trainer = Trainer(pair, SCHEDULE, Gains())
    aside = [_seen_by(trainer.average)]
    told: list[dict[str, float]] = []

    trainer.run(
        {"refuse": [square_sample(2)]},
        MIXTURE,
        tmp_path,
        lambda _step, parts: told.append(parts),
        Watch(STOP, aside, tmp_path),
    )

    # One look sets the mark, two are no better: the rate is zero.
    assert trainer.step == 3
    assert all(parts["aside"] > 0 for parts in told)
    assert Watch(STOP, aside, tmp_path).tired
    assert json.loads((tmp_path / "watch.json").read_text("utf-8"))["waited"] == 2


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    good, bad = adapt(_parent()).eval(), adapt(_parent()).eval()
    for weight in bad.parameters():
        weight.data.zero_()
    watch = Watch(STOP, [_seen_by(good)], tmp_path)

    better, worse = watch.look(1, good), watch.look(2, bad)
    watch.keep_best(2, bad)

    assert better["aside"] > worse["aside"]
    for name, value in bad.state_dict().items():
        assert torch.equal(value, good.state_dict()[name])


def test_a_look_counts_how_well_boxes_lie(tmp_path: Path) -> None:
    model = adapt(_parent()).eval()
    sample = _seen_by(model)
    loose = sample.xyxy.copy()
    loose[:, 2] += (loose[:, 2] - loose[:, 0]) * 0.6  # overlap 0.62: a hit for AP50
    aside = [dataclasses.replace(sample, xyxy=loose)]

    score = Watch(STOP, aside, tmp_path).look(1, model)["aside"]

    assert 0 < score < 0.5


def test_the_last_weights_are_judged_though_no_look_was_due(tmp_path: Path) -> None:
    good, bad = adapt(_parent()).eval(), adapt(_parent()).eval()
    for weight in bad.parameters():
        weight.data.zero_()
    watch = Watch(STOP, [_seen_by(good)], tmp_path)
    watch.look(1, bad)
    last = copy.deepcopy(good)

    watch.keep_best(9, last)

    memory = json.loads((tmp_path / "watch.json").read_text("utf-8"))
    assert memory["step"] == 9
    for name, value in last.state_dict().items():
        assert torch.equal(value, good.state_dict()[name])


def test_a_look_that_is_repeated_after_an_interruption_counts_once(
    tmp_path: Path,
) -> None:
    model = adapt(_parent()).eval()
    aside = [_seen_by(model)]
    before = Watch(STOP, aside, tmp_path)
    before.look(1, model)
    before.look(2, model)  # no better: the first of two that end the training

    resumed = Watch(STOP, aside, tmp_path)
    repeated = resumed.look(2, model)

    assert repeated == {}
    assert not resumed.tired


def test_the_last_look_of_a_session_is_no_waiting(tmp_path: Path) -> None:
    model = adapt(_parent()).eval()
    watch = Watch(STOP, [_seen_by(model)], tmp_path)
    watch.look(1, model)

    for step in (7, 8, 9):  # three sessions that time ended
        watch.keep_best(step, model)

    assert not watch.tired
    watch.look(10, model)
    watch.look(11, model)
    assert watch.tired


def test_between_looks_nothing_is_judged(tmp_path: Path) -> None:
    rare = dataclasses.replace(STOP, every_steps=10)

    watch = Watch(rare, [square_sample(1)], tmp_path)

    assert watch.look(9, adapt(_parent())) == {}
    assert not watch.tired


def test_what_is_seldom_measured_is_averaged_over_the_times_it_was(
    tmp_path: Path,
) -> None:
    with Progress(20, tmp_path / "log.jsonl") as progress:
        for step in range(1, 21):
            parts = {"loss": float(step % 2)} | ({"aside": 0.8} if step == 5 else {})
            progress.on_step(step, parts)

    row = json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8"))
    assert row["loss"] == pytest.approx(0.5)
    assert row["aside"] == pytest.approx(0.8)
