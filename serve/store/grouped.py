"""Steps that arrive at the same time are stored together.

A transaction costs several times what one more step in it costs, so whoever comes
while one is written waits for the next, which takes them all. Nobody waits for company:
a step that comes alone is stored at once. Each is answered only when it is committed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.concurrency import run_in_threadpool

from serve.errors import IdConflict, Unavailable
from serve.store.intake import Arrival
from serve.store.letters import Letter

# As many as a batch holds; so long a transaction still leaves others their turn.
MOST_TOGETHER = 200
MOST_WAITING = 5000

TakeAll = Callable[[Sequence[Letter]], "list[Arrival | IdConflict]"]
_Waiting = tuple[Letter, "asyncio.Future[Arrival]"]


class GroupedIntake:
    """Gathers single steps of one event loop; not for several threads."""

    def __init__(self, take_all: TakeAll) -> None:
        """Store through `take_all`, which runs in a thread, one group at a time."""
        self._take_all = take_all
        self._waiting: deque[_Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def take(self, letter: Letter) -> Arrival:
        """Take one step in; return when it is committed.

        Raises:
            IdConflict: the id came before with other content.
            Unavailable: too many wait already.
            sqlalchemy.exc.DBAPIError: the database failed; nothing was stored.
        """
        if len(self._waiting) >= MOST_WAITING:
            msg = f"{MOST_WAITING} events wait to be stored; try again."
            raise Unavailable(msg)
        answer: asyncio.Future[Arrival] = asyncio.get_running_loop().create_future()
        self._waiting.append((letter, answer))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await answer

    async def _write(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), MOST_TOGETHER)
                await self._store([self._waiting.popleft() for _ in range(count)])
        finally:
            self._writer = None

    async def _store(self, group: Sequence[_Waiting]) -> None:
        try:
            letters = [letter for letter, _ in group]
            outcomes = await run_in_threadpool(self._take_all, letters)
        except DBAPIError as error:
            everywhere = isinstance(error, OperationalError | InterfaceError)
            if everywhere or len(group) == 1:
                _fail(group, error)  # away, busy or full: the same for each of them
                return
            # One of them is what the database refuses: the others shall not pay.
            for one in group:
                await self._store([one])
        except Exception as error:  # noqa: BLE001 the edge: all who wait must be told
            _fail(group, error)
        else:
            for (_, answer), outcome in zip(group, outcomes, strict=True):
                _tell(answer, outcome)


def _tell(answer: "asyncio.Future[Arrival]", outcome: Arrival | IdConflict) -> None:
    if answer.done():
        return  # who asked has gone
    if isinstance(outcome, IdConflict):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


def _fail(group: Sequence[_Waiting], error: Exception) -> None:
    for _, answer in group:
        if not answer.done():
            answer.set_exception(error)
