"""Which keys may stand at a place of a file."""

from collections.abc import Iterator
from typing import get_args

from vision.config.base import Settings


def known_keys(model: type[Settings], place: tuple[int | str, ...]) -> list[str]:
    """Return the keys that may stand beside the last one of a place, sorted.

    Args:
        model: of the whole file.
        place: of an unknown key as pydantic tells it: with the tags of unions.
    """
    here = {model}
    for part in place[:-1]:
        inside = {
            below
            for one in here
            if part in one.model_fields
            for below in _models(one.model_fields[str(part)].annotation)
        }
        tagged = {one for one in here if part in _tags(one)}
        here = inside or tagged or here
    return sorted({key for one in here for key in one.model_fields})


def _models(annotation: object) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _tags(model: type[Settings]) -> tuple[object, ...]:
    field = model.model_fields.get("type")
    return () if field is None else get_args(field.annotation)
