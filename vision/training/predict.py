"""Run a torch model on whole pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from vision.core.arrays import FloatArray, ImageU8
from vision.training.arithmetic import bf16_pays
from vision.training.fitting import Predict, Predictor
from vision.training.labels import CLASSES, COCO_IDS


def torch_predictor(
    model: nn.Module, size_px: int, *, rough: bool = False
) -> Predictor:
    """Predict with a torch model through its NMS-free head.

    Args:
        model: YOLO26, on any device.
        size_px: side of the square.
        rough: compute in bfloat16 where that is faster, for use during training.

    Returns:
        The predictor.
    """
    network: Any = model
    network.eval()
    head = network.model[-1]
    head._end2end = True  # noqa: SLF001 - the public setter only warns and sets it
    device = next(network.parameters()).device
    bf16 = rough and bf16_pays(device.type)

    def infer(pictures: FloatArray) -> FloatArray:
        ready = torch.from_numpy(pictures).to(device)
        ready = ready.contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            out = network(ready)
        rows: FloatArray = out[0][0].float().cpu().numpy()
        return rows

    return Predictor(infer, size_px)


def road_users_only(predict: Predict) -> Predict:
    """Translate the COCO parent's classes to ours and drop the rest.

    Args:
        predict: predictor of the parent.

    Returns:
        A predictor in ``CLASSES``.
    """
    ours = np.full(80, -1, np.float32)
    for offset, coco_id in enumerate(COCO_IDS):
        ours[coco_id] = len(CLASSES) - len(COCO_IDS) + offset

    def translated(image: ImageU8) -> FloatArray:
        rows = predict(image)
        rows[:, 5] = ours[rows[:, 5].astype(int)]
        return rows[rows[:, 5] >= 0]

    return translated
