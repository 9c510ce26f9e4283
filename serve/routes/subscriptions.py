"""Webhooks: who is told what, signed how."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from serve.access import Admin, Services_
from serve.errors import Conflict, InvalidContent
from serve.message_types import beginning_of
from serve.messages import EXACT
from serve.outward.faults import Fault
from serve.outward.subscriptions import MQTT, Change, Wish
from serve.outward.targets import ForbiddenTargetError, check_form
from serve.people.audit import Deed
from serve.people.roles import Principal
from serve.services import Services
from serve.store.delivery_tables import SubscriptionRow
from vision.core.violations import Slug

PREFIX = "/api/v1/subscriptions"

router = APIRouter(prefix=PREFIX, tags=["webhooks"])

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

Url = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[!-~]+$")]
Types = Annotated[
    list[TypePrefix],
    Field(
        max_length=32,
        description=(
            "Beginnings of types, with or without `org.streetwarden.`; empty: all"
        ),
        examples=[["violation.opened", "case."]],
    ),
]
Slugs = Annotated[list[Slug], Field(max_length=len(Slug))]
Departments = Annotated[
    list[Department],
    Field(
        max_length=64,
        description="Only cases that are theirs, and their evidence; empty: all",
    ),
]


class NewSubscription(BaseModel):
    """What to tell whom."""

    model_config = EXACT

    url: Url
    types: Types = []
    slugs: Slugs = []
    departments: Departments = []
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
    """What is to be different; members that are left out stay as they are."""

    model_config = EXACT

    enabled: bool | SkipJsonSchema[None] = None
    url: Url | SkipJsonSchema[None] = None
    types: Types | SkipJsonSchema[None] = None
    slugs: Slugs | SkipJsonSchema[None] = None
    departments: Departments | SkipJsonSchema[None] = None

    @field_validator("*")
    @classmethod
    def _is_something(cls, value: object) -> object:
        if value is None:
            msg = "got null; leave the member out if it is to stay as it is"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            msg = f"got no member; expected one of {', '.join(Switch.model_fields)}"
            raise ValueError(msg)
        return self


class PingOut(BaseModel):
    """What the receiver made of a test message."""

    ok: Annotated[bool, Field(description="It answered 2xx")]
    message_id: Annotated[str, Field(description="The header `webhook-id`")]
    status: Annotated[int | None, Field(description="HTTP; null: no answer came")]
    fault: Annotated[
        Fault | None, Field(description="What went wrong, for programs; null: nothing")
    ]
    error: Annotated[str | None, Field(description="What went wrong, for people")]
    duration_s: Annotated[float, Field(description="Until answer or failure, seconds")]


@router.post("", status_code=201, summary="Subscribe a webhook")
def subscribe(
    new: NewSubscription, services: Services_, who: Admin
) -> SubscriptionMade:
    """Tell an address of what happens, signed as Standard Webhooks.

    Only 2xx counts as delivered. Failures are tried again for some three days, then
    kept as dead letters. 410 ends the subscription. Private addresses are refused
    unless the service was started with `STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS`.
    """
    _require_callable(new.url, services)
    slugs = [slug.value for slug in new.slugs]
    wish = Wish(new.url, new.types, slugs, new.departments, new.after)
    row, secret = services.subscriptions.create(wish, who)
    # The rest of the address may be a secret, as chat services have them.
    subject = f"{row.number} {urlsplit(row.url).hostname}"
    services.audit.note(Deed(who, "subscription.created", subject))
    return SubscriptionMade(**subscription_out(row).model_dump(), secret=secret)


@router.get("", summary="Subscriptions")
def list_subscriptions(services: Services_, _: Admin) -> list[SubscriptionOut]:
    """Return every subscription, without secrets."""
    return [subscription_out(row) for row in services.subscriptions.all()]


@router.delete("/{number}", status_code=204, summary="Unsubscribe")
def unsubscribe(number: Number, services: Services_, who: Admin) -> Response:
    """Forget a subscription and what is on its way to it."""
    services.subscriptions.remove(number)
    services.audit.note(Deed(who, "subscription.removed", str(number)))
    return Response(status_code=204)


@router.patch("/{number}", summary="Change a subscription, or switch it on or off")
def switch_subscription(
    number: Number, wanted: Switch, services: Services_, who: Admin
) -> SubscriptionOut:
    """Change what is named. Switched off, it goes on later where it stopped.

    Another choice of messages counts for what comes from now on. Another address is
    told what is on its way, too, at once; its secret stays, see `rotate`.
    """
    if wanted.url is not None:
        _require_callable(wanted.url, services)
    if wanted.enabled:
        _require_sender(number, services)
    change = Change(
        url=wanted.url,
        types=wanted.types,
        slugs=None if wanted.slugs is None else [one.value for one in wanted.slugs],
        departments=wanted.departments,
        enabled=wanted.enabled,
    )
    row = services.subscriptions.change(number, change, who)
    _note_change(row, wanted, services, who)
    if wanted.url is not None:
        services.queue.hurry(number)
    services.feed.ring()
    return subscription_out(row)


@router.post("/{number}/ping", summary="Send a test message")
def ping_subscription(number: Number, services: Services_, who: Admin) -> PingOut:
    """Send one signed `org.streetwarden.subscription.ping.v1`; say what came back.

    It is tried once and within half a minute, also while the subscription is switched
    off. It stands in no list, holds no message back and counts as nothing: not even 410
    ends the subscription.
    """
    echo = services.pinger.ping(number)
    subject = f"{number}: {echo.outcome.status or 'no answer'}"
    services.audit.note(Deed(who, "subscription.pinged", subject))
    return PingOut(
        ok=echo.outcome.ok,
        message_id=echo.message_id,
        status=echo.outcome.status,
        fault=echo.outcome.fault,
        error=echo.outcome.error,
        duration_s=round(echo.duration_s, 3),
    )


@router.post("/{number}/rotate", summary="Give a new secret")
def rotate_secret(number: Number, services: Services_, who: Admin) -> SecretOut:
    """Make a new secret; those before sign too for a day, while receivers change over.

    Each message then carries a signature by each of them.
    """
    secret = services.subscriptions.rotate(number)
    services.audit.note(Deed(who, "subscription.rotated", str(number)))
    return SecretOut(secret=secret)


def _require_callable(url: str, services: Services) -> None:
    try:
        check_form(url, allow_private=services.settings.allow_private_webhooks)
    except ForbiddenTargetError as error:
        raise InvalidContent(str(error)) from error


def _require_sender(number: int, services: Services) -> None:
    kind = services.subscriptions.get(number).kind
    if kind == MQTT and services.settings.mqtt_url is None:
        # What is queued for it would pile up, and nothing would ever send it.
        msg = f"subscription {number}: set STREETWARDEN_MQTT_URL and start anew"
        raise Conflict(msg)


def _note_change(
    row: SubscriptionRow, wanted: Switch, services: Services, who: Principal
) -> None:
    if wanted.enabled is not None:
        subject = f"{row.number} {row.disabled or 'on'}"
        services.audit.note(Deed(who, "subscription.switched", subject))
    changed = sorted(wanted.model_fields_set - {"enabled"})
    if changed:
        subject = f"{row.number} {urlsplit(row.url).hostname} {', '.join(changed)}"
        services.audit.note(Deed(who, "subscription.changed", subject))


def subscription_out(row: SubscriptionRow) -> SubscriptionOut:
    """Return a subscription as it is shown."""
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
