"""JSON whose items know the line they stand on."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

from vision.core.errors import VisionError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class LabelError(VisionError):
    """A label or truth file cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a JSON array or object, and its line.

    Attributes:
        value: as decoded; `NaN` and `Infinity` are accepted here and refused, with
            their line, by whoever checks the numbers.
        line: 1-based line on which the value begins.
    """

    value: Json
    line: int


def read_object(path: Path) -> dict[str, list[Item] | Item]:
    """Read a JSON object; the items of its arrays keep their lines.

    Args:
        path: a UTF-8 file whose outermost value is an object.

    Returns:
        Per key: a list of items where the value is an array, else one item.

    Raises:
        LabelError: the file is missing, not JSON, or not an object.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}; expected a readable UTF-8 JSON file"
        raise LabelError(msg) from error
    try:
        return _Reader(text).object()
    except json.JSONDecodeError as error:
        msg = f"{path}:{error.lineno}: {error.msg}; expected a JSON object"
        raise LabelError(msg) from error


class _Reader:
    """Walks the two outermost levels itself; leaves the rest to `json`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0

    def object(self) -> dict[str, list[Item] | Item]:
        found: dict[str, list[Item] | Item] = {}
        self._expect("{")
        while self._peek() != "}":
            key = self._value().value
            if not isinstance(key, str):
                self._refuse("Expecting a name in double quotes")
            if key in found:
                self._refuse(f"Name {key!r} given twice")
            self._expect(":")
            found[key] = self._array() if self._peek() == "[" else self._value()
            self._comma_or("}")
        self._expect("}")
        if self._peek():
            self._refuse("Extra data")
        return found

    def _array(self) -> list[Item]:
        items: list[Item] = []
        self._expect("[")
        while self._peek() != "]":
            items.append(self._value())
            self._comma_or("]")
        self._expect("]")
        return items

    def _value(self) -> Item:
        self._peek()
        # Counting from the last item on keeps the whole walk linear.
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        value, self._at = _DECODER.raw_decode(self._text, self._at)
        return Item(value, self._line)

    def _peek(self) -> str:
        match = _SPACE.match(self._text, self._at)
        self._at = self._at if match is None else match.end()
        return self._text[self._at : self._at + 1]

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            self._refuse(f"Expecting {sign!r}")
        self._at += 1

    def _comma_or(self, end: str) -> None:
        if self._peek() == ",":
            self._at += 1
            if self._peek() == end:
                self._refuse("Illegal trailing comma")
        elif self._peek() != end:
            self._refuse(f"Expecting ',' or {end!r}")

    def _refuse(self, message: str) -> NoReturn:
        raise json.JSONDecodeError(message, self._text, self._at)
