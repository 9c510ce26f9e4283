"""Make a model trainable again from the ONNX file that ships.

The export multiplies every batch norm into its convolution and leaves the
one-to-many head out, which only training needs. Training keeps the batch
norms' statistics at the parent's, so they are known: taken back out of the
exported weights they leave the very parametrisation that was trained, and the
optimiser goes on with steps of the same size. The one-to-many head comes from
the small file beside the model; where there is none, a copy of the
one-to-one head takes its place and has to settle first.

So the model folder holds all that further training needs and no weight twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import (  # type: ignore[import-untyped] # onnx raises it, and it has no stubs
    DecodeError,
)
from onnx import numpy_helper
from torch import nn
from ultralytics.nn.tasks import DetectionModel

from vision.core.errors import ModelError
from vision.training.network import SHARED_LAYERS, adapt, of_head

#: Beside ``model.onnx``: the one-to-many head, by parameter name.
HEAD_FILE = "one_to_many.npz"
_NETWORK = "yolo26n.yaml"
_PARENT_CLASSES = 80
_BRANCHES = ("cv2", "cv3")
#: A channel that the parent all but switched off cannot carry the scale.
_LEAST_GAIN = 0.01
_STEM_DRIFT = 1e-3

Arrays = dict[str, torch.Tensor]


def restore(parent: nn.Module | None, path: Path) -> nn.Module:
    """Rebuild the trainable network of an exported model.

    Args:
        parent: the COCO model that it was trained from, or None. Without it
            the batch norms are left neutral.
        path: the exported float32 `.onnx`.

    Returns:
        A student for training: it says what the file says, and its stem
        equals the parent's.

    Raises:
        ModelError: the file is missing or belongs to another network.
    """
    exported = _read_onnx(path)
    model: Any = adapt(_bare() if parent is None else parent)
    with torch.no_grad():
        for name, module in model.named_modules():
            if _is_layer(module) and not of_head(f"{name}.", "one2many"):
                _fill(module, name, exported, path)
        if parent is not None:
            _keep_stem(model, parent, path)
    beside = path.with_name(HEAD_FILE)
    if beside.is_file():
        _read_head(model, beside)
    else:
        _copy_head(model)
    return model


def _bare() -> nn.Module:
    # The width of the head follows from the number of the parent's classes.
    bare: nn.Module = DetectionModel(_NETWORK, nc=_PARENT_CLASSES, verbose=False)
    return bare.eval()


def write_head(model: nn.Module, folder: Path) -> Path:
    """Write the one-to-many head that the export leaves out.

    Args:
        model: the trained network.
        folder: of the model; holds ``model.onnx``.

    Returns:
        The file: half-precision arrays by name, without pickled code.
    """
    arrays: dict[str, Any] = {
        name: value.detach().half().cpu().numpy()
        for name, value in model.state_dict().items()
        if of_head(name, "one2many") and value.dtype.is_floating_point
    }
    target = folder / HEAD_FILE
    np.savez_compressed(target, **arrays)
    return target


def _read_onnx(path: Path) -> Arrays:
    if not path.is_file():
        msg = f"{path} is not there; expected the model.onnx to continue from"
        raise ModelError(msg)
    try:
        graph = onnx.load(str(path)).graph
    except DecodeError as error:
        msg = f"{path} is no ONNX file: {error}"
        raise ModelError(msg) from error
    return {
        item.name: torch.from_numpy(numpy_helper.to_array(item).copy())
        for item in graph.initializer
    }


def _is_layer(module: nn.Module) -> bool:
    """Say whether a module holds weights of its own name in the export."""
    if isinstance(module, nn.Conv2d):
        return module.bias is not None
    return isinstance(getattr(module, "bn", None), nn.BatchNorm2d)


def _fill(module: Any, name: str, exported: Arrays, path: Path) -> None:
    fused = not isinstance(module, nn.Conv2d)
    inner = f"{name}.conv" if fused else name
    conv = module.conv if fused else module
    weight, bias = (exported.get(f"{inner}.{part}") for part in ("weight", "bias"))
    if weight is None or bias is None or weight.shape != conv.weight.shape:
        got = None if weight is None else tuple(weight.shape)
        msg = (
            f"{path}: {inner}.weight has shape {got}, expected "
            f"{tuple(conv.weight.shape)}; give a float32 file of `streetwarden export` "
            "that was trained from this parent"
        )
        raise ModelError(msg)
    if fused:
        weight, bias = _unfuse(module.bn, weight, bias)
        module.bn.bias.copy_(bias)
    else:
        conv.bias.copy_(bias)
    conv.weight.copy_(weight)


def _unfuse(
    norm: nn.BatchNorm2d, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Take a batch norm back out: the inverse of what the export multiplied in.

    Its scale is shared between the norm and the convolution; the norm keeps
    the parent's.
    """
    gain = norm.weight.double()
    gain = torch.where(gain.abs() < _LEAST_GAIN, _LEAST_GAIN, gain)
    norm.weight.copy_(gain)
    assert norm.running_mean is not None  # noqa: S101 - narrows the type
    assert norm.running_var is not None  # noqa: S101 - narrows the type
    spread = (norm.running_var.double() + norm.eps).sqrt()
    scale = (spread / gain).reshape(-1, 1, 1, 1)
    return weight * scale, bias + gain * norm.running_mean.double() / spread


def _keep_stem(model: Any, parent: Any, path: Path) -> None:
    """Put the parent's own stem back, which the teacher shares."""
    pairs = zip(
        model.model[:SHARED_LAYERS].state_dict().items(),
        parent.model[:SHARED_LAYERS].state_dict().values(),
        strict=True,
    )
    for (name, ours), theirs in pairs:
        drift = float((ours.double() - theirs.double()).abs().max())
        if drift > _STEM_DRIFT:
            msg = (
                f"{path}: stem weight {name} differs from the parent's by {drift:.4f}, "
                f"expected below {_STEM_DRIFT}; it was trained from another parent"
            )
            raise ModelError(msg)
        ours.copy_(theirs)


def _copy_head(model: Any) -> None:
    head = model.model[-1]
    for branch in _BRANCHES:
        single = getattr(head, f"one2one_{branch}").state_dict()
        getattr(head, branch).load_state_dict(single)


def _read_head(model: nn.Module, path: Path) -> None:
    state = model.state_dict()
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: torch.from_numpy(stored[name]) for name in stored.files}
    expected = {
        n for n, v in state.items() if of_head(n, "one2many") and v.is_floating_point()
    }
    if arrays.keys() != expected:
        msg = f"{path}: other weights than expected; delete it to start from a copy"
        raise ModelError(msg)
    model.load_state_dict(state | arrays)
