"""What stands where a value was refused and what should, for who writes files."""

import difflib
import re
from collections.abc import Iterable
from typing import NotRequired, TypedDict

from vision.core.redaction import without_secrets

_SHOWN = 60  # characters of a wrong value that are repeated in a message
_LIST = "expected a list, such as [a, b]"
_MAPPING = "expected a mapping: keys with values"
_TRUTH = "expected true or false"
_WHOLE = "expected a whole number"
# By the kind that pydantic gives a fault; what is missing here it says well itself.
_WORDS = {
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "date_from_datetime_parsing": "expected a date, such as 2026-10-01",
    "dict_type": _MAPPING,
    "enum": "expected {expected}",
    "extra_forbidden": "remove it or fix its name",
    "finite_number": "expected a finite number",
    "frozen_set_type": _LIST,
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected at most {le}",
    "list_type": _LIST,
    "literal_error": "expected {expected}",
    "missing": "expected this key; it is required",
    "model_attributes_type": _MAPPING,
    "model_type": _MAPPING,
    "set_type": _LIST,
    "string_too_short": "expected at least {min_length} characters",
    "string_type": 'expected text; put it in quotes: "…"',
    "too_long": "expected at most {max_length}, not {actual_length}",
    "too_short": "expected at least {min_length}, not {actual_length}",
    "tuple_type": _LIST,
    "union_tag_invalid": "expected one of {expected_tags}",
    "union_tag_not_found": "expected the key {discriminator}, which says what it is",
}
_NUMBERS = frozenset({"float_parsing", "float_type"})
_UNITS = {
    "s": "of seconds",
    "m": "of metres",
    "px": "of pixels",
    "deg": "of degrees",
    "days": "of days",
    "gib": "of GiB",
}
_QUOTED = re.compile(r"'([^']*)'")


class Fault(TypedDict):
    """One of pydantic's error details, of which core knows the shape only."""

    type: str
    loc: tuple[int | str, ...]
    msg: str
    input: object
    ctx: NotRequired[dict[str, object]]


def found(fault: Fault) -> str | None:
    """Return what stands at a place, shortened and without secrets.

    None where what is expected says of which of many members it speaks.
    """
    got = fault["input"]
    if fault["type"] == "extra_forbidden":
        return "an unknown key"
    if fault["type"] == "missing" or got is None:
        return "nothing"
    if fault["type"] == "value_error" and _has_members(got):
        return None
    shown = without_secrets(repr(got))
    return f"{shown[:_SHOWN]}…" if shown[_SHOWN:] else shown


def expected(fault: Fault) -> str:
    """Return what should stand at a place.

    Returns:
        A clause such as `expected a number of seconds, without a unit`, with a guess at
        what was meant where one of a few words must stand.
    """
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in _NUMBERS:
        return _number(fault["loc"])
    if kind == "missing" and isinstance(fault["loc"][-1], int):
        return "expected a value here; its list is too short"
    words = _WORDS.get(kind)
    if words is None:
        text = fault["msg"].removeprefix("Value error, ")
        return text[:1].lower() + text[1:]
    known = str(context.get("expected_tags", context.get("expected", "")))
    got = context.get("tag", fault["input"])
    return guess(got, _QUOTED.findall(known)) + words.format_map(
        {key: _plain(value) for key, value in context.items()}
    )


def mistake(fault: Fault, line: int | None = None) -> str:
    """Return where a value is wrong, what stands there and what should, in one line."""
    where = ".".join(str(part) for part in fault["loc"])
    if line is not None:
        where = f"{where} (line {line})"
    got = found(fault)
    said = expected(fault) if got is None else f"got {got}; {expected(fault)}"
    return f"{where}: {said}" if where else said


def guess(got: object, known: Iterable[str]) -> str:
    """Return `did you mean …? `, or nothing where no known word is near."""
    near = difflib.get_close_matches(str(got), list(known), n=1)
    return f"did you mean {near[0]}? " if near else ""


def _number(place: tuple[int | str, ...]) -> str:
    """Name the unit that a key ends in, for people who write one behind the number."""
    keys = [part for part in place if isinstance(part, str)]
    unit = _UNITS.get(keys[-1].rpartition("_")[2]) if keys else None
    return "expected a number" + (f" {unit}, without a unit" if unit else "")


def _has_members(got: object) -> bool:
    return isinstance(got, dict) or (
        isinstance(got, list) and any(isinstance(one, dict) for one in got)
    )


def _plain(value: object) -> object:
    """Write a limit as people do: 0 for 0.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
