"""One fact and one subscription: the effect and the memory of it in one transaction."""

from __future__ import annotations

from typing import Literal

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session

from chassis import clock, telemetry
from chassis.broker import BusUnavailable, Record
from chassis.consumer import letters
from chassis.consumer.subscription import Subscription, envelope_of, read
from chassis.db import Database
from chassis.db.frame import dead_letter, inbox
from chassis.inbox import Envelope

Outcome = Literal["done", "known", "parked"]
# Kinds of a failed call to another service that later succeeds; the call's own layer lies above this one.
_TRANSIENT_CALLS = frozenset({"unavailable", "deadline", "exhausted"})


def apply(database: Database, group: str, subscription: Subscription, record: Record) -> Outcome:
    """Let the fact have its effect, unless it had it before or an earlier one of its key is parked."""
    envelope = envelope_of(record)
    with telemetry.call(traceparent=envelope.traceparent), database.transaction() as session:
        consumer = subscription.consumer(group)
        if not _met_first(session, consumer, envelope, ordered=subscription.ordered):
            if _is_known(session, consumer, envelope):
                return "known"
            letters.park(session, consumer, record, envelope, error="parked behind an earlier fact of its key", attempts=0)
            return "parked"
        subscription.handle(session, read(subscription.fact, record.payload), envelope)
        return "done"


def bury(
    database: Database, group: str, subscription: Subscription, record: Record, *, error: BaseException, attempts: int
) -> None:
    """Park a fact whose effect failed for good."""
    sentence = f"{type(error).__name__}: {error}"
    with database.transaction() as session:
        letters.park(session, subscription.consumer(group), record, envelope_of(record), error=sentence, attempts=attempts)


def transient(wrong: BaseException) -> bool:
    """Tell whether the same attempt may succeed later by itself."""
    if isinstance(wrong, sa.exc.DBAPIError):
        # Connections, deadlocks, locks, time-outs and full disks are all operational errors to the driver.
        return wrong.connection_invalidated or isinstance(wrong, (sa.exc.OperationalError, sa.exc.InterfaceError))
    if isinstance(wrong, (sa.exc.TimeoutError, psycopg.OperationalError, BusUnavailable, ConnectionError, TimeoutError)):
        return True
    return getattr(wrong, "kind", None) in _TRANSIENT_CALLS


def _met_first(session: Session, consumer: str, envelope: Envelope, *, ordered: bool) -> bool:
    """Remember the fact, unless it is known or parked, or (where order matters) one of its key is: the transaction's first statement."""
    mine = dead_letter.c.event_id == envelope.id
    same_key = sa.and_(dead_letter.c.topic == envelope.topic, dead_letter.c.key == envelope.subject)
    open_letter = sa.select(dead_letter.c.id).where(
        dead_letter.c.consumer == consumer, dead_letter.c.resolved_at.is_(None), same_key if ordered else sa.and_(same_key, mine)
    )
    row = sa.select(sa.literal(consumer), sa.literal(envelope.id, sa.Uuid), sa.literal(clock.now(), sa.DateTime(timezone=True)))
    insert = pg.insert(inbox).from_select(["consumer", "event_id", "received_at"], row.where(~open_letter.exists()))
    return session.execute(insert.on_conflict_do_nothing().returning(sa.literal(1))).first() is not None


def _is_known(session: Session, consumer: str, envelope: Envelope) -> bool:
    known = sa.select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.event_id == envelope.id)
    return session.execute(known).first() is not None
