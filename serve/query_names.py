"""A filter whose name is misspelt is refused: left out, it would let all through.

For routes whose answer means something else without it; others pass over what they do
not know.
"""

from collections.abc import Iterator

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from serve.errors import InvalidContent


def _names(needed: Dependant) -> Iterator[str]:
    for field in needed.query_params:
        shape = field.field_info.annotation
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            yield from shape.model_fields
        else:
            yield field.alias
    for one in needed.dependencies:
        yield from _names(one)


def _refuse_unknown(request: Request) -> None:
    """Refuse what the route's description does not name, and what is said twice.

    Raises:
        InvalidContent: there is such a name.
    """
    given = [name for name, _ in request.query_params.multi_items()]
    if not given:
        return
    known = sorted(_names(request.scope["route"].dependant))
    for name in given:
        if name not in known:
            msg = f"query: got {name!r}; expected some of {', '.join(known)}"
            raise InvalidContent(msg)
        if given.count(name) > 1:
            msg = f"query/{name}: got it {given.count(name)} times; expected it once"
            raise InvalidContent(msg)


KnownNames = Depends(_refuse_unknown)
