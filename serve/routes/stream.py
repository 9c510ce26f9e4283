"""The live stream: server-sent events that resume where they broke off."""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from serve.access import Reader, Services_, authorize
from serve.errors import Forbidden, InvalidContent, Unauthenticated
from serve.message_types import beginnings_of, fits
from serve.outward.broadcast import Entry
from serve.people.roles import Principal, Scope
from serve.query_names import KnownNames
from serve.routes.cameras import seen_by
from serve.services import Services

router = APIRouter(tags=["stream"])

BEAT_S = 15.0
# A key that was revoked, or a person who lost a role, hears no longer than this.
ASK_AGAIN_S = 5.0
logger = logging.getLogger(__name__)

Types = Annotated[
    str,
    Query(
        description=(
            "Only types that begin so, with or without `org.streetwarden.`; several "
            "are separated by commas"
        ),
        examples=["case.", "violation.opened,violation.cleared"],
        max_length=512,
    ),
    AfterValidator(beginnings_of),
]


@router.get(
    "/api/v1/stream",
    summary="Follow everything live",
    dependencies=[KnownNames],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def follow_stream(
    request: Request,
    services: Services_,
    who: Reader,
    types: Types = "",
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> StreamingResponse:
    """Send each message as it comes: `event` is its type, `data` the CloudEvent.

    A browser or client that reconnects with `Last-Event-ID` gets all it missed. Ids
    are positions in the feed: `0` starts at the very beginning.
    """
    after = await _start(services, last_event_id)
    chosen = types.split(",")
    ear = _Ear(request, services, who)
    return StreamingResponse(
        ear.lines(after, chosen),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _start(services: Services, last_event_id: str | None) -> int:
    newest = await run_in_threadpool(services.feed.newest)
    if not last_event_id:
        return newest
    if not (last_event_id.isascii() and last_event_id.isdigit()):
        msg = f"Last-Event-ID: got {last_event_id!r}; expected a number of this stream"
        raise InvalidContent(msg)
    # Beyond the newest when a backup was restored: hear what comes from now on.
    return min(int(last_event_id), newest)


class _Ear:
    """One who listens, for as long as they may."""

    def __init__(self, request: Request, services: Services, who: Principal) -> None:
        self._request = request
        self._services = services
        self._who = who
        self._asked_s = services.clock.monotonic_s()

    async def lines(self, after: int, chosen: Sequence[str]) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"
        async for entry in self._services.broadcast.follow(after, beat_s=BEAT_S):
            if not await self._still_may():
                return
            if entry is None:
                yield b": nothing new\n\n"
            elif fits(entry.type, chosen) and await self._sees(entry):
                yield entry.frame

    async def _still_may(self) -> bool:
        """Return whether key or session, role and streets hold; asked now and then."""
        now_s = self._services.clock.monotonic_s()
        if now_s - self._asked_s < ASK_AGAIN_S:
            return True
        self._asked_s = now_s
        try:
            self._who = await authorize(self._request, self._services, Scope.READ)
        except (Unauthenticated, Forbidden):
            return False
        except SQLAlchemyError:
            # While the database is away nothing new comes that could be heard.
            logger.warning("a listener could not be checked: the database is away")
        return True

    async def _sees(self, entry: Entry) -> bool:
        if not self._who.districts:
            return True
        told = (self._services, self._who, entry.event_id, entry.body)
        return await run_in_threadpool(sees, *told)


def sees(services: Services, who: Principal, event_id: str | None, body: str) -> bool:
    """Return whether somebody may see a message.

    Args:
        services: know where things are.
        who: asks.
        event_id: of what the message tells; None: of a camera or the engine.
        body: the CloudEvent.
    """
    if not who.districts:
        return True
    if event_id is not None:
        return who.sees(services.events.street_of(event_id))
    camera_id = json.loads(body)["data"].get("camera_id")
    if camera_id is None:
        return True  # the engine as a whole
    visible = seen_by(who, services)
    return any(report.camera.camera_id == camera_id for report in visible)
