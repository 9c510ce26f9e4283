"""What a camera remembers, on its way to a disk or to another machine."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

_PICTURE = "picture"  # the only key of what stands for a picture in a record


@dataclass(frozen=True, eq=False)
class Picture:
    """An encoded picture within a record; it changes rarely and is kept beside it.

    Attributes:
        png: its bytes, as PNG.
    """

    png: bytes

    @cached_property
    def name(self) -> str:
        """SHA-256 of its bytes, hexadecimal."""
        return name_of(self.png)


@dataclass(frozen=True, slots=True)
class CameraMemory:
    """All that one camera remembers.

    Attributes:
        record: JSON, UTF-8; it names its pictures.
        pictures: their bytes, by name.
    """

    record: bytes
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def name_of(png: bytes) -> str:
    """Return the name under which a picture is kept."""
    return hashlib.sha256(png).hexdigest()


def pack(record: object) -> CameraMemory:
    """Return a record ready to be kept.

    Args:
        record: plain, JSON-ready values and `Picture`s.

    Raises:
        TypeError: it holds something else.
    """
    pictures: dict[str, bytes] = {}

    def apart(value: object) -> dict[str, str]:
        if not isinstance(value, Picture):
            msg = f"memory: got {type(value).__name__}, expected JSON or a picture"
            raise TypeError(msg)
        pictures[value.name] = value.png
        return {_PICTURE: value.name}

    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=apart)
    return CameraMemory(text.encode(), pictures)


def unpack(memory: CameraMemory) -> tuple[object, frozenset[str]]:
    """Return what was packed, and the names of pictures that are lost.

    Where a picture is lost the record holds None.

    Raises:
        ValueError: the record is no JSON.
    """
    lost: set[str] = set()

    def put_back(value: dict[str, object]) -> object:
        if value.keys() != {_PICTURE}:
            return value
        name = str(value[_PICTURE])
        if name in memory.pictures:
            return Picture(memory.pictures[name])
        lost.add(name)
        return None

    record: object = json.loads(memory.record, object_hook=put_back)
    return record, frozenset(lost)
