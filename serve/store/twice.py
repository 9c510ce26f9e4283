"""Cameras that two engines watch at once: whose they are, and that a person hears."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from serve.store.tables import CameraRow, EngineRow, HealthRow
from serve.watching import SILENT, Watch, WatchState
from vision.core.health import HealthEvent, HealthKind

# After another engine took cameras over, the one before has this long to fall silent.
_GRACE = 2 * SILENT
_NAMED = 10  # pairs of engines in one message
_KIND = HealthKind.WATCHED_TWICE


def other_of(camera: CameraRow, before: Watch, engine_id: str) -> str | None:
    """Return which engine still watches a camera that this one names now, or None.

    Args:
        camera: as it was before.
        before: how it stood to its engine then.
        engine_id: the one that names it now.
    """
    if camera.engine_id == engine_id:
        return camera.also_id
    return before.engine_id if before.state is WatchState.WATCHED else None


def let_go(session: Session, engine: EngineRow, now: datetime) -> int:
    """Leave what an engine watches no more to the other one that does.

    Returns:
        How many cameras are left that nobody watches.
    """
    cameras = update(CameraRow).execution_options(synchronize_session=False)
    of_another = CameraRow.also_id == engine.engine_id
    session.execute(cameras.where(of_another).values(also_id=None))
    mine = CameraRow.engine_id == engine.engine_id
    shared = cameras.where(mine, CameraRow.also_id.is_not(None))
    left = shared.values(engine_id=CameraRow.also_id, also_id=None)
    if session.execute(left.returning(CameraRow.camera_id)).first() is not None:
        engine.run_id = ""  # should it speak again, it has to say what it watches
    _ask_the_crowded_out(session, now)
    return session.scalar(select(func.count()).where(mine)) or 0


def _ask_the_crowded_out(session: Session, now: datetime) -> None:
    """Have engines say again what they watch where two others were named instead.

    A camera knows two at most; now there is room.
    """
    named = or_(
        CameraRow.engine_id == EngineRow.engine_id,
        CameraRow.also_id == EngineRow.engine_id,
    )
    heard = EngineRow.alive_at.between(now - SILENT, now + SILENT)
    at_work = EngineRow.ended_at.is_(None)
    crowded_out = delete(EngineRow).where(heard, at_work, ~exists().where(named))
    session.execute(crowded_out.execution_options(synchronize_session=False))


def news_of_twice(session: Session, now: datetime) -> HealthEvent | None:
    """Return what is to be told of cameras watched twice, None: nothing new."""
    known = session.get(HealthRow, ("", _KIND.value))
    standing = known is not None and not known.ok
    pairs = _pairs(session, now if standing else now - _GRACE)
    if not pairs:
        gone = "no camera is watched by two engines any more"
        return HealthEvent(_KIND, ok=True, at=now, detail=gone) if standing else None
    detail = (
        f"engines {'; '.join(pairs)}: each event is told twice; take them out of one "
        "site, or stop the engine that is a copy"
    )
    if known is not None and standing and known.detail == detail:
        return None
    return HealthEvent(_KIND, ok=False, at=now, detail=detail)


def note(session: Session, news: HealthEvent) -> None:
    """Let it stand until there is other news."""
    row = session.get(HealthRow, ("", _KIND.value))
    if row is None:
        row = HealthRow(camera_id="", kind=_KIND.value)
        session.add(row)
    row.ok, row.at, row.detail = news.ok, news.at, news.detail


def _pairs(session: Session, began_before: datetime) -> Sequence[str]:
    one, other = aliased(EngineRow), aliased(EngineRow)
    number, first = func.count(), func.min(CameraRow.camera_id)
    rows = session.execute(
        select(one.engine_id, other.engine_id, number, first)
        .select_from(CameraRow)
        .join(one, one.engine_id == CameraRow.engine_id)
        .join(other, other.engine_id == CameraRow.also_id)
        .where(one.began_at <= began_before)
        .group_by(one.engine_id, other.engine_id)
        .order_by(number.desc(), one.engine_id, other.engine_id)
        .limit(_NAMED)
    )
    return [
        f"{' and '.join(sorted((a, b)))} both watch {many} cameras ({camera}"
        f"{', …' if many > 1 else ''})"
        for a, b, many, camera in rows
    ]
