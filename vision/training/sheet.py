"""Note in a model's sheet what was found out about the model later."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vision.core.errors import ModelError

_BEFORE = "[names]"
_THRESHOLDS = "[thresholds]"


def note_proven(model: Path, form: str) -> Path:
    """Write a form that has passed the gate into ``proven``.

    The engine takes a faster form by itself only when it stands there.

    Args:
        model: the `.onnx`, beside its `model.toml`.
        form: ``openvino-bf16``.

    Returns:
        The sheet.

    Raises:
        ModelError: there is no sheet, or it belongs to another file.
    """
    sheet, text, table = _read(model)
    forms = sorted({*table["model"].get("proven", []), form})
    listed = ", ".join(f'"{name}"' for name in forms)
    lines = [line for line in text.splitlines() if not line.startswith("proven = ")]
    at = lines.index(_BEFORE)
    while at and not lines[at - 1].strip():
        at -= 1
    lines.insert(at, f"proven = [{listed}]")
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sheet


def note_thresholds(model: Path, chosen: Mapping[str, float]) -> Path:
    """Write default scores per class; those of other classes stay.

    Args:
        model: the `.onnx`, beside its `model.toml`.
        chosen: class to least score in [0, 1].

    Returns:
        The sheet.

    Raises:
        ModelError: there is no sheet, or it belongs to another file.
    """
    sheet, text, table = _read(model)
    before, _, rest = text.partition(_THRESHOLDS + "\n")
    behind = rest.partition("\n[")
    values = table.get("thresholds", {}) | chosen
    lines = "".join(f"{name} = {score:.2f}\n" for name, score in values.items())
    sheet.write_text(
        f"{before}{_THRESHOLDS}\n{lines}{behind[1]}{behind[2]}", encoding="utf-8"
    )
    return sheet


def read_thresholds(model: Path) -> dict[str, float]:
    """Read the default scores of a model.

    Args:
        model: the `.onnx`, beside its `model.toml`.

    Returns:
        Class to least score.

    Raises:
        ModelError: there is no sheet, or it belongs to another file.
    """
    return {k: float(v) for k, v in _read(model)[2].get("thresholds", {}).items()}


def _read(model: Path) -> tuple[Path, str, dict[str, Any]]:
    sheet = model.with_name("model.toml")
    if not sheet.is_file():
        msg = f"{sheet} is not there; `streetwarden export` writes it beside the model"
        raise ModelError(msg)
    text = sheet.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    if table["model"].get("sha256") != hashlib.sha256(model.read_bytes()).hexdigest():
        msg = f"{sheet}: its sha256 is not that of {model}; export the model again"
        raise ModelError(msg)
    return sheet, text, table
