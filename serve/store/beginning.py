"""A run of an engine begins: whose cameras are whose, and since when they were not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from serve.errors import Conflict
from serve.messages import CameraRef, Location
from serve.store.cameras import TAKEN_OUT, describe
from serve.store.tables import CameraRow, EngineRow, HealthLogRow
from serve.store.twice import other_of
from serve.watching import (
    SILENT,
    UNWATCHED,
    Watch,
    WatchState,
    state_of,
    unwatched_since,
    watch_of,
)
from vision.core.health import HealthKind

# The last word of the run before may come so much later than the first of this one.
_LATE = timedelta(seconds=60)
_GAP = HealthKind.ENGINE_SILENT.value


@dataclass(frozen=True, slots=True)
class Watched:
    """A camera of an engine's site, and where it stands; one that moves does not."""

    camera: CameraRef
    location: Location | None
    moving: bool = False


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


def begin(session: Session, engine_id: str, run: Run, now: datetime) -> EngineRow:
    """Take down that an engine watches these cameras, and those no more.

    Raises:
        Conflict: another run under this name is at work.
    """
    began_at = now - timedelta(seconds=run.up_s)
    engine = session.get(EngineRow, engine_id, with_for_update=True)
    if engine is not None:
        _refuse_twin(engine, run, began_at, now)
    gaps = _Gaps(session, engine_id, _short_run(engine, run, began_at), began_at)
    engines = {one.engine_id: one for one in session.scalars(select(EngineRow))}
    named = {one.camera.id: one for one in run.cameras}
    concerned = select(CameraRow).where(
        or_(
            CameraRow.engine_id == engine_id,
            CameraRow.also_id == engine_id,
            CameraRow.camera_id.in_(named),
        )
    )
    cameras = {one.camera_id: one for one in session.scalars(concerned)}
    # In the order of those who write events, also where a new one follows one that is
    # known: on PostgreSQL each would else wait for the other.
    for _, ids in groupby(sorted({*cameras, *named}), cameras.__contains__):
        for camera_id in ids:
            camera = cameras.get(camera_id)
            if camera_id not in named:
                _give_up(cameras[camera_id], engine_id, engines)
                continue
            if camera is None:
                camera = _first_seen(session, camera_id, began_at, now)
            before = watch_of(camera, engines.get(camera.engine_id or ""))
            gaps.note(camera_id, before)
            _take_over(camera, before, engine_id, named[camera_id])
        session.flush()
    engine = _enter(session, engine, engine_id, run)
    if engine.run_id != run.run_id:
        engine.run_id, engine.began_at = run.run_id, began_at
    engine.alive_at, engine.ended_at = now, None
    session.flush()
    _drop_idle(session, engine_id)
    return engine


def _enter(
    session: Session, engine: EngineRow | None, engine_id: str, run: Run
) -> EngineRow:
    if engine is None:
        engine = EngineRow(engine_id=engine_id, run_id="")
        session.add(engine)
    engine.site, engine.version = run.site, run.version
    return engine


def _first_seen(
    session: Session, camera_id: str, began_at: datetime, now: datetime
) -> CameraRow:
    camera = CameraRow(camera_id=camera_id, name="", first_seen=began_at, last_seen=now)
    session.add(camera)
    return camera


def _take_over(camera: CameraRow, before: Watch, engine_id: str, told: Watched) -> None:
    camera.also_id = other_of(camera, before, engine_id)
    camera.engine_id, camera.left_at = engine_id, None
    camera.moving = told.moving
    if told.moving:
        camera.lat = camera.lon = camera.address = None
    place = None if told.moving else told.location
    for name, value in describe(told.camera, place).items():
        setattr(camera, name, value)


def take_out(camera: CameraRow, since: datetime) -> None:
    """Take down that its site goes on without a camera."""
    camera.engine_id, camera.left_at = None, since


def _refuse_twin(
    engine: EngineRow, run: Run, began_at: datetime, now: datetime
) -> None:
    """Turn away who began before the run that is known gave its latest sign of life.

    An engine that is started anew begins after the last word of the run before. Two
    that share a name would each undo what the other says, for ever.
    """
    heard_at = min(engine.alive_at, now)  # the clock may have been set back
    alone = run.run_id == engine.run_id or state_of(engine)[0] in UNWATCHED
    if alone or began_at >= heard_at - _LATE:
        return
    msg = (
        f"engine {engine.engine_id}: another run under this name gave a sign of life "
        f"at {heard_at.isoformat(timespec='seconds')}, and this one began before "
        "that; expected another name for each engine: its home is a copy"
    )
    raise Conflict(msg)


def _short_run(
    engine: EngineRow | None, run: Run, began_at: datetime
) -> datetime | None:
    """Return when the run before began if it ended too soon to have watched."""
    if engine is None or run.run_id == engine.run_id or engine.began_at >= began_at:
        return None
    lived = (engine.ended_at or engine.alive_at) - engine.began_at
    return engine.began_at if lived < SILENT else None


class _Gaps:
    """Notes how long cameras were not watched, once for a row of short runs."""

    def __init__(
        self,
        session: Session,
        engine_id: str,
        short: datetime | None,
        began_at: datetime,
    ) -> None:
        self._session = session
        self._engine_id = engine_id
        self._short = short
        self._began_at = began_at
        self._noted = set[str]() if short is None else self._lengthen(short)

    def note(self, camera_id: str, before: Watch) -> None:
        """Note one camera's, as it stood before."""
        since = unwatched_since(before, self._began_at)
        if self._short is not None and before.engine_id == self._engine_id:
            since = self._short
        if since is None or camera_id in self._noted:
            return
        kind = TAKEN_OUT if before.state is WatchState.LEFT else _GAP
        for ok, at in ((False, since), (True, self._began_at)):
            row = HealthLogRow(camera_id=camera_id, kind=kind, ok=ok, at=at)
            self._session.add(row)

    def _lengthen(self, short: datetime) -> set[str]:
        """Let the gaps go on that ended with a short run; return whose."""
        mine = select(CameraRow.camera_id).where(CameraRow.engine_id == self._engine_id)
        ends = update(HealthLogRow).where(
            HealthLogRow.at == short,
            HealthLogRow.kind == _GAP,
            HealthLogRow.ok.is_(True),
            HealthLogRow.camera_id.in_(mine),
        )
        later = ends.values(at=self._began_at).returning(HealthLogRow.camera_id)
        return set(self._session.scalars(later))


def _give_up(
    camera: CameraRow, engine_id: str, engines: Mapping[str, EngineRow]
) -> None:
    """Take down that an engine names a camera no more."""
    if camera.also_id == engine_id:
        camera.also_id = None
    elif camera.also_id is not None:
        camera.engine_id, camera.also_id = camera.also_id, None
    elif engine_id in engines:
        engine = engines[engine_id]
        take_out(camera, engine.ended_at or engine.alive_at)


def _drop_idle(session: Session, engine_id: str) -> None:
    """Forget engines whose cameras all went to others: nothing depends on them."""
    watching = select(CameraRow.engine_id).where(CameraRow.engine_id.is_not(None))
    session.execute(
        delete(EngineRow).where(
            EngineRow.engine_id != engine_id,
            EngineRow.engine_id.not_in(watching),
            # One that still runs would have to say all anew, and take them back.
            or_(EngineRow.ended_at.is_not(None), EngineRow.silent_since.is_not(None)),
        )
    )
