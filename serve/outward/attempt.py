"""What a sender is given to deliver, and what it says became of it."""

from dataclasses import dataclass, field
from datetime import timedelta

from serve.outward.faults import Fault


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for one subscriber."""

    delivery: int
    subscription: int
    message_id: str
    type: str
    order_key: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt.

    Attributes:
        ok: it was taken.
        status: HTTP status, where there is one.
        error: what went wrong, for people.
        fault: what went wrong, for programs; None where nobody asks.
        url: where it was tried; None: there is only one place.
        gone: the subscriber wants nothing more.
        hopeless: trying again cannot help.
        retry_after: how long the subscriber asked to wait.
    """

    ok: bool
    status: int | None = None
    error: str | None = None
    fault: Fault | None = None
    url: str | None = field(default=None, repr=False)  # it may be a secret
    gone: bool = False
    hopeless: bool = False
    retry_after: timedelta | None = None
