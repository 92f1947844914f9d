"""A service in small, to show that the drill can fail: facts out of one database, through the bus, into effects in another.

python tests/faults/frame.py relay|consume SERVICE_URL BUS_URL [mutation]; each runs until it is killed. A mutation takes away
what makes effects happen once; it exists here only, patched into the process that plays the drill's victim.
"""

import sys
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import sqlalchemy as sa
from chassis import broker, consumer, db, faults, outbox, relay
from malang.twuin.v1.billing_events_pb2 import BillIssued

GROUP = "effects"
MUTATIONS = ("", "no_dedupe", "highest_id")


def relaying(url: str, bus_url: str, mutation: str) -> None:
    kind = HighestId if mutation == "highest_id" else relay.Relay
    kind(db.Database(url, application_name="relay"), broker.connect(bus_url), source="/drill").run(threading.Event())


def consuming(url: str, bus_url: str, mutation: str) -> None:
    if mutation == "no_dedupe":
        consumer.effects._met_first = lambda *_args, **_how: True
    database = db.Database(url, application_name="consumer")
    subscription = consumer.Subscription(BillIssued, _effect)
    consumer.Consumer(database, broker.connect(bus_url, session_timeout=3), GROUP, [subscription]).run(threading.Event())


def _effect(session: Any, fact: BillIssued, _envelope: Any) -> None:
    session.execute(sa.text("insert into effect (bill) values (:bill)"), {"bill": fact.bill_id})  # nothing here is unique


class HighestId(relay.Relay):
    """A relay as one would write it first: it remembers the highest id that it has sent, and looks for rows above."""

    _highest = 0

    def turn(self) -> int:
        connection = self._open()
        asked = "select distinct topic from outbox where id > %s"
        return sum(self._above(connection, lane) for (lane,) in connection.execute(asked, (self._highest,)).fetchall())

    def _above(self, connection: psycopg.Connection[Any], lane: str) -> int:
        asked = "select id, event_id, type, key, sequence, time, traceparent, payload from outbox where topic = %s and id > %s order by id"
        rows = connection.execute(asked, (lane, self._highest), binary=True).fetchall()
        self._publisher.publish([relay._message(self._source, lane, row) for row in rows])
        self._mark(connection, [row[0] for row in rows])
        self._highest = max((row[0] for row in rows), default=self._highest)
        return len(rows)


def said(url: str, count: int) -> Iterator[str]:
    """Say facts, every tenth in a transaction that stays open while five others commit; yield each once it is committed."""
    with psycopg.connect(url) as slow, psycopg.connect(url) as quick:
        for number in range(count):
            if number % 10 == 4:
                waiting = _say(slow)
            bill = _say(quick)
            quick.commit()
            yield bill
            if number % 10 == 9:
                slow.commit()
                yield waiting


def _say(connection: psycopg.Connection[Any]) -> str:
    bill = str(uuid.uuid4())
    fact = BillIssued(bill_id=bill)
    connection.execute(
        "insert into outbox (event_id, topic, type, key, sequence, time, traceparent, payload) values (%s, %s, %s, %s, 1, now(), '', %s)",
        (uuid.uuid4(), outbox.topic_of(BillIssued), fact.DESCRIPTOR.full_name, bill, fact.SerializeToString()),
    )
    return bill


if __name__ == "__main__":
    process, service_url, bus, *rest = sys.argv[1:]
    faults.arm(rest[0], process)
    {"relay": relaying, "consume": consuming}[process](service_url, bus, rest[1])
