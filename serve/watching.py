"""Whether a camera is watched: what follows from what its engine said."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from serve.store.tables import CameraRow, EngineRow

# Engines speak every 30 s: three words are missing, and a slow network had its time.
SILENT = timedelta(seconds=120)


class WatchState(StrEnum):
    """How a camera's engine stands to it."""

    UNKNOWN = "unknown"
    WATCHED = "watched"
    SILENT = "silent"
    STOPPED = "stopped"
    LEFT = "left"


UNWATCHED = frozenset({WatchState.SILENT, WatchState.STOPPED})


@dataclass(frozen=True, slots=True)
class Watch:
    """Whether a camera is watched.

    Attributes:
        state: `unknown` while no engine has ever said; `silent`: its engine says
            nothing any more; `stopped`: it said that it stops; `left`: its site went
            on without this camera.
        since: when that began; None: unknown.
        engine_id: which engine, or None.
        heard_at: the engine's latest sign of life, or None.
    """

    state: WatchState
    since: datetime | None = None
    engine_id: str | None = None
    heard_at: datetime | None = None


def watch_of(camera: CameraRow, engine: EngineRow | None) -> Watch:
    """Return whether a camera is watched.

    Args:
        camera: which.
        engine: the one it names, or None.
    """
    if camera.left_at is not None:
        return Watch(WatchState.LEFT, camera.left_at)
    if engine is None:
        return Watch(WatchState.UNKNOWN)
    state, since = state_of(engine)
    return Watch(state, since, engine.engine_id, engine.alive_at)


def state_of(engine: EngineRow) -> tuple[WatchState, datetime]:
    """Return how an engine is, and since when."""
    if engine.ended_at is not None:
        return WatchState.STOPPED, engine.ended_at
    if engine.silent_since is not None:
        return WatchState.SILENT, engine.silent_since
    return WatchState.WATCHED, engine.began_at


def unwatched_since(watch: Watch, began_at: datetime) -> datetime | None:
    """Return since when a camera was not watched before a run began, None: never.

    Args:
        watch: how it stood to the run before, or to none.
        began_at: of the run that watches it now.
    """
    since = watch.since
    if watch.state is WatchState.WATCHED:
        since = watch.heard_at
        if since is not None and began_at - since < SILENT:
            return None  # an engine that is started anew speaks late by so much
    return since if since is not None and since < began_at else None
