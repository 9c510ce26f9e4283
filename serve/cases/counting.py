"""Counting cases and events over periods."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serve.cases.hot_spots import HotSpot, hot_spots
from serve.cases.indicators import Count, StepFact, Tally, tally
from serve.cases.lifecycle import State
from serve.people.roles import Principal
from serve.store.cameras import NOT_RECORDED, TAKEN_OUT
from serve.store.case_tables import CaseRow, CaseStepRow
from serve.store.database import Database
from serve.store.tables import CameraRow, EngineRow, EventRow, HealthLogRow
from serve.watching import UNWATCHED, WatchState, watch_of
from vision.core.health import BLINDING, HealthKind

_UNCLAIMED = frozenset({TAKEN_OUT, NOT_RECORDED})
_COUNTED = frozenset({*BLINDING, *_UNCLAIMED})
Trouble = tuple[str, bool, datetime]


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` (included) until `until` (not included)."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """The cases of one department, type, cell or street."""

    key: str | None
    counts: Counter[Count]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How long a camera could see.

    Attributes:
        camera_id: which.
        known: how much of the period it was known, not taken out, and recorded.
        blind: how long of that it could not see, or nobody watched it.
    """

    camera_id: str
    known: timedelta
    blind: timedelta


@dataclass(frozen=True, slots=True)
class Flow:
    """How many cases came and how many were closed in a time that ends so."""

    until: datetime
    reported: int
    closed: int


class Statistics:
    """Counts for reports."""

    def __init__(self, database: Database) -> None:
        """Use this database."""
        self._database = database

    def groups(self, period: Period, by: str | None, who: Principal) -> list[Group]:
        """Return counts of the cases reported in a period, in the asker's districts.

        Args:
            period: when they were reported.
            by: `department`, `slug`, `grid_id`, `street`, or None for all in one.
            who: sees only their districts.
        """
        columns = {
            "department": CaseRow.department,
            "slug": CaseRow.slug,
            "grid_id": CaseRow.grid_id,
            "street": CaseRow.street,
        }
        query = select(CaseRow.tally, func.count()).where(
            CaseRow.reported_at >= period.since, CaseRow.reported_at < period.until
        )
        if who.districts:
            query = query.where(CaseRow.street.in_(sorted(who.districts)))
        key = columns[by] if by is not None else None
        with self._database.read() as session:
            if key is None:
                total = _add(session.execute(query.group_by(CaseRow.tally)))
                return [Group(None, total)]
            rows = session.execute(query.add_columns(key).group_by(key, CaseRow.tally))
            by_key: dict[str | None, list[tuple[str, int]]] = {}
            for text, number, value in rows:
                by_key.setdefault(value, []).append((text, number))
        ordered = sorted(by_key, key=lambda one: (one is None, one or ""))
        return [Group(one, _add(by_key[one])) for one in ordered]

    def flow(self, period: Period, parts: int, who: Principal) -> list[Flow]:
        """Return what came and went in equal parts of a period, for a plot."""
        length = (period.until - period.since) / parts
        begins = [period.since + length * part for part in range(parts)]
        districts = [CaseRow.street.in_(sorted(who.districts))] if who.districts else []
        closed = CaseRow.state == State.CLOSED.value
        found = []
        with self._database.read() as session:
            for begin in begins:
                came = select(func.count()).where(
                    CaseRow.reported_at >= begin,
                    CaseRow.reported_at < begin + length,
                    *districts,
                )
                went = select(func.count()).where(
                    closed,
                    CaseRow.closed_at >= begin,
                    CaseRow.closed_at < begin + length,
                    *districts,
                )
                found.append(
                    Flow(
                        begin + length,
                        session.scalar(came) or 0,
                        session.scalar(went) or 0,
                    )
                )
        return found

    def recount(self, case_number: int) -> Tally:
        """Return a case's tally, counted anew from its history."""
        with self._database.read() as session:
            steps = session.scalars(
                select(CaseStepRow)
                .where(CaseStepRow.case_number == case_number)
                .order_by(CaseStepRow.version)
            ).all()
        due_before: list[datetime | None] = [None, *(step.due_at for step in steps)]
        return tally(
            StepFact(step.action, step.at, due)
            for step, due in zip(steps, due_before, strict=False)
        )

    def hot_spots(self, period: Period, who: Principal, *, limit: int) -> list[HotSpot]:
        """Return where the same violation came back most often."""
        wanted = [
            EventRow.opened_at >= period.since,
            EventRow.opened_at < period.until,
        ]
        if who.districts:
            wanted.append(EventRow.street.in_(sorted(who.districts)))
        with self._database.read() as session:
            return hot_spots(session, wanted, limit=limit)

    def coverage(self, period: Period) -> list[Coverage]:
        """Return how long each camera could see, from what engines reported.

        Before its first report nothing is known of a camera, and nothing is claimed.
        """
        with self._database.read() as session:
            cameras = session.scalars(
                select(CameraRow).order_by(CameraRow.camera_id)
            ).all()
            engines = {one.engine_id: one for one in session.scalars(select(EngineRow))}
            troubles = _reported(session, period)
        # An engine's own troubles concern none of its cameras.
        lost = [one for one in troubles.get("", []) if one[0] == NOT_RECORDED]
        found = []
        for camera in cameras:
            engine = engines.get(camera.engine_id or "")
            told = [*troubles.get(camera.camera_id, []), *_standing(camera, engine)]
            first = min([camera.first_seen, *(at for _, _, at in told)])
            known = Period(max(period.since, first), period.until)
            found.append(_coverage(camera.camera_id, [*told, *lost], known))
        return found


def _coverage(camera_id: str, troubles: Sequence[Trouble], period: Period) -> Coverage:
    standing: set[str] = set()
    known, blind, at_before = timedelta(), timedelta(), period.since
    if period.since >= period.until:
        return Coverage(camera_id, known, blind)
    in_order = sorted(troubles, key=lambda one: one[2])
    for kind, ok, at in [*in_order, ("", True, period.until)]:
        now = min(max(at, period.since), period.until)
        if not standing & _UNCLAIMED:
            known += now - at_before
            blind += now - at_before if standing else timedelta()
        at_before = now
        (standing.discard if ok else standing.add)(kind)
    return Coverage(camera_id, known, blind)


def _reported(session: Session, period: Period) -> dict[str, list[Trouble]]:
    """Return what was reported until the end of a period, in order, by camera.

    What concerns all of them stands under no name (`""`).
    Of what lies before the period the first and the latest word of each kind are
    enough: years of it would have to be read.
    """
    log = HealthLogRow
    counted = log.kind.in_(_COUNTED)
    ends = (func.min(log.at), func.max(log.at), func.max(log.number))
    before = session.execute(
        select(log.camera_id, log.kind, log.ok, *ends)
        .where(log.at < period.since, counted)
        .group_by(log.camera_id, log.kind, log.ok)
    )
    found = [
        (at, number, camera_id, kind, ok)
        for camera_id, kind, ok, first, last, latest in before
        for at, number in ((first, 0), (last, latest))
    ]
    within = session.execute(
        select(log.at, log.number, log.camera_id, log.kind, log.ok).where(
            log.at >= period.since, log.at < period.until, counted
        )
    )
    found += [(at, number, camera, kind, ok) for at, number, camera, kind, ok in within]
    troubles: dict[str, list[Trouble]] = {}
    for at, _, camera_id, kind, ok in sorted(found):
        troubles.setdefault(camera_id, []).append((kind, ok, at))
    return troubles


def _standing(camera: CameraRow, engine: EngineRow | None) -> Iterable[Trouble]:
    """Return why a camera is not watched now, as the log will have it later."""
    watch = watch_of(camera, engine)
    if watch.since is not None and watch.state in UNWATCHED:
        yield HealthKind.ENGINE_SILENT, False, watch.since
    if watch.since is not None and watch.state is WatchState.LEFT:
        yield TAKEN_OUT, False, watch.since


def _add(rows: Iterable[tuple[str, int]]) -> Counter[Count]:
    total: Counter[Count] = Counter()
    for text, number in rows:
        for flag in Tally.read(text).flags:
            total[flag] += number
    return total
