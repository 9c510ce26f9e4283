"""Webhooks: who is told what, signed how, and what did not arrive."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from serve.access import Admin, Services_
from serve.errors import InvalidContent, NotFound
from serve.message_types import beginning_of
from serve.messages import EXACT
from serve.outward.subscriptions import Wish
from serve.outward.targets import ForbiddenTargetError, check_form
from serve.people.audit import Deed
from serve.store.delivery_tables import DeliveryRow, SubscriptionRow
from vision.core.violations import Slug

router = APIRouter(prefix="/api/v1/subscriptions", tags=["webhooks"])

Number = Annotated[int, Path(ge=1, le=2**53)]
TypePrefix = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_.0-9]{1,64}$"),
    AfterValidator(beginning_of),
]

Department = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x85\u2028\u2029]*$"
    ),
]


class NewSubscription(BaseModel):
    """What to tell whom."""

    model_config = EXACT

    url: Annotated[str, StringConstraints(max_length=1024, pattern=r"^[!-~]+$")]
    types: Annotated[
        list[TypePrefix],
        Field(
            max_length=32,
            description=(
                "Beginnings of types, with or without `org.streetwarden.`; empty: all"
            ),
            examples=[["violation.opened", "case."]],
        ),
    ] = []
    slugs: Annotated[list[Slug], Field(max_length=len(Slug))] = []
    departments: Annotated[
        list[Department],
        Field(max_length=64, description="Only cases that are theirs; empty: all"),
    ] = []
    after: Annotated[
        int | None,
        Field(ge=0, le=2**53, description="Feed number to start after; default: now"),
    ] = None


class SubscriptionOut(BaseModel):
    """A subscription without its secret."""

    number: int
    kind: str
    url: str
    types: list[str]
    slugs: list[str]
    departments: list[str]
    disabled: str | None
    after: int
    created_by: str
    created_at: datetime


class SubscriptionMade(SubscriptionOut):
    """A new subscription; the secret is not shown again."""

    secret: str


class SecretOut(BaseModel):
    """A new secret; the old one signs too for one more day."""

    secret: str


class Switch(BaseModel):
    """Whether to tell."""

    model_config = EXACT

    enabled: bool


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


@router.post("", status_code=201, summary="Subscribe a webhook")
def subscribe(
    new: NewSubscription, services: Services_, who: Admin
) -> SubscriptionMade:
    """Tell an address of what happens, signed as Standard Webhooks.

    Only 2xx counts as delivered. Failures are tried again for some three days, then
    kept as dead letters. 410 ends the subscription. Private addresses are refused
    unless the service was started with `STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS`.
    """
    try:
        check_form(new.url, allow_private=services.settings.allow_private_webhooks)
    except ForbiddenTargetError as error:
        raise InvalidContent(str(error)) from error
    slugs = [slug.value for slug in new.slugs]
    wish = Wish(new.url, new.types, slugs, new.departments, new.after)
    row, secret = services.subscriptions.create(wish, who)
    # The rest of the address may be a secret, as chat services have them.
    subject = f"{row.number} {urlsplit(row.url).hostname}"
    services.audit.note(Deed(who, "subscription.created", subject))
    return SubscriptionMade(**_out(row).model_dump(), secret=secret)


@router.get("", summary="Subscriptions")
def list_subscriptions(services: Services_, _: Admin) -> list[SubscriptionOut]:
    """Return every subscription, without secrets."""
    return [_out(row) for row in services.subscriptions.all()]


@router.delete("/{number}", status_code=204, summary="Unsubscribe")
def unsubscribe(number: Number, services: Services_, who: Admin) -> Response:
    """Forget a subscription and what is on its way to it."""
    services.subscriptions.remove(number)
    services.audit.note(Deed(who, "subscription.removed", str(number)))
    return Response(status_code=204)


@router.patch("/{number}", summary="Switch a subscription on or off")
def switch_subscription(
    number: Number, wanted: Switch, services: Services_, who: Admin
) -> SubscriptionOut:
    """Stop telling, or go on where it stopped; nothing in between is lost."""
    why = None if wanted.enabled else f"switched off by {who.name}"
    row = services.subscriptions.set_disabled(number, why)
    services.audit.note(Deed(who, "subscription.switched", f"{number} {why or 'on'}"))
    services.feed.ring()
    return _out(row)


@router.post("/{number}/rotate", summary="Give a new secret")
def rotate_secret(number: Number, services: Services_, who: Admin) -> SecretOut:
    """Make a new secret; both sign for a day, so the receiver can change over."""
    secret = services.subscriptions.rotate(number)
    services.audit.note(Deed(who, "subscription.rotated", str(number)))
    return SecretOut(secret=secret)


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
        base = f"/api/v1/subscriptions/{number}/deliveries?before={rows[-1].number}"
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


def _out(row: SubscriptionRow) -> SubscriptionOut:
    return SubscriptionOut(
        number=row.number,
        kind=row.kind,
        url=row.url,
        types=row.types.split(),
        slugs=row.slugs.split(),
        departments=row.departments.splitlines(),
        disabled=row.disabled,
        after=row.after_number,
        created_by=row.created_by,
        created_at=row.created_at,
    )


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
