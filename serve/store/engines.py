"""Engines: which run, which cameras they watch, and since when one says nothing."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from serve.errors import Conflict, NotFound
from serve.feed import in_order
from serve.people.audit import AuditLog, Deed
from serve.people.roles import Principal
from serve.store.beginning import Run, begin, take_out
from serve.store.database import Database, in_turn
from serve.store.tables import CameraRow, EngineRow, HealthRow, MessageRow
from serve.store.twice import let_go, news_of_twice, note
from serve.watching import SILENT, UNWATCHED, state_of
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock
from vision.core.wire import health_message

logger = logging.getLogger(__name__)

# Looks for silent engines that lie further apart: this process was away itself.
_BREAK_S = 60.0
_LOCK = 7379


class UnknownEngine(NotFound):
    """No engine of that name runs, as far as is known here."""

    slug = "unknown-engine"
    title = "No such engine"


@dataclass(frozen=True, slots=True)
class EngineReport:
    """One engine and how many cameras it watches."""

    engine: EngineRow
    cameras: int


class EngineStore:
    """Takes engines' signs of life, and notices when they stop coming."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        """Use this database; `clock` stamps what is heard."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._looked: tuple[float, datetime] | None = None
        self._steady_s = 0.0

    def begins(self, engine_id: str, run: Run) -> None:
        """Take down that an engine watches these cameras; may be repeated.

        A camera that it watched before and does not name counts as taken out. The
        time in which nobody watched a camera is noted.

        Raises:
            Conflict: another run under this name is at work.
        """
        self._database.settle(lambda session: self._begins(session, engine_id, run))

    def alive(self, engine_id: str, run_id: str) -> None:
        """Take a sign of life.

        Raises:
            UnknownEngine: it has to say first what it watches.
        """
        with self._database.write() as session:
            engine = _of_run(session, engine_id, run_id)
            now = self._clock.now()
            engine.alive_at = now
            engine.ended_at = None
            self._heard_again(session, engine, now)

    def ends(self, engine_id: str, run_id: str) -> None:
        """Take down that an engine stops of its own accord.

        Raises:
            UnknownEngine: no such run is known.
        """
        with self._database.write() as session:
            engine = _of_run(session, engine_id, run_id)
            now = self._clock.now()
            engine.alive_at = engine.ended_at = now
            left = let_go(session, engine, now)
            self._heard_again(session, engine, now)
            if left == 0:
                session.delete(engine)

    def forget(self, engine_id: str, who: Principal) -> None:
        """Take down that an engine is no longer used: its cameras are taken out.

        Raises:
            UnknownEngine: there is none of that name.
            Conflict: it still runs.
        """
        with self._database.write() as session:
            engine = session.get(EngineRow, engine_id, with_for_update=True)
            if engine is None:
                raise _unknown(engine_id)
            state, since = state_of(engine)
            if state not in UNWATCHED:
                msg = (
                    f"engine {engine_id} was heard at {engine.alive_at.isoformat()} "
                    "and still runs; stop it first, or wait until it counts as silent"
                )
                raise Conflict(msg)
            for camera in session.scalars(_cameras_of(engine_id)):
                take_out(camera, since)
            session.delete(engine)
            deed = Deed(who, "engine.forgotten", engine_id)
            self._audit.note_within(session, deed)

    def engines(self) -> list[EngineReport]:
        """Return every engine, by name."""
        number = func.count(CameraRow.camera_id)
        query = (
            select(EngineRow, number)
            .outerjoin(
                CameraRow,
                or_(
                    CameraRow.engine_id == EngineRow.engine_id,
                    CameraRow.also_id == EngineRow.engine_id,
                ),
            )
            .group_by(EngineRow.engine_id)
            .order_by(EngineRow.engine_id)
        )
        with self._database.read() as session:
            return [EngineReport(*row) for row in session.execute(query)]

    def silent(self) -> list[HealthRow]:
        """Return the trouble of those that say nothing, as of the service itself."""
        query = select(EngineRow).where(EngineRow.silent_since.is_not(None))
        with self._database.read() as session:
            return [
                HealthRow(
                    camera_id="",
                    kind=HealthKind.ENGINE_SILENT.value,
                    ok=False,
                    at=engine.silent_since,
                    detail=_silence(session, engine),
                )
                for engine in session.scalars(query.order_by(EngineRow.engine_id)).all()
            ]

    def notice(self) -> int:
        """Take down which engines have fallen silent, and tell of them; once each.

        While this process could not listen itself, or its clock was set, nothing is
        held against them.

        Returns:
            0: there is nothing more to do now.
        """
        now_s, now = self._clock.monotonic_s(), self._clock.now()
        if self._looked is None or _broken(now_s, now, self._looked):
            self._steady_s = now_s
        self._looked = now_s, now
        if now_s - self._steady_s >= SILENT.total_seconds():
            self._notice(now)
            self._notice_twice(now)
        return 0

    def _notice(self, now: datetime) -> None:
        query = select(EngineRow).where(
            EngineRow.ended_at.is_(None),
            EngineRow.silent_since.is_(None),
            or_(EngineRow.alive_at < now - SILENT, EngineRow.alive_at > now + SILENT),
        )
        with self._database.read() as session:
            if session.scalars(query.limit(1)).first() is None:
                return
        with self._database.write() as session:
            query = query.with_for_update(skip_locked=True)
            for engine in session.scalars(query).all():
                if engine.alive_at > now:
                    engine.alive_at = now  # from before the clock was set back
                    continue
                engine.silent_since = engine.alive_at
                if let_go(session, engine, now) == 0:
                    session.delete(engine)
                    continue
                detail = _silence(session, engine)
                logger.warning("%s", detail)
                _tell_of(session, engine, ok=False, detail=detail, now=now)

    def _notice_twice(self, now: datetime) -> None:
        with self._database.read() as session:
            if news_of_twice(session, now) is None:
                return
        self._database.settle(lambda session: self._tell_of_twice(session, now))

    def _tell_of_twice(self, session: Session, now: datetime) -> None:
        in_order(session.connection())  # of several processes the first tells
        news = news_of_twice(session, now)
        if news is not None:
            note(session, news)
            logger.warning("%s", news.detail)
            _tell(session, news, f"engines.twice.{now.isoformat()}", now)

    def _begins(self, session: Session, engine_id: str, run: Run) -> None:
        # A whole city starts at once: of those that name the same new cameras all but
        # one would have to look again, and one of many more than it may.
        in_turn(session.connection(), _LOCK)
        now = self._clock.now()
        self._heard_again(session, begin(session, engine_id, run, now), now)

    def _heard_again(self, session: Session, engine: EngineRow, now: datetime) -> None:
        # Last: those who write events take their turn in the feed after the cameras.
        if engine.silent_since is None:
            return
        since = engine.silent_since.isoformat(timespec="seconds")
        engine.silent_since = None
        detail = f"engine {engine.engine_id}: heard again, it was silent since {since}"
        logger.info("%s", detail)
        _tell_of(session, engine, ok=True, detail=detail, now=now)


def _of_run(session: Session, engine_id: str, run_id: str) -> EngineRow:
    engine = session.get(EngineRow, engine_id, with_for_update=True)
    if engine is None or engine.run_id != run_id:
        raise _unknown(engine_id)
    return engine


def _unknown(engine_id: str) -> UnknownEngine:
    msg = f"no such run of an engine {engine_id} is known here; PUT what it watches"
    return UnknownEngine(msg)


def _cameras_of(engine_id: str) -> Select[CameraRow]:
    return select(CameraRow).where(CameraRow.engine_id == engine_id)


def _silence(session: Session, engine: EngineRow) -> str:
    mine = CameraRow.engine_id == engine.engine_id
    number = session.scalar(select(func.count()).where(mine))
    return (
        f"engine {engine.engine_id}: no sign of life since "
        f"{engine.alive_at.isoformat(timespec='seconds')}, nobody watches its "
        f"{number} cameras; see whether it runs and reaches this service"
    )


def _tell_of(
    session: Session, engine: EngineRow, *, ok: bool, detail: str, now: datetime
) -> None:
    at = now if ok else engine.alive_at
    event = HealthEvent(HealthKind.ENGINE_SILENT, ok, at, detail)
    word = "heard" if ok else "silent"
    _tell(session, event, f"engine.{engine.engine_id}.{word}.{at.isoformat()}", now)


def _tell(session: Session, event: HealthEvent, message_id: str, now: datetime) -> None:
    message = health_message(event, message_id=message_id)
    in_order(session.connection())
    session.add(
        MessageRow(
            message_id=message_id,
            content_sha256="",
            type=str(message["type"]),
            event_id=None,
            sequence=0,
            time=event.at,
            received_at=now,
            body=json.dumps(message, ensure_ascii=False),
        )
    )


def _broken(now_s: float, now: datetime, looked: tuple[float, datetime]) -> bool:
    """Return whether this process was away since it looked, or its clock was set."""
    passed_s = now_s - looked[0]
    set_by_s = (now - looked[1]).total_seconds() - passed_s
    return passed_s > _BREAK_S or abs(set_by_s) > _BREAK_S
