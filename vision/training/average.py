"""The mean of two trained models: often better than either.

Two checkpoints of one course of training, or one and what it was trained on
to, lie in one valley of the loss; between them the errors that each made by
itself cancel out (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
models").
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from vision.core.errors import ModelError
from vision.training.network import load_checkpoint


def average(first: Path, second: Path, share: float) -> nn.Module:
    """Mix the weights of two checkpoints of one network.

    Args:
        first: a trained `.pt` file.
        second: another; trained from the same parent.
        share: of the second, in [0, 1].

    Returns:
        The model between them.

    Raises:
        ModelError: a file is missing, or they are different networks.
    """
    for path in (first, second):
        if not path.is_file():
            msg = f"{path} is not there; expected the .pt file of a training"
            raise ModelError(msg)
    model = load_checkpoint(first)
    mixed, other = model.state_dict(), load_checkpoint(second).state_dict()
    shapes = ({k: v.shape for k, v in state.items()} for state in (mixed, other))
    if next(shapes) != next(shapes):
        msg = f"{first} and {second} are different networks: no mean lies between them"
        raise ModelError(msg)
    with torch.no_grad():
        for name, value in mixed.items():
            if value.is_floating_point():
                value.lerp_(other[name], share)
    return model
