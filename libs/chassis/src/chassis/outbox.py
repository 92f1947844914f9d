"""Says facts: rows written in the transaction of the change that they report, sent by the relay."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, cast

import psycopg
import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.orm import Session

from chassis import clock, telemetry
from chassis.db.frame import outbox
from chassis.db.reading import Write

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_RESTATED = 5  # version of the ids of restated facts; all others have random ones
_COLUMNS = ("event_id", "topic", "type", "key", "sequence", "time", "traceparent", "payload")
_INSERT = Write(sa.insert(outbox).inline(), _COLUMNS)
_COPY = f"copy outbox ({', '.join(_COLUMNS)}) from stdin (format binary)".encode()
_TYPES = ["uuid", "text", "text", "text", "int8", "timestamptz", "text", "bytea"]


@dataclass(frozen=True, slots=True)
class Bulk:
    """One fact of many: the message, the id of the thing whose order matters, the version of its aggregate."""

    fact: Message
    key: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Again:
    """A fact that was said before: the message, its key, the version that it reported, and when that was."""

    fact: Message
    key: str
    sequence: int
    at: dt.datetime


def append(session: Session, fact: Message, *, key: str, sequence: int) -> uuid.UUID:
    """Say `fact` when this transaction commits; return its event id. Lock the aggregate first: that makes the order per key."""
    event_id = uuid.uuid4()
    _say(session, event_id, Again(fact, key, sequence, clock.now()), telemetry.traceparent())
    return event_id


def restate(session: Session, rows: Iterable[Again]) -> int:
    """Say again what makes up the present state, for projections that are rebuilt; return how many facts that are.

    Only subscriptions that ask for restated facts get them.
    """
    count, trace = 0, telemetry.traceparent(recorded=False)
    for row in rows:
        event_id = uuid.uuid5(uuid.uuid4(), row.fact.DESCRIPTOR.full_name)
        _say(session, event_id, row, trace)
        count += 1
    return count


def _say(session: Session, event_id: uuid.UUID, row: Again, trace: str) -> None:
    _INSERT.run(
        session, event_id=event_id, topic=topic_of(type(row.fact)), type=row.fact.DESCRIPTOR.full_name, key=row.key,
        sequence=row.sequence, time=row.at, traceparent=trace, payload=row.fact.SerializeToString(),
    )  # fmt: skip


def is_restated(event_id: uuid.UUID) -> bool:
    """Tell a fact that `restate` said from one that was said with its change: their ids are of different versions."""
    return event_id.version == _RESTATED


def append_copy(session: Session, topic: str, rows: Iterable[Bulk]) -> int:
    """Say many facts of one topic by COPY; return how many. The rows may be read lazily from the same connection, in one go."""
    session.flush()
    waiting = iter(rows)
    first = list(islice(waiting, 1))  # a query behind the rows must be done before COPY holds the connection
    driver = cast("psycopg.Connection[object]", session.connection().connection.driver_connection)
    now, trace, count = clock.now(), telemetry.traceparent(recorded=False), 0  # a trace of 180,000 bills shows nothing
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in chain(first, waiting):
            name = row.fact.DESCRIPTOR.full_name
            if topic_of(type(row.fact)) != topic:
                raise ValueError(f"{name} is not a fact of topic {topic}")
            payload = row.fact.SerializeToString()
            copy.write_row((uuid.uuid4(), topic, name, row.key, row.sequence, now, trace, payload))
            count += 1
    return count


def again(session: Session, after: int = 0, most: int = 20_000) -> tuple[int, int]:
    """Say again, under their own ids, up to `most` facts that were sent and are still kept; return the last one's number and how many."""
    span = sa.select(outbox.c.id).where(outbox.c.id > after).order_by(outbox.c.id).limit(most).subquery()
    last = session.scalar(sa.select(sa.func.max(span.c.id)))
    if last is None:
        return 0, 0
    sent = sa.and_(outbox.c.id > after, outbox.c.id <= last, outbox.c.sent_at.is_not(None))
    said = session.execute(sa.update(outbox).where(sent).values(sent_at=None))
    return last, int(said.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult


def unsent(session: Session) -> list[tuple[str, int, dt.datetime]]:
    """Return for each topic with facts that wait: how many, and when the oldest was said."""
    waiting = sa.select(outbox.c.topic, sa.func.count(), sa.func.min(outbox.c.time)).where(outbox.c.sent_at.is_(None))
    return [
        (topic, count, oldest)
        for topic, count, oldest in session.execute(waiting.group_by(outbox.c.topic).order_by(outbox.c.topic))
    ]


def topic_of(fact: type[Message]) -> str:
    """Return the topic of a fact: malang/twuin/v1/billing_events.proto says twuin.billing."""
    return _topic(cast("Descriptor", fact.DESCRIPTOR))


@cache
def _topic(descriptor: Descriptor) -> str:
    parts = descriptor.file.name.removesuffix(".proto").split("/")
    if len(parts) != 4 or not parts[3].endswith("_events"):  # noqa: PLR2004 - organisation, service, version, capability
        raise ValueError(
            f"{descriptor.full_name} is not a fact: facts stand in <org>/<service>/<version>/<capability>_events.proto"
        )
    return f"{parts[1]}.{parts[3].removesuffix('_events')}"
