"""Batches are the same, whoever draws them, and a machine is chosen in words."""

# ruff: noqa: E402 - without torch the imports below cannot be tried

import math
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from tests.unit.training.pictures import square_sample
from vision.core.errors import ConfigError
from vision.training import machine
from vision.training.batches import Mixture, to_network
from vision.training.losses import region_weight
from vision.training.machine import Machine
from vision.training.stream import stream

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]

MIXTURE = Mixture(
    rows={"refuse": 3}, teacher_rows=2, sizes={96: 1.0}, mosaic=0.5, far_mosaic=0.2
)


def _drawn(workers: int, steps: range) -> Iterator[Any]:
    pools = {"refuse": [square_sample(seed) for seed in range(6)]}
    return stream(pools, MIXTURE, 7, steps, Machine("cpu", workers))


@pytest.mark.timeout(120)
def test_other_processes_draw_the_same_batches_in_order() -> None:
    alone, ahead = list(_drawn(0, range(5))), list(_drawn(2, range(5)))

    assert len(ahead) == len(alone) == 5
    for (pictures, labels), (others, other_labels) in zip(alone, ahead, strict=True):
        assert torch.equal(pictures, others)
        assert others.is_contiguous(memory_format=torch.channels_last)
        assert all(torch.equal(labels[k], other_labels[k]) for k in labels)


def test_a_later_start_draws_what_the_whole_run_would() -> None:
    whole, rest = list(_drawn(0, range(4))), list(_drawn(0, range(2, 4)))

    assert torch.equal(whole[2][0], rest[0][0])
    assert not torch.equal(whole[0][0], rest[0][0])


def test_pictures_reach_the_network_in_the_unit_range() -> None:
    drawn, _ = next(_drawn(0, range(1)))
    ready = to_network(drawn, "cpu")

    assert drawn.dtype == torch.uint8
    assert torch.equal((ready * 255).round().to(torch.uint8), drawn)


def test_where_regions_overlap_the_smallest_weight_holds() -> None:
    centres = torch.tensor([[5.0, 5.0], [15.0, 5.0], [25.0, 5.0]])
    regions = torch.ones(3, 15)
    regions[:, 0] = torch.tensor([0.0, 0.0, 1.0])
    regions[:, 1:5] = torch.tensor([[0.0, 0, 20, 10], [10.0, 0, 20, 10], [0, 0, 9, 9]])
    regions[0, 5], regions[1, 5], regions[2, 5] = 0.5, 0.25, 0.0

    weight = region_weight(centres, regions, 2)[:, :, 0]

    assert weight.tolist() == [[0.5, 0.25, 1.0], [0.0, 1.0, 1.0]]


def test_a_gpu_is_taken_where_there_is_one_and_cores_draw_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("os.cpu_count", lambda: 16)

    found = machine.find("auto", None, 2)

    assert (found.device, found.workers, found.budget.total_s) == ("cuda", 14, 120)


def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert machine.find("auto", None, math.inf) == Machine(
        "cpu", 0, machine.find("cpu", 0, math.inf).budget
    )
    for device in ("cuda", "tpu"):
        with pytest.raises(ConfigError, match="where torch finds a GPU"):
            machine.find(device, None, math.inf)
