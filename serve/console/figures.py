"""Figures: what came in, what was done in time, where it comes back, who could see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.cases.counting import Flow, Group, Period
from serve.cases.indicators import INDICATORS, Count, shares
from serve.console import sign_in
from serve.console.render import page, visitor

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

By = Literal["department", "slug", "street", "grid_id"]
_GROUPINGS: tuple[By, ...] = ("department", "slug", "street", "grid_id")
_DAYS = (7, 30, 90)
_COLUMNS = 30  # of the plot
_MOST_GROUPS = 40
PLOT_WIDTH, PLOT_HEIGHT = 1000.0, 160.0
_TABLE = (
    "registration_rate",
    "timely_handling_rate",
    "closing_rate",
    "rework_rate",
    "false_report_rate",
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of the plot, in its units."""

    x: float
    width: float
    label: str
    reported: int
    closed: int
    reported_height: float
    closed_height: float


@router.get("/figures")
def figures(
    request: Request, services: Services_, days: int = 30, by: By = "department"
) -> Response:
    """Show the indicators of a period."""
    looker = visitor(request, services)
    who = looker.reader
    if who is None:
        return sign_in.ask(request, services, looker)
    until = services.clock.now()
    length = days if days in _DAYS else _DAYS[1]
    period = Period(until - timedelta(days=length), until)
    statistics = services.statistics
    (total,) = statistics.groups(period, None, who)
    flow = statistics.flow(period, min(length, _COLUMNS), who)
    highest = max([1, *(one.reported for one in flow), *(one.closed for one in flow)])
    zone = ZoneInfo(services.settings.timezone)
    names = {one.code: one.name for one in services.policy.routing.departments}
    values = {
        "days": length,
        "choices": _DAYS,
        "by": by,
        "groupings": _GROUPINGS,
        "counts": {count.value: total.counts[count] for count in Count},
        "indicators": [
            (name, one, shares(total.counts)[name], total.counts)
            for name, one in INDICATORS.items()
        ],
        "table": _TABLE,
        "groups": [
            (_name(group, by, names), group.counts, shares(group.counts))
            for group in statistics.groups(period, by, who)[:_MOST_GROUPS]
        ],
        "bars": _bars(flow, highest, zone),
        "highest": highest,
        "plot": (PLOT_WIDTH, PLOT_HEIGHT),
        "spots": statistics.hot_spots(period, who, limit=10),
    }
    return page(request, services, looker, "figures.html", values)


def _name(group: Group, by: By, names: dict[str, str]) -> str | None:
    if group.key is None or by != "department":
        return group.key
    return names.get(group.key, group.key)


def _bars(flow: Sequence[Flow], highest: int, zone: ZoneInfo) -> list[Bar]:
    width = PLOT_WIDTH / len(flow)
    return [
        Bar(
            x=round(index * width, 1),
            width=round(width * 0.4, 1),
            label=one.until.astimezone(zone).date().isoformat(),
            reported=one.reported,
            closed=one.closed,
            reported_height=round(PLOT_HEIGHT * one.reported / highest, 1),
            closed_height=round(PLOT_HEIGHT * one.closed / highest, 1),
        )
        for index, one in enumerate(flow)
    ]
