"""Feed training with batches that other processes draw ahead.

A GPU learns from a batch in less time than one core takes to draw it, so on
such a machine several processes draw. Every batch depends on seed and step
alone: how many draw changes nothing of what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from vision.training.batches import Mixture, Pools, draw
from vision.training.losses import Batch
from vision.training.machine import Machine

#: Batches that each process holds ready.
_AHEAD = 4
#: A process that draws nothing for so long has died or hangs.
_PATIENCE_S = 300.0


def stream(
    pools: Pools, mixture: Mixture, seed: int, steps: range, machine: Machine
) -> Iterator[tuple[torch.Tensor, Batch]]:
    """Draw the batches of a run, in order.

    Args:
        pools: pictures by pool; forked processes share them.
        mixture: how batches are mixed.
        seed: of the run.
        steps: numbers of the batches.
        machine: who draws, and for which device.

    Returns:
        Pictures and labels as ``draw`` gives them, one pair per step.
    """
    loader: DataLoader[tuple[torch.Tensor, Batch]] = DataLoader(
        _Batches(pools, mixture, seed),
        batch_size=None,  # the set hands out whole batches
        sampler=steps,
        num_workers=machine.workers,
        prefetch_factor=_AHEAD if machine.workers else None,
        pin_memory=machine.device != "cpu",
        timeout=_PATIENCE_S if machine.workers else 0,
        worker_init_fn=_alone,
        multiprocessing_context="fork" if machine.workers else None,
    )
    return iter(loader)


class _Batches:
    """Every batch that a run could draw, by step."""

    def __init__(self, pools: Pools, mixture: Mixture, seed: int) -> None:
        self._pools, self._mixture, self._seed = pools, mixture, seed

    def __getitem__(self, step: int) -> tuple[torch.Tensor, Batch]:
        rng = np.random.default_rng((self._seed, step))
        return draw(self._pools, self._mixture, rng)


def _alone(_number: int) -> None:
    # Torch gives each process one thread; OpenCV would take all cores.
    cv2.setNumThreads(0)
