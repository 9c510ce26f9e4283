"""What a run may use: device, processes, threads and time."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import torch

from vision.core.errors import ConfigError

Spent = Callable[[], float]
#: Cores left to the process that learns and to the system.
_KEPT_CORES = 2


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a run may take, on a machine that others share.

    Attributes:
        total_s: wall time; infinite for all steps of the recipe.
        clock: monotonic seconds.
    """

    total_s: float = math.inf
    clock: Callable[[], float] = time.monotonic

    def until(self, share: float) -> Spent:
        """Tell how much is gone of the time up to a share of the total."""
        start, limit_s = self.clock(), self.total_s * share
        return lambda: min(1.0, (self.clock() - start) / limit_s)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run may use.

    Attributes:
        device: ``cpu`` or ``cuda``.
        workers: processes that draw batches ahead; 0 draws in the training
            process itself.
        budget: of wall time.
    """

    device: str = "cpu"
    workers: int = 0
    budget: Budget = field(default_factory=Budget)


def find(device: str, workers: int | None, minutes: float) -> Machine:
    """Choose what a run uses.

    Args:
        device: ``auto`` takes a GPU where there is one; or ``cpu``, ``cuda``.
        workers: None draws in the training process on a CPU, and on all
            cores but two for a GPU.
        minutes: of wall time.

    Returns:
        The machine.

    Raises:
        ConfigError: the device is unknown or not there.
    """
    there = torch.cuda.is_available()
    chosen = ("cuda" if there else "cpu") if device == "auto" else device
    if chosen not in {"cpu", "cuda"} or (chosen == "cuda" and not there):
        msg = f"device {device!r}: expected auto, cpu, or cuda where torch finds a GPU"
        raise ConfigError(msg)
    if workers is None:
        free = (os.cpu_count() or 1) - _KEPT_CORES
        workers = max(free, 0) if chosen == "cuda" else 0
    return Machine(chosen, workers, Budget(total_s=minutes * 60))


def use_threads(count: int) -> None:
    """Bound the threads of torch and OpenCV.

    Ultralytics sets torch's threads when it is imported, so this is called
    after the imports of what trains.

    Args:
        count: threads.
    """
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
