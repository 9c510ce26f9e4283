"""Measure the memory of a model's form, in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from vision.training.forms import predictor

_KIB_PER_MIB = 1024  # Linux tells the peak in KiB
_RUNS = 3


def peak_mib(spec: str, size_px: int) -> float:
    """Load a form, run it, and return the peak of the process's memory.

    Python and the runtime are in it, so compare forms, not bare numbers.

    Args:
        spec: as ``forms.predictor`` takes it.
        size_px: side of the square.

    Returns:
        Resident memory in MiB.
    """
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as pool:
        return pool.submit(_weigh, spec, size_px).result()


def _weigh(spec: str, size_px: int) -> float:
    infer = predictor(spec, size_px).infer
    picture = np.zeros((1, 3, size_px, size_px), np.float32)
    for _ in range(_RUNS):
        infer(picture)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB
