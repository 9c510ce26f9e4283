"""What an ONNX file says about itself, read without an ONNX library."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from vision.core.errors import ModelError

# Field numbers of ModelProto and StringStringEntryProto in onnx.proto, and the wire
# types of protobuf's encoding (protobuf.dev/programming-guides/encoding).
_GRAPH, _METADATA_PROPS = 7, 14
_KEY, _VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BITS_MAX = 63


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """Return the `metadata_props` of an ONNX file.

    The graph with its weights is skipped, not read, so this takes microseconds.

    Args:
        path: the file.

    Returns:
        Keys and values as written; empty when the exporter wrote none.

    Raises:
        ModelError: the file cannot be read or is no ONNX model.
    """
    metadata: dict[str, str] = {}
    graph_seen = False
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            for field, payload in _fields(file, size, wanted={_METADATA_PROPS}):
                graph_seen = graph_seen or field == _GRAPH
                if payload is not None:
                    key, value = _entry(payload)
                    metadata[key] = value
    except OSError as error:
        msg = f"model {path}: cannot be read: {error.strerror}; check the path"
        raise ModelError(msg) from error
    except ValueError as error:
        raise ModelError(_no_model(path, str(error))) from error
    if not graph_seen:
        raise ModelError(_no_model(path, "it holds no graph"))
    return metadata


def _no_model(path: Path, why: str) -> str:
    return (
        f"model {path}: is no ONNX model ({why}); expected a file that was exported "
        "with format=onnx; a Git LFS pointer or a broken download looks like this too"
    )


def _fields(
    file: BinaryIO, size: int, *, wanted: set[int]
) -> Iterator[tuple[int, bytes | None]]:
    """Yield each field's number, and its bytes where they are wanted."""
    while file.tell() < size:
        key = _varint(file)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            _varint(file)
            yield field, None
            continue
        length = _varint(file) if wire == _BYTES else _FIXED_SIZES.get(wire)
        if field == 0 or length is None or file.tell() + length > size:
            msg = f"not protobuf at byte {file.tell()}"
            raise ValueError(msg)
        if wire == _BYTES and field in wanted:
            yield field, file.read(length)
        else:
            file.seek(length, 1)
            yield field, None


def _varint(file: BinaryIO) -> int:
    number = shift = 0
    while shift <= _VARINT_BITS_MAX:
        byte = file.read(1)
        if not byte:
            msg = "it ends in the middle of a number"
            raise ValueError(msg)
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:  # noqa: PLR2004 the continuation bit
            return number
        shift += 7
    msg = f"not protobuf at byte {file.tell()}"
    raise ValueError(msg)


def _entry(payload: bytes) -> tuple[str, str]:
    texts = {_KEY: "", _VALUE: ""}
    entry = BytesIO(payload)
    for field, text in _fields(entry, len(payload), wanted={_KEY, _VALUE}):
        if text is not None:
            texts[field] = text.decode("utf-8")
    return texts[_KEY], texts[_VALUE]
