"""What a model file says of itself, as Ultralytics writes it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import ModelError

TASK = "detect"

_LITERAL_ERRORS = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the file says of itself; None where it says nothing.

    Attributes:
        names: class names in the order of the outputs.
        imgsz: (height, width) of the input, pixels.
        stride: the input's sides are multiples of it, pixels.
    """

    names: tuple[str, ...] | None
    imgsz: tuple[int, int] | None
    stride: int | None

    @classmethod
    def parse(cls, file: Path, texts: Mapping[str, str]) -> "Embedded":
        """Read metadata whose every value is `str(v)`.

        Args:
            file: for messages.
            texts: keys and values; those that are not known are left alone.

        Raises:
            ModelError: another task than detection, or values that cannot be read.
        """
        task = texts.get("task", TASK)
        if task != TASK:
            msg = (
                f"model {file}: its task is {task!r}, expected {TASK!r}; "
                "choose a model that was trained to detect boxes"
            )
            raise ModelError(msg)
        names = _literal(file, texts, "names")
        imgsz = _literal(file, texts, "imgsz")
        stride = _literal(file, texts, "stride")
        sides = (imgsz, imgsz) if isinstance(imgsz, int) else imgsz
        return cls(
            names=None if names is None else ordered_names(file, names),
            imgsz=None if sides is None else _input_size(file, sides),
            stride=None if stride is None else _positive(file, "stride", stride),
        )


def ordered_names(file: Path, names: object) -> tuple[str, ...]:
    """Return class names in the order of their numbers.

    Args:
        file: for the message.
        names: mapping from number to name, or a list.

    Raises:
        ModelError: not a name for every number from 0.
    """
    by_number = dict(enumerate(names)) if isinstance(names, list | tuple) else names
    if (
        not isinstance(by_number, dict)
        or not by_number
        or set(by_number) != set(range(len(by_number)))
    ):
        msg = (
            f"{file}: class names are {names!r:.120}, expected a name for every "
            "number from 0 without gaps; correct them or export the model anew"
        )
        raise ModelError(msg)
    return tuple(str(by_number[number]) for number in range(len(by_number)))


def _literal(file: Path, texts: Mapping[str, str], key: str) -> object:
    text = texts.get(key)
    if text is None:
        return None
    try:
        value: object = ast.literal_eval(text)
    except _LITERAL_ERRORS as error:
        msg = (
            f"model {file}: metadata {key} is {text!r:.120}, expected a Python "
            f"literal as Ultralytics writes it; export "
            "the model anew"
        )
        raise ModelError(msg) from error
    return value


def _input_size(file: Path, sides: object) -> tuple[int, int]:
    if not isinstance(sides, list | tuple) or len(sides) != 2:  # noqa: PLR2004 height and width
        msg = (
            f"model {file}: imgsz is {sides!r:.80}, expected [height, width]; "
            "export the model anew"
        )
        raise ModelError(msg)
    height, width = (_positive(file, "imgsz", side) for side in sides)
    return height, width


def _positive(file: Path, key: str, value: object) -> int:
    if not isinstance(value, int | float) or value < 1:
        msg = (
            f"model {file}: {key} is {value!r:.80}, expected a number of pixels; "
            "export the model anew"
        )
        raise ModelError(msg)
    return int(value)
