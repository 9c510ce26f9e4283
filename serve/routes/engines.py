"""Engines: that they run, what they watch, and that one is no longer used."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, StringConstraints, model_validator
from starlette.concurrency import run_in_threadpool

from serve.access import Admin, Ingester, Reader, Services_
from serve.messages import (
    CameraRef,
    Finite,
    Identifier,
    Location,
    Plain,
    Short,
    Wire,
    canonical,
)
from serve.store.beginning import Run, Watched
from serve.store.engines import EngineReport
from serve.watching import SILENT, WatchState, state_of

router = APIRouter(prefix="/api/v1/engines", tags=["engines"])

MOST_CAMERAS = 4000  # of one engine: some 3 kB each at most, in 16 MiB
Engine = Annotated[Identifier, Path(description="Its name, the same after a restart")]
RunId = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")
]


class WatchedCamera(CameraRef):
    """A camera that an engine watches."""

    location: Location | None = None
    moving: Annotated[
        bool, Field(description="A vehicle carries it: it has no place of its own")
    ] = False


class EngineIn(Wire):
    """What an engine watches, told when it begins."""

    site: Short
    version: Annotated[str, StringConstraints(max_length=64)]
    run: Annotated[RunId, Field(description="Another one after each start")]
    up_s: Annotated[
        Finite, Field(ge=0, le=1e9, description="Since it began to watch, seconds")
    ]
    cameras: Annotated[list[WatchedCamera], Field(max_length=MOST_CAMERAS)]

    @model_validator(mode="after")
    def _each_once(self) -> "EngineIn":
        ids = [camera.id for camera in self.cameras]
        if len(set(ids)) < len(ids):
            msg = "cameras: got an id twice; expected each camera once"
            raise ValueError(msg)
        return self


class RunIn(Wire):
    """Which run speaks."""

    run: RunId


class EngineOut(BaseModel):
    """An engine and how it is."""

    id: str
    site: str
    version: str
    state: Annotated[WatchState, Field(description="`watched`, `silent` or `stopped`")]
    since: datetime
    heard_at: Annotated[datetime, Field(description="Its latest sign of life")]
    cameras: Annotated[int, Field(description="How many it watches")]


class EngineList(BaseModel):
    """Every engine that ever said what it watches and is still used."""

    items: list[EngineOut]
    silent_after_s: Annotated[
        float, Field(description="Without a sign of life for so long, one is silent")
    ]


def engines_out(reports: Sequence[EngineReport]) -> list[EngineOut]:
    """Return engines for readers."""
    found = []
    for report in reports:
        row = report.engine
        state, since = state_of(row)
        found.append(
            EngineOut(
                id=row.engine_id,
                site=row.site,
                version=row.version,
                state=state,
                since=since,
                heard_at=row.alive_at,
                cameras=report.cameras,
            )
        )
    return found


@router.get("", summary="Engines and how they are")
def list_engines(services: Services_, _: Reader) -> EngineList:
    """Return the engines that say what they watch."""
    return EngineList(
        items=engines_out(services.engines.engines()),
        silent_after_s=SILENT.total_seconds(),
    )


@router.put("/{engine}", status_code=204, summary="Say what an engine watches")
async def begin_to_watch(
    engine: Engine, told: EngineIn, request: Request, services: Services_, _: Ingester
) -> None:
    """Take down which cameras an engine watches; a sign of life as well.

    Its cameras are known from now on, before any of them reports. One that it watched
    and does not name counts as taken out.
    """
    canonical(await request.body())  # what databases refuse, as in every message
    run = Run(
        told.site,
        told.version,
        told.run,
        told.up_s,
        [Watched(one, one.location, moving=one.moving) for one in told.cameras],
    )
    await run_in_threadpool(services.engines.begins, engine, run)
    services.feed.ring()


@router.post("/{engine}/alive", status_code=204, summary="Give a sign of life")
def stay_alive(engine: Engine, told: RunIn, services: Services_, _: Ingester) -> None:
    """Take a sign of life; 404: say first what is watched."""
    services.engines.alive(engine, told.run)


@router.post("/{engine}/end", status_code=204, summary="Say that an engine stops")
def end_to_watch(engine: Engine, told: RunIn, services: Services_, _: Ingester) -> None:
    """Take down that an engine stops; until it begins again nobody watches."""
    services.engines.ends(engine, told.run)


@router.delete("/{engine}", status_code=204, summary="Take an engine out of use")
def forget_engine(engine: Plain, services: Services_, who: Admin) -> None:
    """Forget an engine that is silent or stopped; its cameras count as taken out."""
    services.engines.forget(engine, who)
