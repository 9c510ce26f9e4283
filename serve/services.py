"""Everything that a request may need, put together once per process."""

from dataclasses import dataclass

from fastapi import Request

from serve.cases.counting import Statistics
from serve.cases.escalation import Escalation
from serve.cases.grid import Grid
from serve.cases.policy import Policy, load_policy
from serve.cases.query import CaseQuery
from serve.cases.store import CaseStore
from serve.cases.verification import VerificationStore
from serve.feed import Feed
from serve.files import EvidenceFiles
from serve.metrics import Metrics
from serve.object_storage import ObjectStorage
from serve.orphans import Orphans
from serve.outward.broadcast import Broadcast
from serve.outward.ping import Pinger
from serve.outward.queue import DeliveryQueue
from serve.outward.secrets import SecretBox
from serve.outward.subscriptions import SubscriptionStore
from serve.packages import Packages
from serve.partials import PartialFiles
from serve.people.audit import AuditLog
from serve.people.keys import KeyStore
from serve.people.oidc import OidcProvider
from serve.people.users import UserStore
from serve.retention import Retention, load_rules
from serve.settings import Settings, SettingsError
from serve.storage import Folder, Storage, StorageError
from serve.store.cameras import CameraStore
from serve.store.database import Database
from serve.store.engines import EngineStore
from serve.store.events import EventStore
from serve.store.evidence import EvidenceStore
from serve.store.grouped import GroupedIntake
from serve.store.holds import HoldStore
from serve.store.intake import Intake
from vision.core.ports import Clock

PARTIALS = 32  # of the longest files that may be on their way in at once


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running service."""

    settings: Settings
    clock: Clock
    policy: Policy
    database: Database
    keys: KeyStore
    users: UserStore
    oidc: OidcProvider | None
    audit: AuditLog
    intake: Intake
    grouped: GroupedIntake
    events: EventStore
    evidence: EvidenceStore
    files: EvidenceFiles
    packages: Packages
    partials: PartialFiles
    storage: Storage
    holds: HoldStore
    retention: Retention
    orphans: Orphans
    cameras: CameraStore
    engines: EngineStore
    grid: Grid
    cases: CaseStore
    find_cases: CaseQuery
    escalation: Escalation
    verifications: VerificationStore
    statistics: Statistics
    feed: Feed
    broadcast: Broadcast
    subscriptions: SubscriptionStore
    queue: DeliveryQueue
    pinger: Pinger
    metrics: Metrics


def assemble(settings: Settings, clock: Clock) -> Services:
    """Return the parts for these settings; opens nothing yet.

    Raises:
        SettingsError: a file of the city's rules cannot be used.
    """
    database = Database(settings.database)
    audit = AuditLog(database, clock)
    storage = _storage(settings)
    incoming = settings.incoming_dir
    evidence = EvidenceStore(database, clock)
    files = EvidenceFiles(storage, incoming, evidence.note)
    at_once_bytes = PARTIALS * settings.max_evidence_bytes
    policy = load_policy(settings.config_dir)
    grid = Grid(database, clock)
    feed = Feed(database)
    box = _box(settings)
    cases = CaseStore(database, clock, policy, audit)
    subscriptions = SubscriptionStore(database, clock, box)
    intake = Intake(database, clock, grid, cases)
    return Services(
        settings=settings,
        clock=clock,
        policy=policy,
        database=database,
        keys=KeyStore(database, clock),
        users=UserStore(database, clock),
        oidc=None if settings.oidc is None else OidcProvider(settings.oidc, box, clock),
        audit=audit,
        intake=intake,
        grouped=GroupedIntake(intake.take_all),
        events=EventStore(database),
        evidence=evidence,
        files=files,
        packages=Packages(database, clock, files),
        partials=PartialFiles(incoming, limit_bytes=at_once_bytes, clock=clock),
        holds=HoldStore(database, clock, audit),
        retention=Retention(
            database,
            clock,
            files,
            load_rules(settings.config_dir),
            memory=settings.home / "serve-time.json",
        ),
        orphans=Orphans(database, clock, storage),
        storage=storage,
        cameras=CameraStore(database, clock),
        engines=EngineStore(database, clock, audit),
        grid=grid,
        cases=cases,
        find_cases=CaseQuery(database),
        escalation=Escalation(database, clock, cases),
        verifications=VerificationStore(database, clock, cases),
        statistics=Statistics(database),
        feed=feed,
        broadcast=Broadcast(feed),
        subscriptions=subscriptions,
        queue=DeliveryQueue(database, clock),
        pinger=Pinger(
            subscriptions, clock, allow_private=settings.allow_private_webhooks
        ),
        metrics=Metrics(),
    )


def _storage(settings: Settings) -> Storage:
    if not settings.evidence_url:
        return Folder(settings.evidence_dir)
    try:
        return ObjectStorage(settings.evidence_url, settings.evidence_endpoint)
    except StorageError as error:
        raise SettingsError(str(error)) from error


def _box(settings: Settings) -> SecretBox:
    given = settings.secret_key
    return SecretBox(settings.home, None if given is None else given.get_secret_value())


async def services_of(request: Request) -> Services:
    """Return the running service's parts, for routes to depend on."""
    services = request.app.state.services
    if not isinstance(services, Services):
        msg = "the application was not made by create_app"
        raise TypeError(msg)
    return services
