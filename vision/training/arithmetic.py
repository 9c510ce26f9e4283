"""Which arithmetic a device is faster in."""

from __future__ import annotations

import functools
import time

import torch
from torch import nn

_TRIES = 3


@functools.cache
def bf16_pays(device: str) -> bool:
    """Say whether a device is faster in bfloat16 than in float32, by trying both.

    A processor without bfloat16 emulates it, some ten times slower than float32,
    and nothing public in torch tells which one does.

    Args:
        device: kind of device, such as ``cpu``.

    Returns:
        Whether it is.
    """
    return seconds(device, bf16=True) < seconds(device, bf16=False)


def seconds(device: str, *, bf16: bool) -> float:
    """Time a convolution as training has it, there and back.

    Args:
        device: kind of device.
        bf16: in bfloat16; else in float32.

    Returns:
        The shortest of three times, after one more to warm up.
    """
    network = nn.Conv2d(32, 64, 3, padding=1, device=device)
    pictures = torch.rand((8, 32, 56, 56), device=device)
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    spent = []
    for _ in range(_TRIES + 1):
        start = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            out = network(pictures)
        out.float().mean().backward()
        float(network.weight.grad.sum())  # waits for a GPU
        spent.append(time.perf_counter() - start)
    return min(spent[1:])
