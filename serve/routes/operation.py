"""For those who run the service: is it well, what does it count, what does it speak."""

import logging
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from serve.access import Services_
from serve.cases.told import CaseMessage
from serve.messages import ViolationMessage
from serve.outward.backlog import backlog
from serve.packages import EvidenceMessage

router = APIRouter(tags=["operation"])

logger = logging.getLogger(__name__)

NOBODY = "0" * 64
VIOLATION_PATH = "/schemas/violation-event.v1.json"
CASE_PATH = "/schemas/case-event.v1.json"
EVIDENCE_PATH = "/schemas/evidence-event.v1.json"
_SCHEMA: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/schema+json": {"schema": {"type": "object"}}}}
}


class SchemaResponse(JSONResponse):
    """A JSON Schema."""

    media_type = "application/schema+json"


class Status(BaseModel):
    """All is well; trouble is a problem document."""

    status: str


@router.get("/healthz", summary="Is the process alive")
def get_health() -> Status:
    """Answer as long as the process can."""
    return Status(status="ok")


@router.get("/readyz", summary="Can it serve")
def get_readiness(services: Services_) -> Status:
    """Answer 200 when the database and the evidence store answer, else 503."""
    services.database.ping()
    services.files.size(NOBODY)
    return Status(status="ready")


@router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
def get_metrics(services: Services_) -> PlainTextResponse:
    """Return counters in Prometheus' text format; no names of people or places."""
    try:
        waiting = backlog(services.database, services.clock)
        services.metrics.outward(waiting, services.broadcast.listeners)
        services.metrics.watching(services.cameras.watching())
    except SQLAlchemyError:
        # What this process counted is worth most while the database is away.
        logger.warning("metrics without deliveries and cameras: the database is away")
    return PlainTextResponse(
        services.metrics.text(), media_type="text/plain; version=0.0.4"
    )


@router.get(
    VIOLATION_PATH,
    summary="JSON Schema of a violation event",
    response_class=SchemaResponse,
    responses=_SCHEMA,
)
def get_violation_schema() -> SchemaResponse:
    """Return the schema that incoming events are checked against."""
    return _schema_of(ViolationMessage, VIOLATION_PATH)


@router.get(
    CASE_PATH,
    summary="JSON Schema of what is told of a case",
    response_class=SchemaResponse,
    responses=_SCHEMA,
)
def get_case_schema() -> SchemaResponse:
    """Return the schema of messages about cases, whatever way they come."""
    return _schema_of(CaseMessage, CASE_PATH)


@router.get(
    EVIDENCE_PATH,
    summary="JSON Schema of what is told of evidence",
    response_class=SchemaResponse,
    responses=_SCHEMA,
)
def get_evidence_schema() -> SchemaResponse:
    """Return the schema of messages about packages of evidence that are complete."""
    return _schema_of(EvidenceMessage, EVIDENCE_PATH)


def _schema_of(message: type[BaseModel], path: str) -> SchemaResponse:
    return SchemaResponse(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"https://streetwarden.org{path}",
            **message.model_json_schema(mode="validation"),
        },
    )
