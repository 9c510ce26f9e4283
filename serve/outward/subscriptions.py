"""Who wants to be told, of what, and with which secret."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from serve.errors import Conflict, NotFound
from serve.message_types import fits
from serve.outward.secrets import SecretBox
from serve.outward.signing import new_secret
from serve.people.roles import Principal
from serve.store.database import Database
from serve.store.delivery_tables import DeliveryRow, SubscriptionRow
from serve.store.tables import MessageRow
from vision.core.ports import Clock

OVERLAP = timedelta(days=1)
SECRETS = 4  # that sign at once: the newest, and those given within the overlap
WEBHOOK, MQTT = "webhook", "mqtt"
NOT_CONFIGURED = "not configured any more"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber asks for.

    Attributes:
        url: where to.
        types: beginnings of types after `org.streetwarden.`; empty means all.
        slugs: violations; empty means all.
        departments: codes of those whose cases are told; empty means all.
        after: feed number to start after; None starts with what comes from now on.
    """

    url: str
    types: Sequence[str] = ()
    slugs: Sequence[str] = ()
    departments: Sequence[str] = ()
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different from now on; None stays as it is.

    Attributes:
        url: where to; also for what is on its way.
        types: as of `Wish`.
        slugs: as of `Wish`.
        departments: as of `Wish`.
        enabled: whether to tell; nothing in between is lost.
    """

    url: str | None = None
    types: Sequence[str] | None = None
    slugs: Sequence[str] | None = None
    departments: Sequence[str] | None = None
    enabled: bool | None = None


def wanted(
    subscription: SubscriptionRow, message: MessageRow, slug: str | None
) -> bool:
    """Return whether a subscriber asked for messages like this one.

    Who asks for departments gets the cases that are theirs at that moment, with the
    evidence that comes for these, and nothing else.
    """
    types, slugs = subscription.types.split(), subscription.slugs.split()
    by_type = fits(message.type, types)
    by_slug = not slugs or slug in slugs
    departments = subscription.departments.splitlines()
    if not (by_type and by_slug and departments):
        return by_type and by_slug
    told = json.loads(message.body)["data"]
    return told.get("department") in departments


class SubscriptionStore:
    """Keeps subscriptions."""

    def __init__(self, database: Database, clock: Clock, box: SecretBox) -> None:
        """Use this database; `box` keeps the secrets."""
        self._database = database
        self._clock = clock
        self._box = box

    def create(
        self, wish: Wish, who: Principal, *, kind: str = WEBHOOK
    ) -> tuple[SubscriptionRow, str]:
        """Store a subscription; return it with its secret, which is not shown again."""
        secret = new_secret()
        closed = self._box.close(secret)
        with self._database.write() as session:
            newest = session.scalar(select(func.max(MessageRow.number))) or 0
            row = SubscriptionRow(
                kind=kind,
                url=wish.url,
                types=" ".join(wish.types),
                slugs=" ".join(wish.slugs),
                departments="\n".join(wish.departments),
                secret=closed,
                after_number=newest if wish.after is None else wish.after,
                created_by=who.name,
                created_at=self._clock.now(),
            )
            session.add(row)
        return row, secret

    def all(self) -> list[SubscriptionRow]:
        """Return every subscription, oldest first."""
        with self._database.read() as session:
            query = select(SubscriptionRow).order_by(SubscriptionRow.number)
            return list(session.scalars(query))

    def get(self, number: int) -> SubscriptionRow:
        """Return one subscription.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as session:
            return _get(session, number)

    def rotate(self, number: int) -> str:
        """Return a new secret; those that sign so far do so for one more day.

        Raises:
            NotFound: there is no such subscription.
        """
        secret = new_secret()
        closed = self._box.close(secret)
        with self._database.write() as session:
            row = _get(session, number, lock=True)
            # A receiver may still know only one that was followed quickly by another.
            row.old_secret = " ".join(self._signing(row)[: SECRETS - 1])
            row.secret = closed
            row.old_until = self._clock.now() + OVERLAP
        return secret

    def secrets(self, number: int) -> list[str]:
        """Return the secrets to sign with, newest first."""
        return [self._box.open(one) for one in self._signing(self.get(number))]

    def _signing(self, row: SubscriptionRow) -> list[str]:
        overlapping = row.old_until is not None and row.old_until > self._clock.now()
        old = (row.old_secret or "").split() if overlapping else []
        return [row.secret, *old]

    def change(self, number: int, change: Change, who: Principal) -> SubscriptionRow:
        """Change what is named; what was queued before stays queued.

        Raises:
            NotFound: there is no such subscription.
            Conflict: the address stands in the service's settings.
        """
        with self._database.write() as session:
            row = _get(session, number)
            if change.url is not None:
                _require_own_address(row)
                row.url = change.url
            if change.types is not None:
                row.types = " ".join(change.types)
            if change.slugs is not None:
                row.slugs = " ".join(change.slugs)
            if change.departments is not None:
                row.departments = "\n".join(change.departments)
            if change.enabled is not None:
                off = f"switched off by {who.name}"
                row.disabled = None if change.enabled else off
            return row

    def remove(self, number: int) -> None:
        """Forget a subscription and all that is on its way to it.

        Raises:
            NotFound: there is no such subscription.
        """
        with self._database.write() as session:
            row = _get(session, number)
            session.execute(
                delete(DeliveryRow).where(DeliveryRow.subscription == number)
            )
            session.delete(row)

    def ensure(self, kind: str, wish: Wish, who: Principal) -> SubscriptionRow:
        """Return the one subscription of a kind, made or moved to another address."""
        with self._database.write() as session:
            row = session.scalar(
                select(SubscriptionRow).where(SubscriptionRow.kind == kind)
            )
            if row is not None:
                row.url = wish.url
                if row.disabled == NOT_CONFIGURED:
                    row.disabled = None
                return row
        return self.create(wish, who, kind=kind)[0]

    def rest(self, kind: str) -> None:
        """Stop telling those of a kind until `ensure` names it again."""
        with self._database.write() as session:
            session.execute(
                update(SubscriptionRow)
                .where(SubscriptionRow.kind == kind, SubscriptionRow.disabled.is_(None))
                .values(disabled=NOT_CONFIGURED)
            )


def _require_own_address(row: SubscriptionRow) -> None:
    if row.kind != WEBHOOK:
        msg = (
            f"subscription {row.number}: its address is the service's own setting for "
            f"{row.kind}; expected one of kind {WEBHOOK}"
        )
        raise Conflict(msg)


def _get(session: Session, number: int, *, lock: bool = False) -> SubscriptionRow:
    row = session.get(SubscriptionRow, number, with_for_update=lock)
    if row is None:
        msg = f"subscription: got {number}; there is no such subscription"
        raise NotFound(msg)
    return row
