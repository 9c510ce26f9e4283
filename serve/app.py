"""The application factory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from serve.console.pages import mount_console
from serve.failures import install_handlers
from serve.heads import AnswerHead
from serve.jobs import work_beside
from serve.middleware import LimitBody, Observe
from serve.openapi import describe_problems
from serve.people.roles import Scope
from serve.routes import (
    batch,
    cameras,
    cases,
    deliveries,
    engines,
    events,
    evidence,
    export,
    grids,
    indicators,
    keys,
    messages,
    open311,
    operation,
    people,
    retention,
    stream,
    subscriptions,
    uploads,
    verifications,
)
from serve.services import Services, assemble
from serve.settings import Settings
from serve.throttle import LimitRate
from serve.under_path import UnderPath
from vision.core.clock import SystemClock
from vision.core.ports import Clock


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """Return the service; the database is opened and migrated when it starts.

    Args:
        settings: where it keeps its state and what it allows.
        clock: wall time; the machine's by default.
    """
    services = assemble(settings, clock or SystemClock())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        prepare(services)
        following = asyncio.create_task(services.broadcast.run())
        with work_beside(services):
            yield
        services.broadcast.stop()
        await following
        if services.oidc is not None:
            services.oidc.close()
        services.database.close()

    app = FastAPI(
        title="Streetwarden event service",
        version=_version(),
        description=(
            "Street violations with their proof, for dispatch systems. "
            "Errors are problem documents (RFC 9457) with stable types."
        ),
        lifespan=lifespan,
        # What generated clients call an operation must not change with its address.
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": settings.root}] if settings.root else None,
    )
    app.state.services = services
    app.add_middleware(AnswerHead)
    app.add_middleware(
        LimitBody,
        limit_bytes=settings.max_body_bytes,
        evidence_bytes=settings.max_evidence_bytes,
        silence_s=settings.body_silence_s,
    )
    if settings.requests_per_s > 0:
        app.add_middleware(
            LimitRate, per_s=settings.requests_per_s, clock=services.clock
        )
    app.add_middleware(Observe, metrics=services.metrics)
    if settings.root:
        app.add_middleware(UnderPath, root=settings.root)
    install_handlers(app)
    for part in (
        batch,
        events,
        evidence,
        uploads,
        cameras,
        engines,
        cases,
        verifications,
        stream,
        messages,
        subscriptions,
        deliveries,
        indicators,
        export,
        open311,
        grids,
        people,
        keys,
        retention,
        operation,
    ):
        app.include_router(part.router)
    mount_console(app)
    describe_problems(app)
    return app


def prepare(services: Services) -> None:
    """Bring the database up to date and store the pre-seeded key; may be repeated."""
    services.settings.home.mkdir(parents=True, exist_ok=True)
    services.database.migrate()
    if services.settings.api_key is not None:
        services.keys.create(
            "preseeded",
            [Scope.INGEST],
            secret=services.settings.api_key.get_secret_value(),
        )


def _version() -> str:
    try:
        return version("streetwarden")
    except PackageNotFoundError:
        return "0"
