"""Packages of evidence: told of once, when a manifest and all that it lists are here.

Files come after their event, in any order and perhaps days later. What completes a
package is whichever file is recorded last, so each arrival looks. A clip that ends
after its event comes with a manifest of its own, which lists the earlier files, too:
the package is complete a second time. A manifest that lists a file which never comes
is never told of; those before it were.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.errors import InvalidContent
from serve.feed import Own, tell
from serve.files import EvidenceFiles
from serve.manifests import ROLE, Manifest, is_known_seal, read_manifest
from serve.message_types import COMPLETED, PREFIX
from serve.shapes import CameraOfEvent, EvidenceOut, LocationOut
from serve.store.case_tables import CaseRow
from serve.store.database import Database
from serve.store.events import StoredEvent, stored_event
from serve.store.retention_tables import DeletionRow
from serve.store.tables import EvidenceRow, MessageRow
from serve.views import event_out
from vision.core.ports import Clock

logger = logging.getLogger(__name__)

#: Manifests of an event that may wait for files at a time; older ones are let go.
WAITING = 4


class PackageTold(BaseModel):
    """A package of evidence that is here as a manifest lists it."""

    event_id: str
    slug: str
    scheme: str
    code: str
    code_name: str
    camera: CameraOfEvent
    location: LocationOut | None
    case: Annotated[int, Field(description="Its number")]
    department: Annotated[str | None, Field(description="Whose case it is, by code")]
    manifest: Annotated[str, Field(description="Its name among the files")]
    revision: Annotated[
        int | None, Field(description="Of the manifest; rising with each that comes")
    ]
    files: Annotated[
        list[EvidenceOut],
        Field(description="All that is here of the event, the manifest included"),
    ]


class EvidenceMessage(BaseModel):
    """CloudEvent `org.streetwarden.evidence.completed.v1`."""

    specversion: Literal["1.0"]
    type: Literal["org.streetwarden.evidence.completed.v1"]
    id: Annotated[str, Field(description="Unique; take it as a whole")]
    source: str
    subject: Annotated[str, Field(description="`events/` and the id")]
    time: datetime
    datacontenttype: Literal["application/json"]
    data: PackageTold


class Packages:
    """Looks whether packages are complete, and tells of those that are."""

    def __init__(self, database: Database, clock: Clock, files: EvidenceFiles) -> None:
        """Use this database and these files; `clock` stamps what is told."""
        self._database = database
        self._clock = clock
        self._files = files

    def look(self, event_id: str) -> bool:
        """Tell of the event's manifests whose files are all here; each once.

        To be called when a file is recorded, after its transaction: of two that are
        recorded at once, the later one sees both.

        Returns:
            Whether something was told.
        """
        told = False
        for row in self._untold(event_id):
            manifest = self._read(row)
            if manifest is not None and self._is_here(manifest):
                told |= self._database.settle(partial(self._tell, row, manifest))
        return told

    def _untold(self, event_id: str) -> Sequence[EvidenceRow]:
        with self._database.read() as session:
            manifests = session.scalars(
                select(EvidenceRow)
                .where(EvidenceRow.event_id == event_id, EvidenceRow.role == ROLE)
                .order_by(EvidenceRow.stored_at, EvidenceRow.name)
            ).all()
            if not manifests:
                return ()
            told = _known(session, [_message_id(row) for row in manifests])
        return [row for row in manifests if _message_id(row) not in told][-WAITING:]

    def _read(self, row: EvidenceRow) -> Manifest | None:
        try:
            content = self._files.read(row.sha256, 0, row.size_bytes)
            return read_manifest(content, row.event_id)
        except (OSError, InvalidContent) as error:
            # Evidence comes in all the same; the next file of the event looks again.
            logger.warning(
                "%s/%s cannot be read, so nobody is told that its files are here: %s",
                row.event_id,
                row.name,
                error,
            )
            return None

    def _is_here(self, manifest: Manifest) -> bool:
        with self._database.read() as session:
            # What was deleted under a rule had come.
            here = {
                (name, sha256)
                for table in (EvidenceRow, DeletionRow)
                for name, sha256 in session.execute(
                    select(table.name, table.sha256).where(
                        table.event_id == manifest.event_id
                    )
                )
            }
        digests = {sha256 for _, sha256 in here}
        return all(
            (file.name, file.sha256) in here or is_known_seal(file, digests)
            for file in manifest.files
        )

    def _tell(self, row: EvidenceRow, manifest: Manifest, session: Session) -> bool:
        if _known(session, [_message_id(row)]):
            return False  # another worker was quicker
        now = self._clock.now()
        stored = stored_event(session, row.event_id)
        own = Own(
            message_id=_message_id(row),
            type=PREFIX + COMPLETED,
            source="/events",
            subject=f"events/{row.event_id}",
            order_key=row.event_id,
            sequence=manifest.revision or 0,
            time=now,
            data=_told(session, stored, row.name, manifest).model_dump(mode="json"),
        )
        tell(session, own, now=now)
        return True


def _known(session: Session, message_ids: Sequence[str]) -> Collection[str]:
    query = select(MessageRow.message_id).where(MessageRow.message_id.in_(message_ids))
    return set(session.scalars(query))


def _message_id(row: EvidenceRow) -> str:
    # By its content: the same manifest is told of once, whatever comes in between.
    return f"evidence-{row.event_id}-{row.sha256}"


def _told(
    session: Session, stored: StoredEvent, name: str, manifest: Manifest
) -> PackageTold:
    event = event_out(stored)
    case = session.scalars(
        select(CaseRow).where(CaseRow.event_id == event.event_id)
    ).one()
    listed = {file.name for file in manifest.files}
    return PackageTold(
        event_id=event.event_id,
        slug=event.slug,
        scheme=event.scheme,
        code=event.code,
        code_name=event.code_name,
        camera=event.camera,
        location=event.location,
        case=case.number,
        department=case.department,
        manifest=name,
        revision=manifest.revision,
        files=[one for one in event.evidence if one.url or one.name in listed],
    )
