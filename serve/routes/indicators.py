"""Indicators, hot spots and coverage."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from serve.access import Reader, Services_
from serve.cases.counting import Period
from serve.cases.indicators import INDICATORS, shares
from serve.errors import InvalidContent
from serve.messages import QueryTime
from serve.routes.cameras import seen_by

router = APIRouter(tags=["indicators"])

DEFAULT = timedelta(days=30)


class Definition(BaseModel):
    """What an indicator means."""

    name: str
    meaning: str
    part: str
    whole: str


class GroupOut(BaseModel):
    """Indicators of one group; null where there was nothing to divide by."""

    key: str | None
    counts: dict[str, int]
    indicators: dict[str, float | None]


class Report(BaseModel):
    """Indicators of a period."""

    since: datetime
    until: datetime
    by: str | None
    groups: list[GroupOut]
    definitions: dict[str, Definition]


class MiddleOut(BaseModel):
    """The middle of what was seen near each other, WGS-84 degrees."""

    lat: float
    lon: float


class HotSpotOut(BaseModel):
    """Where a violation comes back: at a fixed camera, or around a place."""

    camera_id: Annotated[
        str | None, Field(description="null: moving cameras saw it, see `place`")
    ]
    place: Annotated[
        MiddleOut | None,
        Field(description="Within some thirty metres of it; null at a fixed camera"),
    ]
    slug: str
    grid_id: str | None
    events: int
    latest: datetime


class CoverageOut(BaseModel):
    """How long a camera could see in the part of the period that is known."""

    camera_id: str
    known_s: float
    blind_s: float
    share: Annotated[float | None, Field(description="Seeing share of what is known")]


def period_of(
    services: Services_,
    since: Annotated[
        QueryTime | None, Query(description="Default: 30 days before")
    ] = None,
    until: Annotated[QueryTime | None, Query(description="Default: now")] = None,
) -> Period:
    """Return the period a query asks for.

    Raises:
        InvalidContent: it ends before it begins.
    """
    end = until or services.clock.now()
    begin = since or end - DEFAULT
    if begin >= end:
        msg = "since: expected a time before until"
        raise InvalidContent(msg)
    return Period(begin, end)


Asked = Annotated[Period, Depends(period_of)]


@router.get("/api/v1/indicators", summary="Indicators from the case history")
def get_indicators(
    services: Services_,
    who: Reader,
    period: Asked,
    by: Literal["department", "slug", "grid_id", "street"] | None = None,
) -> Report:
    """Return 立案率, 处置率, 结案率 and so on, with counts and definitions."""
    groups = services.statistics.groups(period, by, who)
    return Report(
        since=period.since,
        until=period.until,
        by=by,
        groups=[
            GroupOut(
                key=group.key,
                counts={name.value: number for name, number in group.counts.items()},
                indicators=shares(group.counts),
            )
            for group in groups
        ],
        definitions={
            key: Definition(
                name=one.name, meaning=one.meaning, part=one.part, whole=one.whole
            )
            for key, one in INDICATORS.items()
        },
    )


@router.get("/api/v1/hotspots", summary="Where violations come back")
def list_hot_spots(
    services: Services_,
    who: Reader,
    period: Asked,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> list[HotSpotOut]:
    """Return places with more than one event of a kind, most first.

    What was merged into another case is not counted again.
    """
    return [
        HotSpotOut(
            camera_id=spot.camera_id,
            place=spot.place and MiddleOut(lat=spot.place[0], lon=spot.place[1]),
            slug=spot.slug,
            grid_id=spot.grid_id,
            events=spot.events,
            latest=spot.latest,
        )
        for spot in services.statistics.hot_spots(period, who, limit=limit)
    ]


@router.get("/api/v1/coverage", summary="How long cameras could see")
def list_coverage(services: Services_, who: Reader, period: Asked) -> list[CoverageOut]:
    """Tell "no violation" from "blind": per camera, what engines reported.

    While its engine is silent or stopped a camera counts as blind; once it is taken
    out, nothing is claimed of it.
    """
    visible = {report.camera.camera_id for report in seen_by(who, services)}
    return [
        CoverageOut(
            camera_id=one.camera_id,
            known_s=one.known.total_seconds(),
            blind_s=one.blind.total_seconds(),
            share=1 - one.blind / one.known if one.known else None,
        )
        for one in services.statistics.coverage(period)
        if one.camera_id in visible
    ]
