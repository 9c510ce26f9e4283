"""Note in a model's sheet which forms of it have passed the gate."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from vision.core.errors import ModelError

_BEFORE = "[names]"


def note_proven(model: Path, form: str) -> Path:
    """Write a form into ``proven`` of the sheet beside a model.

    The engine takes a faster form by itself only when it stands there.

    Args:
        model: the `.onnx`, beside its `model.toml`.
        form: ``openvino-bf16``.

    Returns:
        The sheet.

    Raises:
        ModelError: there is no sheet, or it belongs to another file.
    """
    sheet = model.with_name("model.toml")
    if not sheet.is_file():
        msg = f"{sheet} is not there; `streetwarden export` writes it beside the model"
        raise ModelError(msg)
    text = sheet.read_text(encoding="utf-8")
    table = tomllib.loads(text)["model"]
    if table.get("sha256") != hashlib.sha256(model.read_bytes()).hexdigest():
        msg = f"{sheet}: its sha256 is not that of {model}; export the model again"
        raise ModelError(msg)
    forms = sorted({*table.get("proven", []), form})
    listed = ", ".join(f'"{name}"' for name in forms)
    lines = [line for line in text.splitlines() if not line.startswith("proven = ")]
    at = lines.index(_BEFORE)
    while at and not lines[at - 1].strip():
        at -= 1
    lines.insert(at, f"proven = [{listed}]")
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sheet
