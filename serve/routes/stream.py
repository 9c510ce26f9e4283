"""The live stream: server-sent events that resume where they broke off."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from serve.access import Reader, Services_
from serve.errors import InvalidContent
from serve.outward.broadcast import Entry
from serve.people.roles import Principal
from serve.services import Services

router = APIRouter(tags=["stream"])

BEAT_S = 15.0
PREFIX = "org.streetwarden."


@router.get(
    "/api/v1/stream",
    summary="Follow everything live",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def follow_stream(
    services: Services_,
    who: Reader,
    types: Annotated[
        str | None,
        Query(
            description="Only types that begin so, after `org.streetwarden.`",
            examples=["violation.opened", "case."],
            max_length=64,
        ),
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> StreamingResponse:
    """Send each message as it comes: `event` is its type, `data` the CloudEvent.

    A browser or client that reconnects with `Last-Event-ID` gets all it missed. Ids
    are positions in the feed: `0` starts at the very beginning.
    """
    after = await _start(services, last_event_id)
    chosen = PREFIX + (types or "")
    return StreamingResponse(
        _lines(services, who, after, chosen),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _start(services: Services, last_event_id: str | None) -> int:
    if last_event_id is None:
        return await run_in_threadpool(services.feed.newest)
    if not (last_event_id.isascii() and last_event_id.isdigit()):
        msg = f"Last-Event-ID: got {last_event_id!r}; expected a number of this stream"
        raise InvalidContent(msg)
    return min(int(last_event_id), 2**62)


async def _lines(
    services: Services, who: Principal, after: int, chosen: str
) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    async for entry in services.broadcast.follow(after, beat_s=BEAT_S):
        if entry is None:
            yield ": nothing new\n\n"
        elif entry.type.startswith(chosen) and await _may_see(services, who, entry):
            yield f"id: {entry.number}\nevent: {entry.type}\ndata: {entry.body}\n\n"


async def _may_see(services: Services, who: Principal, entry: Entry) -> bool:
    if not who.districts or entry.event_id is None:
        return True
    street = await run_in_threadpool(services.events.street_of, entry.event_id)
    return who.sees(street)
