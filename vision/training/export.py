"""Write a trained model as NMS-free ONNX with its papers."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from ultralytics import YOLO

from vision.core.errors import ConfigError, ModelError
from vision.training.collect import Manifest
from vision.training.labels import CLASSES
from vision.training.tables import read_table

LICENCE = "AGPL-3.0-or-later"
STRIDE = 32
_PAPERS = "models/street-n/papers.toml"  # an example, for messages


@dataclass(frozen=True, slots=True)
class Papers:
    """What a model file says about itself.

    Attributes:
        name: of the model.
        version: calendar version.
        size_px: side of the square at which the model is best; others work.
        preview: classes that are off unless a site asks for them.
        thresholds: least score per class.
        provenance: where pictures, parent and run come from.
    """

    name: str
    version: str
    size_px: int
    preview: tuple[str, ...]
    thresholds: Mapping[str, float]
    provenance: Mapping[str, str]


def read_papers(path: Path) -> Papers:
    """Read the papers of a model.

    Args:
        path: TOML with ``name, version, size_px, preview, [thresholds], [provenance]``.

    Returns:
        The papers.

    Raises:
        ConfigError: no TOML, or a key or a class's threshold is missing.
    """
    table = read_table(path, _PAPERS)
    try:
        thresholds = {name: float(table["thresholds"][name]) for name in CLASSES}
        return Papers(
            name=table["name"],
            version=table["version"],
            size_px=int(table["size_px"]),
            preview=tuple(table["preview"]),
            thresholds=thresholds,
            provenance=dict(table["provenance"]),
        )
    except KeyError as missing:
        msg = f"{path}: key {missing} is missing; see {_PAPERS}"
        raise ConfigError(msg) from missing


def went_on(papers: Papers, own: Manifest) -> Papers:
    """Tell a model that went on with a city's own set from the one it came from.

    Args:
        papers: of the model that was continued.
        own: the city's set.

    Returns:
        Papers with the set in version and provenance.
    """
    files = f"; fingerprint {own.fingerprint[:10]}" if own.fingerprint else ""
    text = f"{papers.name} {papers.version} went on with {own.name}: {own.licence}"
    return dataclasses.replace(
        papers,
        version=f"{papers.version}+{own.name}",
        provenance={**papers.provenance, "own": text + files},
    )


def save_checkpoint(model: nn.Module, path: Path) -> None:
    """Write a model as an Ultralytics checkpoint, whole or not at all.

    Args:
        model: the trained network.
        path: the `.pt` file.
    """
    stored: Any = copy.deepcopy(model).cpu().eval()
    stored.args = {"task": "detect"}
    stored.criterion = None
    head = stored.model[-1]
    head.training = False
    # Anchors of the last picture seen are no part of the model.
    head.shape, head.anchors, head.strides = None, torch.empty(0), torch.empty(0)
    part = path.with_suffix(".part")
    torch.save({"model": stored.half(), "train_args": {}, "epoch": -1}, part)
    part.replace(path)


def export_onnx(checkpoint: Path, target: Path, papers: Papers) -> None:
    """Export to float32 ONNX ``[B, 300, 6]`` with free batch and size.

    Args:
        checkpoint: an Ultralytics `.pt` file.
        target: the `.onnx` file.
        papers: go into the metadata.

    Raises:
        ModelError: the graph came out with another head.
    """
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "model.pt"
        shutil.copy(checkpoint, copied)
        written = YOLO(str(copied)).export(
            format="onnx", imgsz=papers.size_px, dynamic=True, nms=False, simplify=True
        )
        graph = onnx.load(written)
    last = [d.dim_value for d in graph.graph.output[0].type.tensor_type.shape.dim][1:]
    if last != [300, 6]:
        msg = (
            f"{checkpoint}: export gave an output of [B, {last}], expected "
            "[B, 300, 6]; is the model a YOLO26 with its one-to-one head?"
        )
        raise ModelError(msg)
    _describe(graph, papers)
    onnx.save(graph, str(target))


def write_sheet(folder: Path, papers: Papers) -> Path:
    """Write `model.toml` beside `model.onnx`.

    Args:
        folder: the model's folder; holds `model.onnx`. Thresholds of a
            `model.toml` that lies there stay: `report --choose` wrote them.
        papers: what to write.

    Returns:
        Path of the sheet.
    """
    sheet = folder / "model.toml"
    before = read_table(sheet, _PAPERS) if sheet.is_file() else {}
    thresholds = {**papers.thresholds, **before.get("thresholds", {})}
    preview = ", ".join(f'"{name}"' for name in papers.preview)
    lines = [
        "[model]",
        f'name = "{papers.name}"',
        f"version = {_quoted(papers.version)}",
        'file = "model.onnx"',
        f'sha256 = "{file_sha256(folder / "model.onnx")}"',
        f'licence = "{LICENCE}"',
        'head = "nms_free"',
        f"imgsz = [{papers.size_px}, {papers.size_px}]",
        f"stride = {STRIDE}",
        'precision = "fp32"',
        f"preview = [{preview}]",
        "",
        "[names]",
        *(f'{index} = "{name}"' for index, name in enumerate(CLASSES)),
        "",
        "[thresholds]",
        *(f"{name} = {thresholds[name]:.2f}" for name in CLASSES),
        "",
        "[provenance]",
        *(f"{key} = {_quoted(value)}" for key, value in papers.provenance.items()),
    ]
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sheet


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _quoted(text: str) -> str:
    """Write a TOML string; JSON escapes quotes and backslashes alike."""
    return json.dumps(text, ensure_ascii=False)


def _describe(graph: Any, papers: Papers) -> None:
    """Put our own papers into the metadata that Ultralytics wrote."""
    entries = {entry.key: entry.value for entry in graph.metadata_props}
    entries |= {
        "description": f"Streetwarden {papers.name} {papers.version}",
        "author": "Streetwarden contributors",
        "license": LICENCE,
        "licence": LICENCE,
        "names": str(dict(enumerate(CLASSES))),
        "provenance": str(dict(papers.provenance)),
    }
    entries.pop("docs", None)
    # The date would make two exports of one model differ.
    entries.pop("date", None)
    # Nor may the noted shapes of inner values, of which each export keeps others.
    del graph.graph.value_info[:]
    del graph.metadata_props[:]
    onnx.helper.set_model_props(graph, entries)
