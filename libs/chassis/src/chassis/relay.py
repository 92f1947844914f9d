"""Sends the outbox: one active lane a topic, a row marked sent only after the bus has acknowledged its whole batch."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from prometheus_client import Counter, Gauge

from chassis import clock, db, faults, outbox, telemetry
from chassis.broker import Broker, BusUnavailable, Outgoing, Publisher

BATCH = 3000
BUS_DAYS = 14  # that a bus which does not trim itself keeps facts; the inbox remembers for longer
_LANE_LOCKS = 7_266_154  # class of the advisory locks, one for each topic
_SAMPLE, _TIDY, _TRIM_BUS = 5.0, 60.0, 600.0  # seconds between two looks at each

SENT = Counter("outbox_sent_total", "Facts sent", ["topic"])
DEPTH = Gauge("outbox_unsent", "Facts that wait to be sent", ["topic"], multiprocess_mode="livemax")
AGE = Gauge("outbox_oldest_unsent_seconds", "Age of the oldest fact that waits", ["topic"], multiprocess_mode="livemax")
LOST = Counter("outbox_bus_failures_total", "Batches that the bus did not take")

# The next topic after each: a handful of index probes however long a lane is.
_LANES = """
with recursive lanes as (
    (select topic from outbox where sent_at is null order by topic limit 1)
    union all
    select (select o.topic from outbox o where o.sent_at is null and o.topic > l.topic order by o.topic limit 1)
    from lanes l where l.topic is not null)
select topic from lanes where topic is not null
"""
_BATCH = """
select id, event_id, type, key, sequence, time, traceparent, payload
from outbox where topic = %s and sent_at is null order by id limit %s
"""
_DEPTH = "select topic, count(*), min(time) from outbox where sent_at is null group by topic"

log = telemetry.logger(__name__)


class Relay:
    """Moves facts from the outbox of `database` to `broker`; `source` is their CloudEvents source ("/twuin").

    Any number may run: a session's advisory lock makes one of them the active one of each lane, the others stand by.
    """

    def __init__(self, database: db.Database, broker: Broker, *, source: str, batch: int = BATCH) -> None:
        """Connect when it runs."""
        self._database, self._broker, self._source, self._batch = database, broker, source, batch
        self._publisher: Publisher = broker.publisher()
        self._connection: psycopg.Connection[Any] | None = None
        self._lanes: set[str] = set()
        self._sampled: set[str] = set()
        self._due = dict.fromkeys((_SAMPLE, _TIDY, _TRIM_BUS), 0.0)

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set; the database or the bus may go away and come back."""
        worked_at, backoff = time.monotonic(), 0.05
        while not stop.is_set():
            try:
                self._housekeep()  # first: what waits is to be seen while the bus takes nothing, too
                sent = self.turn()
                backoff = 0.05
            except (BusUnavailable, psycopg.Error, sa.exc.SQLAlchemyError) as wrong:
                if not isinstance(wrong, BusUnavailable):
                    self._drop()
                log.warning("relay waits", reason=str(wrong).strip(), seconds=backoff)
                stop.wait(backoff)
                backoff = min(backoff * 2, 2.0)
                continue
            now = time.monotonic()
            worked_at = now if sent else worked_at
            stop.wait(_pause(sent, self._batch, now - worked_at))
        self.close()

    def turn(self) -> int:
        """Send at most one batch of each lane that is ours, so that a long lane does not hold up the others; return how many facts went."""
        connection = self._open()
        lanes = [row[0] for row in connection.execute(_LANES)]
        return sum(self._send(connection, lane) for lane in lanes if self._active(connection, lane))

    def close(self) -> None:
        """Give up the lanes and the connections."""
        self._drop()
        self._publisher.close()

    def _send(self, connection: psycopg.Connection[Any], lane: str) -> int:
        rows = connection.execute(_BATCH, (lane, self._batch), binary=True).fetchall()
        spans: list[telemetry.Span] = []
        batch = [_message(self._source, lane, row, self._sending(lane, row, spans)) for row in rows]
        try:
            self._publisher.publish(batch)
        except BusUnavailable as wrong:
            LOST.inc()
            for span in spans[:1]:  # the batch comes again until the bus is back: one failure tells it
                span.fail(type(wrong).__name__)
                span.end()
            raise
        for span in spans:
            span.end()
        faults.reach("acknowledge_sent")
        self._mark(connection, [row[0] for row in rows])
        SENT.labels(lane).inc(len(rows))
        return len(rows)

    def _sending(self, lane: str, row: Sequence[Any], spans: list[telemetry.Span]) -> str:
        """Begin the span of sending one fact where its trace is recorded; return the trace context that goes with the fact."""
        _id, event_id, type_, _key, _sequence, _said_at, traceparent, _payload = row
        if not telemetry.recorded(traceparent):
            return str(traceparent)
        attributes = {
            "messaging.system": self._broker.system, "messaging.operation.name": "send", "messaging.operation.type": "send",
            "messaging.destination.name": lane, "messaging.message.id": str(event_id), "cloudevents.event_type": type_,
        }  # fmt: skip
        span, within = telemetry.begin(f"send {lane}", "producer", traceparent, attributes)
        spans.append(span)
        return within

    def _mark(self, connection: psycopg.Connection[Any], ids: list[int]) -> None:
        connection.execute("update outbox set sent_at = %s where id = any (%s)", (clock.now(), ids))

    def _active(self, connection: psycopg.Connection[Any], lane: str) -> bool:
        if lane not in self._lanes:
            row = connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (_LANE_LOCKS, lane)).fetchone()
            if row and row[0]:
                self._lanes.add(lane)
        return lane in self._lanes

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._lanes.clear()
            # A connection of its own, not the pool's: its session holds the lanes' locks. It must not pass through a pooler.
            self._connection = psycopg.connect(
                self._database.url, autocommit=True, connect_timeout=3, application_name="relay",
                options="-c statement_timeout=30000 -c lock_timeout=5000 -c timezone=UTC",
                keepalives_idle=10, keepalives_interval=5, keepalives_count=3, tcp_user_timeout=15_000,
            )  # fmt: skip
        return self._connection

    def _drop(self) -> None:
        self._lanes.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _housekeep(self) -> None:
        if self._is_due(_SAMPLE):
            self._sample(self._open())
        if self._is_due(_TIDY):
            while True:
                with self._database.transaction() as session:
                    if not db.trim_frame(session, clock.now()):
                        break
        if self._is_due(_TRIM_BUS):
            self._broker.trim(clock.now() - dt.timedelta(days=BUS_DAYS))

    def _is_due(self, every: float) -> bool:
        now = time.monotonic()
        if now < self._due[every]:
            return False
        self._due[every] = now + every
        return True

    def _sample(self, connection: psycopg.Connection[Any]) -> None:
        seen = {topic: (count, oldest) for topic, count, oldest in connection.execute(_DEPTH)}
        now = clock.now()
        for topic in self._sampled | set(seen):
            count, oldest = seen.get(topic, (0, now))
            DEPTH.labels(topic).set(count)
            AGE.labels(topic).set(max(0.0, (now - oldest).total_seconds()))
        self._sampled |= set(seen)


def _message(source: str, topic: str, row: Sequence[Any], traceparent: str) -> Outgoing:
    _id, event_id, type_, key, sequence, said_at, _traceparent, payload = row
    headers = {
        "ce_specversion": "1.0", "ce_id": str(event_id), "ce_type": type_, "ce_source": source, "ce_time": said_at.isoformat(),
        "ce_subject": key, "ce_sequence": str(sequence), "traceparent": traceparent, "content-type": "application/protobuf",
    }  # fmt: skip
    if outbox.is_restated(event_id):
        headers["ce_restated"] = "true"
    return Outgoing(topic, key, bytes(payload), headers)


def _pause(sent: int, full: int, idle: float) -> float:
    """Return the seconds until the next look: at once behind a full batch, soon while facts come, rarely when none came for long."""
    if sent >= full:
        return 0.0
    if idle < 2:  # noqa: PLR2004 - somebody is at work
        return 0.008
    return 0.05 if idle < 30 else 0.25  # noqa: PLR2004 - as above
