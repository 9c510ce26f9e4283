"""Everything that a request may need, put together once per process."""

from dataclasses import dataclass

from fastapi import Request

from serve.files import EvidenceFiles
from serve.metrics import Metrics
from serve.settings import Settings
from serve.store.cameras import CameraStore
from serve.store.database import Database
from serve.store.events import EventStore
from serve.store.evidence import EvidenceStore
from serve.store.keys import KeyStore
from vision.core.ports import Clock


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running service."""

    settings: Settings
    clock: Clock
    database: Database
    keys: KeyStore
    events: EventStore
    evidence: EvidenceStore
    files: EvidenceFiles
    cameras: CameraStore
    metrics: Metrics


def assemble(settings: Settings, clock: Clock) -> Services:
    """Return the parts for these settings; opens nothing yet."""
    database = Database(settings.database)
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        keys=KeyStore(database, clock),
        events=EventStore(database, clock),
        evidence=EvidenceStore(database, clock),
        files=EvidenceFiles(settings.evidence_dir),
        cameras=CameraStore(database, clock),
        metrics=Metrics(),
    )


def services_of(request: Request) -> Services:
    """Return the running service's parts, for routes to depend on."""
    services = request.app.state.services
    if not isinstance(services, Services):
        msg = "the application was not made by create_app"
        raise TypeError(msg)
    return services
