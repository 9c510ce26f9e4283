"""Deliveries: what is on its way to a subscription, what did not arrive, once more."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from serve.access import Admin, Services_
from serve.errors import NotFound
from serve.people.audit import Deed
from serve.routes.subscriptions import PREFIX, Number
from serve.store.delivery_tables import DeliveryRow

router = APIRouter(prefix=PREFIX, tags=["webhooks"])


class DeliveryOut(BaseModel):
    """One message on its way, or at its end."""

    number: int
    message_id: str
    event_id: str
    state: str
    attempts: int
    next_at: datetime
    status: int | None
    error: str | None
    finished_at: datetime | None


class DeliveryPage(BaseModel):
    """Some deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None


class Replayed(BaseModel):
    """How many go out again."""

    deliveries: int


@router.get("/{number}/deliveries", summary="What is on its way, and dead letters")
def list_deliveries(
    number: Number,
    services: Services_,
    _: Admin,
    state: Literal["pending", "delivered", "dead"] | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> DeliveryPage:
    """Return a subscription's deliveries, newest first."""
    services.subscriptions.get(number)
    limit = 100
    rows = services.queue.page(number, state=state, limit=limit, before=before)
    following = None
    if len(rows) == limit:
        base = f"{PREFIX}/{number}/deliveries?before={rows[-1].number}"
        following = base + (f"&state={state}" if state else "")
    return DeliveryPage(items=[_delivery(row) for row in rows], next=following)


@router.post("/{number}/replay", summary="Send all dead letters again")
def replay_deliveries(number: Number, services: Services_, who: Admin) -> Replayed:
    """Queue every dead letter again, under its old id."""
    services.subscriptions.get(number)
    count = services.queue.replay(number)
    services.audit.note(Deed(who, "deliveries.replayed", f"{number}: {count}"))
    services.feed.ring()
    return Replayed(deliveries=count)


@router.post("/{number}/deliveries/{delivery}/replay", summary="Send one again")
def replay_delivery(
    number: Number, delivery: Number, services: Services_, who: Admin
) -> Replayed:
    """Queue one finished delivery again, under its old id."""
    services.subscriptions.get(number)
    if services.queue.replay(number, delivery) == 0:
        msg = f"delivery: got {delivery}; there is no finished one of that number"
        raise NotFound(msg)
    services.audit.note(Deed(who, "deliveries.replayed", f"{number}: #{delivery}"))
    services.feed.ring()
    return Replayed(deliveries=1)


def _delivery(row: DeliveryRow) -> DeliveryOut:
    return DeliveryOut(
        number=row.number,
        message_id=row.message_id,
        event_id=row.order_key,
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at,
        status=row.status,
        error=row.error,
        finished_at=row.finished_at,
    )
