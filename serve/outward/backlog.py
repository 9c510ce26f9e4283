"""How much is on its way and how long it has waited, for those who watch over it."""

from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select

from serve.outward.queue import DEAD, PENDING
from serve.store.database import Database
from serve.store.delivery_tables import DeliveryRow, SubscriptionRow
from serve.store.tables import MessageRow
from vision.core.ports import Clock


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not delivered.

    Attributes:
        pending: deliveries that are due or wait for another try, without those of
            subscribers who are switched off.
        dead: deliveries that were given up.
        oldest_s: how long ago the oldest pending message arrived, 0 for none.
    """

    pending: int
    dead: int
    oldest_s: float


def backlog(database: Database, clock: Clock) -> Backlog:
    """Return what is not delivered now."""
    active = select(SubscriptionRow.number).where(SubscriptionRow.disabled.is_(None))
    waits = and_(DeliveryRow.state == PENDING, DeliveryRow.subscription.in_(active))
    counts = (
        select(DeliveryRow.state, func.count())
        .where(or_(waits, DeliveryRow.state == DEAD))
        .group_by(DeliveryRow.state)
    )
    first = select(func.min(DeliveryRow.message_number)).where(waits)
    oldest = select(MessageRow.received_at).where(
        MessageRow.number == first.scalar_subquery()
    )
    with database.read() as session:
        by_state = {row[0]: row[1] for row in session.execute(counts)}
        since = session.scalar(oldest)
    waited_s = 0.0 if since is None else (clock.now() - since).total_seconds()
    return Backlog(by_state.get(PENDING, 0), by_state.get(DEAD, 0), max(waited_s, 0.0))


def waiting(database: Database) -> dict[int, dict[str, int]]:
    """Return, per subscription, how many deliveries are pending and how many dead."""
    query = (
        select(DeliveryRow.subscription, DeliveryRow.state, func.count())
        .where(DeliveryRow.state.in_([PENDING, DEAD]))
        .group_by(DeliveryRow.subscription, DeliveryRow.state)
    )
    found: dict[int, dict[str, int]] = {}
    with database.read() as session:
        for subscription, state, count in session.execute(query):
            found.setdefault(subscription, {})[state] = count
    return found
