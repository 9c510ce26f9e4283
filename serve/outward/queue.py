"""What is on its way: queued from the feed, taken, settled, in order per event.

Several workers in several processes may work at once. Each message goes to each
subscriber at least once, always under the same id; the messages of one event go in
order, so one that fails holds back those after it until it is delivered or given up.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from serve.outward.attempt import Outcome, Outgoing
from serve.outward.subscriptions import wanted
from serve.store.base import metadata
from serve.store.columns import UtcTime
from serve.store.database import Database
from serve.store.delivery_tables import DeliveryRow, SubscriptionRow
from serve.store.tables import EventRow, MessageRow
from vision.core.ports import Clock

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"
FAN_OUT = 500
CLAIM = timedelta(seconds=60)
# Waits after a failed attempt (Standard Webhooks): ten attempts in some three days.
RETRIES_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
JITTER = 0.1
LONGEST_ASKED = timedelta(days=1)

_SUBSCRIPTIONS = metadata.tables[SubscriptionRow.__tablename__]
_DELIVERIES = metadata.tables[DeliveryRow.__tablename__]
_WORK = select(
    select(func.min(_SUBSCRIPTIONS.c.after_number))
    .where(_SUBSCRIPTIONS.c.disabled.is_(None))
    .scalar_subquery(),
    select(
        func.max(metadata.tables[MessageRow.__tablename__].c.number)
    ).scalar_subquery(),
    exists().where(
        _DELIVERIES.c.state == PENDING,
        _DELIVERIES.c.next_at <= bindparam("now", type_=UtcTime()),
        _DELIVERIES.c.subscription.in_(
            select(_SUBSCRIPTIONS.c.number).where(_SUBSCRIPTIONS.c.disabled.is_(None))
        ),
    ),
)


class DeliveryQueue:
    """The deliveries of every subscriber."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use this database and clock."""
        self._database = database
        self._clock = clock
        self._random = random.Random()  # noqa: S311 spreads retries, guards nothing

    def fan_out(self) -> int:
        """Queue what is new in the feed for every active subscriber."""
        with self._database.write() as session:
            subscriptions = session.scalars(
                select(SubscriptionRow)
                .where(SubscriptionRow.disabled.is_(None))
                .order_by(SubscriptionRow.number)
                .with_for_update(skip_locked=True)
            ).all()
            return sum(self._queue(session, one) for one in subscriptions)

    def is_idle(self) -> bool:
        """Return whether there is nothing to queue and nothing due.

        Asked after every arrival, with nothing to do most times: one question, and no
        lock is taken for it.
        """
        with self._database.read() as session:
            found = session.connection().execute(_WORK, {"now": self._clock.now()})
            after, newest, due = found.one()
        return (after is None or (newest or 0) <= after) and not due

    def _queue(self, session: Session, subscription: SubscriptionRow) -> int:
        rows = session.execute(
            select(MessageRow, EventRow.slug)
            .outerjoin(EventRow, EventRow.event_id == MessageRow.event_id)
            .where(MessageRow.number > subscription.after_number)
            .order_by(MessageRow.number)
            .limit(FAN_OUT)
        ).all()
        now = self._clock.now()
        for message, slug in rows:
            if wanted(subscription, message, slug):
                session.add(_delivery(subscription, message, now))
            subscription.after_number = message.number
        return len(rows)

    def claim(
        self,
        kinds: Sequence[str],
        *,
        limit: int,
        each: int,
        taken: Mapping[int, int],
    ) -> list[Outgoing]:
        """Take deliveries that are due and not behind another of the same event.

        Args:
            kinds: of subscriptions that the caller can serve.
            limit: at most this many.
            each: at most this many of one subscription, with those in hand.
            taken: how many the caller has in hand, by subscription.
        """
        active = (
            select(SubscriptionRow.number)
            .where(SubscriptionRow.kind.in_(kinds), SubscriptionRow.disabled.is_(None))
            .order_by(SubscriptionRow.number)
        )
        with self._database.write() as session:
            rows: list[DeliveryRow] = []
            for number in session.scalars(active).all():
                room = min(each - taken.get(number, 0), limit - len(rows))
                if room > 0:
                    rows.extend(self._take(session, number, room))
            return _outgoing(session, rows)

    def _take(
        self, session: Session, subscription: int, limit: int
    ) -> Sequence[DeliveryRow]:
        now = self._clock.now()
        earlier = aliased(DeliveryRow)
        blocked = exists().where(
            earlier.subscription == DeliveryRow.subscription,
            earlier.order_key == DeliveryRow.order_key,
            earlier.state == PENDING,
            earlier.number < DeliveryRow.number,
        )
        rows = session.scalars(
            select(DeliveryRow)
            .where(
                DeliveryRow.subscription == subscription,
                DeliveryRow.state == PENDING,
                DeliveryRow.next_at <= now,
                or_(
                    DeliveryRow.claimed_until.is_(None),
                    DeliveryRow.claimed_until <= now,
                ),
                ~blocked,
            )
            .order_by(DeliveryRow.number)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.claimed_until = now + CLAIM
        return rows

    def settle(self, delivery: int, outcome: Outcome) -> None:
        """Write down what became of an attempt."""
        now = self._clock.now()
        with self._database.write() as session:
            row = session.get(DeliveryRow, delivery, with_for_update=True)
            if row is None or row.state != PENDING:
                return
            row.claimed_until = None
            if not outcome.ok and _has_moved(session, row.subscription, outcome.url):
                row.next_at = now  # what the old address said counts for nothing
                return
            row.attempts += 1
            row.status = outcome.status
            row.error = None if outcome.error is None else outcome.error[:512]
            if outcome.ok:
                row.state, row.finished_at = DELIVERED, now
            elif outcome.gone or outcome.hopeless or row.attempts > len(RETRIES_S):
                row.state, row.finished_at = DEAD, now
            else:
                row.next_at = now + self._wait(row.attempts, outcome)
            if outcome.gone:
                session.execute(
                    update(SubscriptionRow)
                    .where(SubscriptionRow.number == row.subscription)
                    .values(disabled="the receiver answered 410 Gone")
                )

    def _wait(self, attempts: int, outcome: Outcome) -> timedelta:
        planned_s = RETRIES_S[attempts - 1] * (1 + self._random.uniform(0, JITTER))
        asked = min(outcome.retry_after or timedelta(), LONGEST_ASKED)
        return max(timedelta(seconds=planned_s), asked)

    def hurry(self, subscription: int) -> None:
        """Try at once what waits for another try: what stood in the way is mended."""
        now = self._clock.now()
        waits = and_(
            DeliveryRow.subscription == subscription, DeliveryRow.next_at > now
        )
        with self._database.write() as session:
            session.execute(
                update(DeliveryRow)
                .where(waits, DeliveryRow.state == PENDING)
                .values(next_at=now)
            )

    def replay(self, subscription: int, delivery: int | None = None) -> int:
        """Send dead letters again, under their old ids; return how many.

        Args:
            subscription: whose.
            delivery: only this one, also if it was delivered; None: all dead ones.
        """
        chosen = [DeliveryRow.subscription == subscription]
        if delivery is None:
            chosen.append(DeliveryRow.state == DEAD)
        else:
            chosen.append(
                and_(DeliveryRow.number == delivery, DeliveryRow.state != PENDING)
            )
        with self._database.write() as session:
            again = session.execute(
                update(DeliveryRow)
                .where(*chosen)
                .values(
                    state=PENDING,
                    attempts=0,
                    next_at=self._clock.now(),
                    claimed_until=None,
                    finished_at=None,
                )
                .returning(DeliveryRow.number)
            ).all()
        return len(again)

    def page(
        self, subscription: int, *, state: str | None, limit: int, before: int | None
    ) -> list[DeliveryRow]:
        """Return a subscriber's deliveries, newest first."""
        query = select(DeliveryRow).where(DeliveryRow.subscription == subscription)
        if state is not None:
            query = query.where(DeliveryRow.state == state)
        if before is not None:
            query = query.where(DeliveryRow.number < before)
        with self._database.read() as session:
            ordered = query.order_by(DeliveryRow.number.desc()).limit(limit)
            return list(session.scalars(ordered))


def _has_moved(session: Session, subscription: int, tried: str | None) -> bool:
    """Return whether a subscriber got another address during an attempt."""
    if tried is None:
        return False
    # Locked, since the address must stay until what follows from it is written.
    row = session.get(SubscriptionRow, subscription, with_for_update=True)
    return row is not None and row.url != tried


def _delivery(
    subscription: SubscriptionRow, message: MessageRow, now: datetime
) -> DeliveryRow:
    return DeliveryRow(
        subscription=subscription.number,
        message_number=message.number,
        message_id=message.message_id,
        order_key=message.event_id or message.message_id[:128],
        state=PENDING,
        attempts=0,
        next_at=now,
    )


def _outgoing(session: Session, rows: Sequence[DeliveryRow]) -> list[Outgoing]:
    numbers = [row.message_number for row in rows]
    messages = {
        message.number: message
        for message in session.scalars(
            select(MessageRow).where(MessageRow.number.in_(numbers))
        )
    }
    return [
        Outgoing(
            delivery=row.number,
            subscription=row.subscription,
            message_id=row.message_id,
            type=messages[row.message_number].type,
            order_key=row.order_key,
            body=messages[row.message_number].body,
        )
        for row in rows
    ]
