"""The live stream: one reader of the feed for all who listen in this process."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from serve.feed import Feed
from serve.store.tables import MessageRow

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
GATHER_S = 0.02
KEPT = 2000
PAGE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the feed.

    Attributes:
        number: its place.
        type: CloudEvent type.
        event_id: of what, or None.
        body: the CloudEvent.
        frame: as a server-sent event, made once for all who listen.
    """

    number: int
    type: str
    event_id: str | None
    body: str
    frame: bytes


class Broadcast:
    """Keeps the newest messages in memory and wakes those who wait.

    Each listener has its own place in the feed, so a slow one delays nobody and
    loses nothing; one that is far behind reads from the database. While nobody
    listens, nothing is read.
    """

    def __init__(self, feed: Feed) -> None:
        """Follow this feed once `run` is called."""
        self._feed = feed
        self._recent: deque[Entry] = deque(maxlen=KEPT)
        # How far memory goes; None while it is not kept up.
        self._newest: int | None = None
        self._listeners = 0
        self._changed = asyncio.Event()
        self._rung = asyncio.Event()
        self._stopped = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return self._listeners

    async def run(self) -> None:
        """Read the feed until `stop`; new messages of this process ring at once."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            if self._listeners and not self._rung.is_set():
                loop.call_soon_threadsafe(self._rung.set)

        unlisten = self._feed.listen(ring)
        try:
            while not self._stopped:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._rung.wait(), LOOK_EVERY_S)
                self._rung.clear()
                if self._listeners == 0:
                    self._newest = None
                    self._recent.clear()
                    continue
                await self._try_to_read()
                # Those that come close together are read together.
                await asyncio.sleep(GATHER_S)
        finally:
            unlisten()

    def stop(self) -> None:
        """End every stream, so that the server can stop without waiting for them."""
        self._stopped = True
        self._rung.set()  # `run` would sleep on for up to a second
        self._wake()

    async def follow(self, after: int, *, beat_s: float) -> AsyncIterator[Entry | None]:
        """Yield the messages after a number, for ever; None when nothing came.

        Args:
            after: the last number that the listener has seen.
            beat_s: longest silence before a None.
        """
        self._listeners += 1
        self._rung.set()
        try:
            async for entry in self._follow(after, beat_s):
                yield entry
        finally:
            self._listeners -= 1

    async def _follow(self, after: int, beat_s: float) -> AsyncIterator[Entry | None]:
        while not self._stopped:
            changed = self._changed
            entries = await self._after(after)
            for entry in entries:
                after = entry.number
                yield entry
            if entries or self._stopped:
                continue
            try:
                await asyncio.wait_for(changed.wait(), beat_s)
            except TimeoutError:
                yield None

    async def _try_to_read(self) -> None:
        try:
            await self._read()
        except SQLAlchemyError as error:
            # Listeners keep their places and get what they missed when it is back.
            logger.warning(
                "the stream waits for the database: %s", type(error).__name__
            )
            await asyncio.sleep(LOOK_EVERY_S)

    async def _read(self) -> None:
        if self._newest is None:
            self._newest = await run_in_threadpool(self._feed.newest)
            self._wake()
        while True:
            entries = await self._page(self._newest)
            if entries:
                self._recent.extend(entries)
                self._newest = entries[-1].number
                self._wake()
            if len(entries) < PAGE:
                return

    async def _after(self, number: int) -> list[Entry]:
        if self._newest is None:
            return await self._page(number)
        if number >= self._newest:
            return []
        if self._recent and self._recent[0].number <= number + 1:
            # From the newest backwards: who keeps up is one or two behind.
            newer = takewhile(lambda one: one.number > number, reversed(self._recent))
            return list(newer)[::-1]
        return await self._page(number)

    async def _page(self, number: int) -> list[Entry]:
        rows = await run_in_threadpool(self._feed.after, number, limit=PAGE)
        return [_entry(row) for row in rows]

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _entry(row: MessageRow) -> Entry:
    frame = f"id: {row.number}\nevent: {row.type}\ndata: {row.body}\n\n"
    return Entry(row.number, row.type, row.event_id, row.body, frame.encode())
