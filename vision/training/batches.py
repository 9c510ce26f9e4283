"""Draw batches from the pools of pictures, in fixed shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from vision.core.errors import ConfigError
from vision.training.chance import happens
from vision.training.compose import Canvas, mosaic, single
from vision.training.degrade import degrade
from vision.training.labels import Sample
from vision.training.losses import Batch
from vision.training.paste import pasted
from vision.training.pools import CUTOUTS, ELSEWHERE

Pools = Mapping[str, Sequence[Sample]]
#: Pools of streets with few city objects, and pools that lend theirs.
_STREETS = ("streets", "clips", "vehicles")
_DONORS = ("stalls", "stalls", "heaps", "refuse", "refuse", ELSEWHERE)
_MOST_PASTED = 3


@dataclass(frozen=True, slots=True)
class Mixture:
    """How a batch is mixed.

    Attributes:
        rows: pool name to rows of the batch, in order; the teacher looks at
            the first ``teacher_rows`` of them.
        teacher_rows: rows that the teacher sees.
        sizes: canvas side in pixels to chance.
        mosaic: chance of a 2 x 2 mosaic.
        far_mosaic: chance of a 3 x 3 mosaic.
        paste: chance that a street picture gets an object of a labelled pool,
            and after it another, up to three.
        cutouts: share of these that are rendered: bins and heaps as elsewhere,
            and what is neither.
        degrade: share of the chances of a city camera's effects.
    """

    rows: dict[str, int]
    teacher_rows: int
    sizes: dict[int, float]
    mosaic: float
    far_mosaic: float
    paste: float = 0.0
    cutouts: float = 0.0
    degrade: float = 1.0


def draw(
    pools: Pools, mixture: Mixture, rng: np.random.Generator
) -> tuple[torch.Tensor, Batch]:
    """Draw one batch.

    Args:
        pools: pictures by pool; an empty pool's rows go to the last pool.
        mixture: shares and sizes.
        rng: source of chance.

    Returns:
        Pictures (B, 3, S, S) uint8 RGB, channels last in memory, and the
        labels in the form ``StreetLoss`` takes.
    """
    size_px = int(rng.choice(list(mixture.sizes), p=list(mixture.sizes.values())))
    canvases = []
    for name in _rows(pools, mixture):
        canvas = _canvas(pools, name, size_px, (mixture, rng))
        canvases.append((degrade(canvas.image, rng, mixture.degrade), canvas))
    stack = np.stack([cv2.cvtColor(i, cv2.COLOR_BGR2RGB) for i, _ in canvases])
    pictures = torch.from_numpy(stack).permute(0, 3, 1, 2)
    return pictures, collate([canvas for _, canvas in canvases], size_px)


def to_network(pictures: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Bring drawn pictures to where they are learnt.

    Args:
        pictures: (B, 3, S, S) uint8 of ``draw``.
        device: of the network.

    Returns:
        The same as float32 in [0, 1], channels last in memory.
    """
    moved = pictures.to(device, non_blocking=True)
    return moved.to(torch.float32, memory_format=torch.channels_last).div_(255.0)


def collate(canvases: Sequence[Canvas], size_px: int) -> Batch:
    """Put the labels of a batch into tensors.

    Args:
        canvases: one per row.
        size_px: side of every canvas.

    Returns:
        ``batch_idx, cls, bboxes, regions`` as ``StreetLoss`` takes them.
    """
    index = np.repeat(np.arange(len(canvases)), [len(c.class_id) for c in canvases])
    xyxy = np.concatenate([c.xyxy for c in canvases]) / size_px
    xywh = np.concatenate(
        ((xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]), axis=1
    )
    regions = [
        np.concatenate(
            (np.full((len(c.regions), 1), row, np.float32), c.regions), axis=1
        )
        for row, c in enumerate(canvases)
    ]
    return {
        "batch_idx": torch.from_numpy(index.astype(np.float32)),
        "cls": torch.from_numpy(np.concatenate([c.class_id for c in canvases])).float(),
        "bboxes": torch.from_numpy(xywh.astype(np.float32)),
        "regions": torch.from_numpy(np.concatenate(regions)),
    }


def _rows(pools: Pools, mixture: Mixture) -> list[str]:
    filled = [name for name in mixture.rows if pools.get(name)]
    if not filled:
        msg = f"no pictures for any of the pools {list(mixture.rows)}"
        raise ConfigError(msg)
    return [
        name if pools.get(name) else filled[-1]
        for name, count in mixture.rows.items()
        for _ in range(count)
    ]


def _canvas(
    pools: Pools, name: str, size_px: int, chance: tuple[Mixture, np.random.Generator]
) -> Canvas:
    mixture, rng = chance
    kind = rng.random()
    tiles = 4 if kind < mixture.mosaic else 9
    if kind >= mixture.mosaic + mixture.far_mosaic:
        return single(_pick(pools, name, chance), size_px, rng)
    names = [n for n in mixture.rows if pools.get(n)]
    others = [
        name if happens(rng, 0.5) else str(rng.choice(names)) for _ in range(tiles - 1)
    ]
    chosen = [_pick(pools, n, chance) for n in (name, *others)]
    order = rng.permutation(tiles)
    return mosaic([chosen[i] for i in order], size_px, rng)


def _pick(
    pools: Pools, name: str, chance: tuple[Mixture, np.random.Generator]
) -> Sample:
    mixture, rng = chance
    sample = _any(pools[name], rng)
    for _ in range(_MOST_PASTED):
        if name not in _STREETS or not happens(rng, mixture.paste):
            break
        sample = _with_object(sample, pools, chance)
    return sample


def _with_object(
    street: Sample, pools: Pools, chance: tuple[Mixture, np.random.Generator]
) -> Sample:
    mixture, rng = chance
    if pools.get(CUTOUTS) and happens(rng, mixture.cutouts):
        return pasted(street, _any(pools[CUTOUTS], rng), rng)
    donors = [n for n in _DONORS if pools.get(n)]
    if not donors:
        return street
    return pasted(street, _any(pools[str(rng.choice(donors))], rng), rng)


def _any(pool: Sequence[Sample], rng: np.random.Generator) -> Sample:
    return pool[int(rng.integers(len(pool)))]
