"""Cameras as the service knows them: from what they and their engine report."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from serve.errors import IdConflict
from serve.feed import in_order
from serve.messages import (
    CameraRef,
    HealthMessage,
    Location,
    ViolationMessage,
    canonical,
)
from serve.store.base import metadata
from serve.store.database import Database
from serve.store.tables import (
    CameraRow,
    EngineRow,
    EventRow,
    HealthLogRow,
    HealthRow,
    MessageRow,
)
from serve.watching import Watch, WatchState, watch_of
from vision.core.crs import to_wgs84
from vision.core.ports import Clock

FRESH = timedelta(seconds=10)
# In the log of health: from now on, until it is taken in again, nothing is claimed.
TAKEN_OUT = "taken_out"
# In the log of health, of no camera: what was said of any of them then is lost.
NOT_RECORDED = "not_recorded"
MAX_KNOWN = 10_000

_CAMERAS = metadata.tables[CameraRow.__tablename__]
_SEE_AGAIN = update(_CAMERAS).where(_CAMERAS.c.camera_id == bindparam("seen"))
_SEE_FIRST = insert(_CAMERAS).inline()


@dataclass(frozen=True, slots=True)
class CameraReport:
    """One camera: the newest word on each kind of trouble, and if it is watched."""

    camera: CameraRow
    health: list[HealthRow]
    watch: Watch


class Sightings:
    """Remembers which cameras were just written down, so that not each event writes.

    `last_seen` may lag `FRESH` behind; everything else is written when it changes.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._lock = threading.Lock()
        self._known: dict[str, tuple[datetime, CameraRef, Location | None]] = {}

    def are_fresh(self, message: ViolationMessage, now: datetime) -> bool:
        """Return whether this camera was written down just now, as it is."""
        with self._lock:
            known = self._known.get(message.data.camera.id)
        v = message.data
        if known is None or known[1:] != (v.camera, own_place(v.location)):
            return False
        return timedelta() <= now - known[0] < FRESH

    def remember(self, message: ViolationMessage, now: datetime) -> None:
        """Note that a camera was written down; only once that is committed."""
        v = message.data
        with self._lock:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[v.camera.id] = (now, v.camera, own_place(v.location))


NAME_LENGTH = 256


def see_camera(
    connection: Connection, message: ViolationMessage, now: datetime
) -> None:
    """Remember the camera that a violation message names."""
    v = message.data
    known = {"last_seen": now, **describe(v.camera, own_place(v.location))}
    changed = connection.execute(_SEE_AGAIN, {**known, "seen": v.camera.id})
    if changed.rowcount == 0:
        first = {"camera_id": v.camera.id, "name": "", "first_seen": now}
        connection.execute(_SEE_FIRST, {**first, **known})


def own_place(location: Location | None) -> Location | None:
    """Return where the camera of an event stands; None: it saw a place and moves."""
    moves = location is not None and location.accuracy_m is not None
    return None if moves else location


def describe(camera: CameraRef, location: Location | None) -> dict[str, object]:
    """Return what is told of a camera, by column; what is not told is left out."""
    known: dict[str, object] = {}
    if camera.name:
        known["name"] = camera.name[:NAME_LENGTH]
    if camera.gb_id:
        known["gb_id"] = camera.gb_id
    if location is not None:
        lat, lon = to_wgs84(location.lat, location.lon, location.crs)
        known |= {"lat": lat, "lon": lon, "address": location.address}
    return known


def moves(session: Session, camera_id: str) -> bool:
    """Return whether a camera's engine says that it moves."""
    query = select(CameraRow.moving).where(CameraRow.camera_id == camera_id)
    return bool(session.scalar(query))


class CameraStore:
    """Takes health events in and gives cameras out."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use this database; `clock` stamps arrivals."""
        self._database = database
        self._clock = clock

    def ingest(self, message: HealthMessage, raw: bytes) -> bool:
        """Take one health event in; return False for one that came before.

        Raises:
            IdConflict: the id came before with other content.
        """
        text, sha256 = canonical(raw)
        return self._database.settle(
            lambda session: self._ingest(session, message, text, sha256)
        )

    def _ingest(
        self, session: Session, message: HealthMessage, text: str, sha256: str
    ) -> bool:
        known = session.scalar(
            select(MessageRow.content_sha256).where(MessageRow.message_id == message.id)
        )
        if known is not None:
            if known != sha256:
                msg = f"id: got {message.id} again with other content; use a new id"
                raise IdConflict(msg)
            return False
        now = self._clock.now()
        self._note(session, message, now)
        in_order(session.connection())
        session.add(
            MessageRow(
                message_id=message.id,
                content_sha256=sha256,
                type=message.type,
                event_id=None,
                sequence=0,
                time=message.time,
                received_at=now,
                body=text,
            )
        )
        return True

    def _note(self, session: Session, message: HealthMessage, now: datetime) -> None:
        camera_id = message.data.camera_id or ""
        if camera_id:
            camera = session.get(CameraRow, camera_id)
            if camera is None:
                camera = CameraRow(camera_id=camera_id, name="", first_seen=now)
                session.add(camera)
            camera.last_seen = now
        kind = message.data.kind.value
        # From a clock that was ahead: else it would stand until that time has come.
        at = min(message.time, now)
        session.add(
            HealthLogRow(camera_id=camera_id, kind=kind, ok=message.data.ok, at=at)
        )
        row = session.get(HealthRow, (camera_id, kind), with_for_update=True)
        if row is None:
            row = HealthRow(camera_id=camera_id, kind=kind, at=at)
            session.add(row)
        elif row.at > at:
            return  # a late message does not undo a newer one
        row.ok = message.data.ok
        row.at = at
        row.detail = message.data.detail

    def cameras(self) -> list[CameraReport]:
        """Return every camera that is known, by id."""
        with self._database.read() as session:
            health: dict[str, list[HealthRow]] = {}
            for row in session.scalars(select(HealthRow).order_by(HealthRow.kind)):
                health.setdefault(row.camera_id, []).append(row)
            engines = {one.engine_id: one for one in session.scalars(select(EngineRow))}
            rows = session.scalars(select(CameraRow).order_by(CameraRow.camera_id))
            return [
                CameraReport(
                    row,
                    health.get(row.camera_id, []),
                    watch_of(row, engines.get(row.engine_id or "")),
                )
                for row in rows
            ]

    def moves(self, camera_id: str) -> bool:
        """Return whether a camera's engine says that it moves."""
        with self._database.read() as session:
            return moves(session, camera_id)

    def passing(self, streets: frozenset[str], since: datetime) -> set[str]:
        """Return the cameras without a place that saw something on these streets.

        Args:
            streets: which.
            since: at this time or later.
        """
        there = select(EventRow.number).where(
            EventRow.camera_id == CameraRow.camera_id,
            EventRow.opened_at >= since,
            EventRow.street.in_(sorted(streets)),
        )
        query = select(CameraRow.camera_id).where(
            CameraRow.lat.is_(None), there.exists()
        )
        with self._database.read() as session:
            return set(session.scalars(query))

    def watching(self) -> dict[str, int]:
        """Return how many cameras stand how to their engine, every state named."""
        found = dict.fromkeys((state.value for state in WatchState), 0)
        with self._database.read() as session:
            engines = {one.engine_id: one for one in session.scalars(select(EngineRow))}
            for row in session.scalars(select(CameraRow)):
                found[watch_of(row, engines.get(row.engine_id or "")).state] += 1
        return found

    def engine_health(self) -> list[HealthRow]:
        """Return what is known of the engine itself, by kind."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(HealthRow)
                    .where(HealthRow.camera_id == "")
                    .order_by(HealthRow.kind)
                )
            )
