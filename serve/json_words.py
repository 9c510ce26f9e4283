"""What is wrong with content, in the words of JSON: callers do not write Python."""

from pydantic_core import ErrorDetails

_OBJECT = "Input should be an object"
_ARRAY = "Input should be a valid array"
# As pydantic itself says it of JSON that it has read itself.
_WORDS = {
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "list_type": _ARRAY,
    "tuple_type": _ARRAY,
    "set_type": _ARRAY,
    "frozen_set_type": _ARRAY,
    "none_required": "Input should be null",
    "json_invalid": "Invalid JSON: {error}",
    "timezone_aware": (
        "Input should be a time with its zone, e.g. 2026-11-27T08:00:00+08:00"
    ),
    # Those of pydantic repeat the whole input, as Python writes it.
    "union_tag_invalid": "{discriminator} should be one of {expected_tags}",
    "union_tag_not_found": "Input should be an object with {discriminator}",
}
# Lengths of what is no list are called items, too: a password has characters.
_TEXT_LENGTHS = {
    "too_short": "String should have at least {min_length} characters",
    "too_long": "String should have at most {max_length} characters",
}


def in_words(fault: ErrorDetails) -> str:
    """Return what was expected at a place, for a caller who sent JSON."""
    kind, context = fault["type"], fault.get("ctx", {})
    words = _WORDS.get(kind)
    if context.get("field_type") == "Value":
        words = _TEXT_LENGTHS.get(kind)
    if words is not None:
        return words.format_map(context)
    return fault["msg"].removeprefix("Value error, ").replace(" after validation", "")
