"""One fact and one subscription: the effect and the memory of it in one transaction."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from chassis import clock, telemetry
from chassis.broker import BusUnavailable, Record
from chassis.consumer import letters
from chassis.consumer.subscription import Subscription, envelope_of, read
from chassis.db import Database
from chassis.db.frame import inbox
from chassis.inbox import RESTATED, Envelope

Outcome = Literal["done", "known", "parked"]
# Kinds of a failed call to another service that later succeeds; the call's own layer lies above this one.
_TRANSIENT_CALLS = frozenset({"unavailable", "deadline", "exhausted"})


def apply(database: Database, group: str, subscription: Subscription, record: Record, system: str) -> Outcome:
    """Let the fact have its effect, unless it had it before or an earlier one of its key is parked; `system` is the bus's name."""
    envelope = envelope_of(record)
    with processing(group, envelope, system), database.transaction() as session:
        consumer = subscription.consumer(group)
        if not _met_first(session, consumer, envelope, ordered=subscription.ordered):
            if _is_known(session, consumer, envelope):
                return "known"
            letters.park(session, consumer, record, envelope, error="parked behind an earlier fact of its key", attempts=0)
            return "parked"
        session.info[RESTATED] = envelope.restated
        subscription.handle(session, read(subscription.fact, record.payload), envelope)
        return "done"


def processing(group: str, envelope: Envelope, system: str) -> AbstractContextManager[telemetry.Span]:
    """Be the call that lets a fact have its effect, in the trace that the fact belongs to."""
    attributes: telemetry.Attributes = {
        "messaging.system": system, "messaging.operation.name": "process", "messaging.operation.type": "process",
        "messaging.destination.name": envelope.topic, "messaging.destination.partition.id": str(envelope.partition),
        "messaging.consumer.group.name": group, "messaging.message.id": str(envelope.id), "cloudevents.event_type": envelope.type,
    } if telemetry.recorded(envelope.traceparent) else {}  # fmt: skip
    return telemetry.call("", envelope.traceparent, f"process {envelope.topic}", "consumer", attributes)


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
    values = {"consumer": consumer, "event_id": envelope.id, "topic": envelope.topic, "key": envelope.subject, "now": clock.now()}
    return session.execute(_MEET_ORDERED if ordered else _MEET, values).first() is not None


def _is_known(session: Session, consumer: str, envelope: Envelope) -> bool:
    known = sa.select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.event_id == envelope.id)
    return session.execute(known).first() is not None


def _meeting(*, ordered: bool) -> sa.TextClause:
    # Written out, for every fact passes here: building it from tables costs more than running it.
    whose = "" if ordered else "and event_id = :event_id"
    return sa.text(f"""
        insert into inbox (consumer, event_id, received_at)
        select :consumer, :event_id, :now where not exists (
            select from dead_letter
            where consumer = :consumer and topic = :topic and key = :key and resolved_at is null {whose})
        on conflict do nothing returning true""").bindparams(  # noqa: S608 - two constant texts
        sa.bindparam("event_id", type_=sa.Uuid), sa.bindparam("now", type_=sa.DateTime(timezone=True))
    )


_MEET_ORDERED, _MEET = _meeting(ordered=True), _meeting(ordered=False)
