"""The types of messages that are told, and how those who follow choose among them."""

from collections.abc import Sequence

from serve.cases.lifecycle import ESCALATED, TRANSITIONS
from vision.core.health import HealthKind
from vision.core.violations import Lifecycle

PREFIX = "org.streetwarden."
CASE_EVENTS = sorted({move.event for move in TRANSITIONS.values()} | {ESCALATED})
#: A package of evidence is here, as its manifest lists it.
COMPLETED = "evidence.completed.v1"
#: Sent to one webhook that is tested, never told in the feed.
PING = "subscription.ping.v1"
#: Every type that is told, without the prefix.
TYPES = (
    *(f"violation.{lifecycle.value}.v1" for lifecycle in Lifecycle),
    COMPLETED,
    *(f"case.{event}.v1" for event in CASE_EVENTS),
    *(f"health.{kind.value}.v1" for kind in HealthKind),
)


def beginning_of(given: str) -> str:
    """Return the beginning of types that is meant, without the prefix.

    Args:
        given: with or without the prefix, e.g. `case.` or a whole type.

    Raises:
        ValueError: no type begins so, so nothing would ever be told.
    """
    beginning = given.strip().removeprefix(PREFIX)
    if not any(one.startswith(beginning) for one in TYPES):
        kinds = dict.fromkeys(one.partition(".")[0] + "." for one in TYPES)
        msg = (
            f"got {given!r}, and no type of message begins so; expected e.g. "
            f"{', '.join(kinds)} or violation.opened"
        )
        raise ValueError(msg)
    return beginning


def beginnings_of(given: str) -> str:
    """Return a list with commas, each as `beginning_of` returns it.

    Raises:
        ValueError: no type begins so.
    """
    named = (one for one in given.split(",") if one.strip())
    return ",".join(beginning_of(one) for one in named)


def fits(message_type: str, beginnings: Sequence[str]) -> bool:
    """Return whether a message's type begins so; without beginnings every one does."""
    return not beginnings or message_type.startswith(
        tuple(PREFIX + one for one in beginnings)
    )
