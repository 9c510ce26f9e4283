"""The feed page by page, for those who ask now and then and cannot listen."""

import json
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, JsonValue

from serve.access import Reader, Services_
from serve.message_types import fits
from serve.query_names import KnownNames
from serve.routes.stream import Types, sees

router = APIRouter(tags=["stream"])

MAX_PAGE = 500


class Told(BaseModel):
    """One message and its place in the feed."""

    number: Annotated[int, Field(description="The stream's id of it")]
    message: Annotated[dict[str, JsonValue], Field(description="The CloudEvent")]


class MessagePage(BaseModel):
    """Some messages, in the order in which they became known."""

    items: list[Told]
    after: Annotated[int, Field(description="Ask with this number the next time")]
    more: Annotated[bool, Field(description="There is more: ask at once")]


@router.get(
    "/api/v1/messages",
    summary="Follow everything by asking",
    dependencies=[KnownNames],
)
def list_messages(
    services: Services_,
    who: Reader,
    types: Types = "",
    after: Annotated[
        int | None,
        Query(ge=0, le=2**53, description="The last answer's `after`; 0: all there is"),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_PAGE, description="How many are looked through")
    ] = 100,
) -> MessagePage:
    """Return what has become known since the last time, nothing left out.

    Keep `after` and ask with it again: late arrivals are told as well, whatever their
    time, and a break loses nothing. Messages that you did not ask for or may not see
    are passed over, so a page may be empty while there is `more`. Without `after` the
    answer is where the feed stands now.
    """
    newest = services.feed.newest()
    if after is None or after > newest:  # the latter where a backup was restored
        return MessagePage(items=[], after=newest, more=False)
    rows = services.feed.after(after, limit=limit)
    chosen = types.split(",")
    items = [
        Told(number=row.number, message=json.loads(row.body))
        for row in rows
        if fits(row.type, chosen) and sees(services, who, row.event_id, row.body)
    ]
    end = rows[-1].number if rows else after
    return MessagePage(items=items, after=end, more=len(rows) == limit)
