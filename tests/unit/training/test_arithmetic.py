"""The faster arithmetic of a device is tried out, and taken."""

from collections.abc import Iterator

import pytest

pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

import torch
from ultralytics.nn.tasks import DetectionModel

from vision.training import arithmetic, network
from vision.training.arithmetic import bf16_pays, seconds
from vision.training.network import Pair, adapt

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    bf16_pays.cache_clear()
    yield
    bf16_pays.cache_clear()


@pytest.mark.parametrize("bf16_s", [0.5, 5.0])
def test_the_faster_one_is_taken_and_asked_for_once(
    monkeypatch: pytest.MonkeyPatch, bf16_s: float
) -> None:
    asked: list[bool] = []

    def timed(_device: str, *, bf16: bool) -> float:
        asked.append(bf16)
        return bf16_s if bf16 else 1.0

    monkeypatch.setattr(arithmetic, "seconds", timed)

    assert [bf16_pays("cpu"), bf16_pays("cpu")] == [bf16_s < 1.0] * 2
    assert asked == [True, False]


def test_this_processor_computes_both() -> None:
    assert seconds("cpu", bf16=True) > 0
    assert seconds("cpu", bf16=False) > 0


def test_networks_compute_in_what_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    parent = DetectionModel("yolo26n.yaml", nc=80, verbose=False)
    parent.args = {}
    pair = Pair(adapt(parent.eval()), parent)
    pictures = torch.rand(1, 3, 64, 64)

    def scores(*, pays: bool) -> torch.Tensor:
        monkeypatch.setattr(network, "bf16_pays", lambda _device: pays)
        return pair(pictures, 0).student["one2one"]["scores"].detach()

    exact, rough = scores(pays=False), scores(pays=True)

    with torch.no_grad():
        plain = pair.student(pictures)["one2one"]["scores"]
    assert torch.equal(exact, plain)
    assert not torch.equal(exact, rough)
    assert torch.allclose(exact, rough, atol=0.3)
