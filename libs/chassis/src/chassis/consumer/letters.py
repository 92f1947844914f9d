"""Dead letters: facts that could not be handled and those parked behind them, kept until somebody drives them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from prometheus_client import Counter, Gauge
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session

from chassis import clock, telemetry
from chassis.broker import Record
from chassis.consumer.subscription import Subscription, by_type, read
from chassis.db import Database
from chassis.db.frame import dead_letter, inbox, outbox
from chassis.errors import NotFound
from chassis.inbox import RESTATED, Envelope
from chassis.outbox import is_restated

PARKED = Counter("consumer_dead_letters_total", "Facts parked", ["consumer", "type"])
OPEN = Gauge("consumer_dead_letters_open", "Facts that wait to be driven again", ["group"], multiprocess_mode="livemax")
_SENTENCE = 2000  # characters of an error that are kept

log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Redriven:
    """What a re-drive did: letters that had their effect now, and those still open."""

    resolved: int
    open: int


class NoSuchLetter(NotFound):
    """No open letter has this number: it never was, or it had its effect meanwhile."""

    id = "Kabar tertahan ini tidak ada lagi; mungkin sudah diproses."
    en = "This dead letter is no more; it may have had its effect meanwhile."


def park(session: Session, consumer: str, record: Record, envelope: Envelope, *, error: str, attempts: int) -> None:
    """Keep a fact as a dead letter, and say it on topic `<group>.dead_letter`, in one transaction."""
    said = {
        "event_id": envelope.id, "type": envelope.type, "key": envelope.subject, "sequence": envelope.sequence,
        "time": envelope.time, "traceparent": envelope.traceparent, "payload": record.payload,
    }  # fmt: skip
    values = {
        **said, "consumer": consumer, "topic": envelope.topic, "partition": envelope.partition, "offset": envelope.offset,
        "source": envelope.source, "error": telemetry.mask(error)[:_SENTENCE].replace("\0", ""), "attempts": attempts,
        "failed_at": clock.now(),
    }  # fmt: skip
    # A letter that was resolved once and comes again is known to the inbox; here it can only be open already.
    kept = session.execute(pg.insert(dead_letter).values(values).on_conflict_do_nothing().returning(dead_letter.c.id)).first()
    if kept is None:
        return
    session.execute(sa.insert(outbox), {**said, "topic": f"{consumer.partition('/')[0]}.dead_letter"})
    PARKED.labels(consumer, envelope.type).inc()
    log.error("fact parked", consumer=consumer, fact=envelope.type, event_id=str(envelope.id), key=envelope.subject, error=error)


def count_open(session: Session, group: str) -> int:
    """Return how many letters of `group` are open."""
    return session.scalar(sa.select(sa.func.count()).select_from(dead_letter).where(_open(group))) or 0


def open_letters(session: Session, group: str, *, after: int = 0, most: int = 50) -> list[Any]:
    """Return open letters of `group`, oldest first; what they carry stays where it is."""
    shown = [dead_letter.c[name] for name in ("id", "consumer", "topic", "type", "key", "time", "error", "attempts", "failed_at")]
    query = sa.select(*shown).where(_open(group), dead_letter.c.id > after).order_by(dead_letter.c.id).limit(most)
    return list(session.execute(query))


def redrive(
    database: Database,
    group: str,
    subscriptions: Sequence[Subscription],
    *,
    beside: int = 0,
    enough: Callable[[], bool] = lambda: False,
) -> Redriven:
    """Try the open dead letters of `group` again, oldest first; one that fails again keeps those behind it parked.

    `beside` names a letter: then only those of its consumer, topic and key. `enough` ends it between two letters.
    """
    known = {
        (subscription.consumer(group), fact): subscription
        for fact, each in by_type(group, subscriptions).items()
        for subscription in each
    }
    resolved, after, blocked = 0, 0, set[tuple[str, str, str]]()
    chosen = _chosen(database, group, beside)
    while not enough() and (letter := _next(database, chosen, after)):
        after = letter.id
        subscription = known.get((letter.consumer, letter.type))
        lane = (letter.consumer, letter.topic, letter.key)
        if subscription is None or (subscription.ordered and lane in blocked):
            continue
        if _again(database, letter, subscription):
            resolved += 1
        else:
            blocked.add(lane)
    with database.transaction(readonly=True) as session:
        left = count_open(session, group)
    OPEN.labels(group).set(left)
    return Redriven(resolved, left)


def _chosen(database: Database, group: str, beside: int) -> sa.ColumnElement[bool]:
    """Return what tells the letters to try: all open ones, or those that wait in one line with a given one."""
    if not beside:
        return _open(group)
    lane = (dead_letter.c.consumer, dead_letter.c.topic, dead_letter.c.key)
    with database.transaction(readonly=True) as session:
        known = session.execute(sa.select(*lane).where(_open(group), dead_letter.c.id == beside)).first()
    if known is None:
        raise NoSuchLetter
    return sa.and_(_open(group), *(column == value for column, value in zip(lane, known, strict=True)))


def _next(database: Database, chosen: sa.ColumnElement[bool], after: int) -> Any:
    with database.transaction(readonly=True) as session:
        query = sa.select(dead_letter).where(chosen, dead_letter.c.id > after).order_by(dead_letter.c.id).limit(1)
        return session.execute(query).first()


def _again(database: Database, letter: Any, subscription: Subscription) -> bool:
    """Have the effect now; what fails is noted on the letter."""
    envelope = Envelope(
        letter.event_id, letter.type, letter.source, letter.time, letter.key, letter.sequence, letter.traceparent,
        letter.topic, letter.partition, letter.offset, is_restated(letter.event_id),
    )  # fmt: skip
    here = dead_letter.c.id == letter.id
    try:
        with telemetry.call("", letter.traceparent, f"process {letter.topic}", "consumer"), database.transaction() as session:
            still = session.execute(sa.select(dead_letter.c.id).where(here, dead_letter.c.resolved_at.is_(None)).with_for_update())
            if still.first() is None:
                return True  # another re-drive was faster
            values = {"consumer": letter.consumer, "event_id": letter.event_id, "received_at": clock.now()}
            fresh = session.execute(pg.insert(inbox).values(values).on_conflict_do_nothing().returning(sa.literal(1))).first()
            if fresh is not None:
                session.info[RESTATED] = envelope.restated
                subscription.handle(session, read(subscription.fact, bytes(letter.payload)), envelope)
            session.execute(sa.update(dead_letter).where(here).values(resolved_at=clock.now()))
    except Exception as wrong:  # noqa: BLE001 - whatever it is, it stands on the letter and the next letter has its turn
        error = telemetry.mask(f"{type(wrong).__name__}: {wrong}")[:_SENTENCE].replace("\0", "")
        with database.transaction() as session:
            session.execute(sa.update(dead_letter).where(here).values(attempts=dead_letter.c.attempts + 1, error=error))
        return False
    return True


def _open(group: str) -> sa.ColumnElement[bool]:
    mine = sa.or_(dead_letter.c.consumer == group, dead_letter.c.consumer.startswith(f"{group}/", autoescape=True))
    return sa.and_(mine, dead_letter.c.resolved_at.is_(None))
