"""Engines: which run, which cameras they watch, and since when one says nothing."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from serve.errors import Conflict, NotFound
from serve.feed import in_order
from serve.messages import CameraRef, Location
from serve.people.audit import AuditLog, Deed
from serve.people.roles import Principal
from serve.store.cameras import TAKEN_OUT, describe
from serve.store.database import Database
from serve.store.tables import (
    CameraRow,
    EngineRow,
    HealthLogRow,
    HealthRow,
    MessageRow,
)
from serve.watching import (
    SILENT,
    UNWATCHED,
    Watch,
    WatchState,
    state_of,
    unwatched_since,
    watch_of,
)
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock
from vision.core.wire import health_message

logger = logging.getLogger(__name__)

# Looks for silent engines that lie further apart: this process was away itself.
_BREAK_S = 60.0


class UnknownEngine(NotFound):
    """No engine of that name runs, as far as is known here."""

    slug = "unknown-engine"
    title = "No such engine"


@dataclass(frozen=True, slots=True)
class Watched:
    """A camera of an engine's site, and where it stands."""

    camera: CameraRef
    location: Location | None


@dataclass(frozen=True, slots=True)
class Run:
    """What an engine says of itself when it begins.

    Attributes:
        site: its site's name.
        version: of the program.
        run_id: another one after each start.
        up_s: seconds since it began to watch.
        cameras: all that it watches, each once.
    """

    site: str
    version: str
    run_id: str
    up_s: float
    cameras: Sequence[Watched]


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
        self._looked_s: float | None = None
        self._steady_s = 0.0

    def begins(self, engine_id: str, run: Run) -> None:
        """Take down that an engine watches these cameras; may be repeated.

        A camera that it watched before and does not name counts as taken out. The
        time in which nobody watched a camera is noted.
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
            self._heard_again(session, engine, now)

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
                _take_out(camera, since)
            session.delete(engine)
            deed = Deed(who, "engine.forgotten", engine_id)
            self._audit.note_within(session, deed)

    def engines(self) -> list[EngineReport]:
        """Return every engine, by name."""
        number = func.count(CameraRow.camera_id)
        query = (
            select(EngineRow, number)
            .outerjoin(CameraRow, CameraRow.engine_id == EngineRow.engine_id)
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

        While this process could not listen itself, nothing is held against them.

        Returns:
            0: there is nothing more to do now.
        """
        now_s = self._clock.monotonic_s()
        if self._looked_s is None or now_s - self._looked_s > _BREAK_S:
            self._steady_s = now_s
        self._looked_s = now_s
        if now_s - self._steady_s >= SILENT.total_seconds():
            self._notice()
        return 0

    def _notice(self) -> None:
        now = self._clock.now()
        query = select(EngineRow).where(
            EngineRow.ended_at.is_(None),
            EngineRow.silent_since.is_(None),
            EngineRow.alive_at < now - SILENT,
        )
        with self._database.read() as session:
            if session.scalars(query.limit(1)).first() is None:
                return
        with self._database.write() as session:
            query = query.with_for_update(skip_locked=True)
            for engine in session.scalars(query).all():
                engine.silent_since = engine.alive_at
                detail = _silence(session, engine)
                logger.warning("%s", detail)
                _tell(session, engine, ok=False, detail=detail, now=now)

    def _begins(self, session: Session, engine_id: str, run: Run) -> None:
        now = self._clock.now()
        began_at = now - timedelta(seconds=run.up_s)
        engine = session.get(EngineRow, engine_id, with_for_update=True)
        known = {one.engine_id: one for one in session.scalars(select(EngineRow))}
        named = {one.camera.id: one for one in run.cameras}
        concerned = select(CameraRow).where(
            or_(CameraRow.engine_id == engine_id, CameraRow.camera_id.in_(named))
        )
        cameras = {one.camera_id: one for one in session.scalars(concerned)}
        for camera_id, camera in cameras.items():
            if camera_id not in named and engine is not None:
                _take_out(camera, engine.ended_at or engine.alive_at)
        for camera_id, watched in sorted(named.items()):
            row = cameras.get(camera_id)
            if row is None:
                row = CameraRow(
                    camera_id=camera_id, name="", first_seen=began_at, last_seen=now
                )
                session.add(row)
            before = watch_of(row, known.get(row.engine_id or ""))
            _note_gap(session, camera_id, before, began_at)
            row.engine_id, row.left_at = engine_id, None
            for name, value in describe(watched.camera, watched.location).items():
                setattr(row, name, value)
        if engine is None:
            engine = EngineRow(engine_id=engine_id)
            session.add(engine)
        engine.site, engine.version = run.site, run.version
        engine.run_id, engine.began_at = run.run_id, began_at
        engine.alive_at, engine.ended_at = now, None
        session.flush()
        _drop_idle(session, engine_id)
        self._heard_again(session, engine, now)

    def _heard_again(self, session: Session, engine: EngineRow, now: datetime) -> None:
        # Last: those who write events take their turn in the feed after the cameras.
        if engine.silent_since is None:
            return
        since = engine.silent_since.isoformat(timespec="seconds")
        engine.silent_since = None
        detail = f"engine {engine.engine_id}: heard again, it was silent since {since}"
        logger.info("%s", detail)
        _tell(session, engine, ok=True, detail=detail, now=now)


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


def _take_out(camera: CameraRow, since: datetime) -> None:
    camera.engine_id, camera.left_at = None, since


def _note_gap(
    session: Session, camera_id: str, before: Watch, began_at: datetime
) -> None:
    since = unwatched_since(before, began_at)
    if since is None:
        return
    left = before.state is WatchState.LEFT
    kind = TAKEN_OUT if left else HealthKind.ENGINE_SILENT.value
    session.add(HealthLogRow(camera_id=camera_id, kind=kind, ok=False, at=since))
    session.add(HealthLogRow(camera_id=camera_id, kind=kind, ok=True, at=began_at))


def _drop_idle(session: Session, engine_id: str) -> None:
    """Forget engines whose cameras all went to others: nothing depends on them."""
    watching = select(CameraRow.engine_id).where(CameraRow.engine_id.is_not(None))
    session.execute(
        delete(EngineRow).where(
            EngineRow.engine_id != engine_id, EngineRow.engine_id.not_in(watching)
        )
    )


def _tell(
    session: Session, engine: EngineRow, *, ok: bool, detail: str, now: datetime
) -> None:
    at = now if ok else engine.alive_at
    event = HealthEvent(HealthKind.ENGINE_SILENT, ok, at, detail)
    word = "heard" if ok else "silent"
    message_id = f"engine.{engine.engine_id}.{word}.{at.isoformat()}"
    message = health_message(event, message_id=message_id)
    in_order(session.connection())
    session.add(
        MessageRow(
            message_id=message_id,
            content_sha256="",
            type=str(message["type"]),
            event_id=None,
            sequence=0,
            time=at,
            received_at=now,
            body=json.dumps(message, ensure_ascii=False),
        )
    )
