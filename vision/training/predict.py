"""Run a torch model on whole pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from vision.core.arrays import FloatArray, ImageU8
from vision.training.fitting import Predict, letterbox, to_tensor, unfit
from vision.training.labels import CLASSES, COCO_IDS


def torch_predictor(model: nn.Module, size_px: int, *, bf16: bool = False) -> Predict:
    """Predict with a torch model through its NMS-free head.

    Args:
        model: YOLO26.
        size_px: side of the square.
        bf16: compute in bfloat16: faster, for use during training.

    Returns:
        The predictor.
    """
    network: Any = model
    network.eval()
    head = network.model[-1]
    head._end2end = True  # noqa: SLF001 - the public setter only warns and sets it

    def predict(image: ImageU8) -> FloatArray:
        square, fit = letterbox(image, size_px)
        pictures = torch.from_numpy(to_tensor([square]))
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            out = network(pictures)
        rows = out[0] if isinstance(out, tuple) else out
        return unfit(rows[0].float().numpy(), fit)

    return predict


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
