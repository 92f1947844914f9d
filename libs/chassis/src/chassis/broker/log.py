"""The bus as a partitioned log in a PostgreSQL database of its own."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb

from chassis.broker.contract import PARTITIONS, Outgoing, Place, Record
from chassis.broker.log_group import LogSubscriber
from chassis.broker.session import LogSession
from chassis.db import dsn

_PAGE = 500
_TRIM = 5000  # rows a statement, so that a trim never holds much

# Offsets are handed out under the partition's row lock, which is held until commit: none becomes visible after a later one.
# The locks are taken in the order of partitions, so publishers cannot deadlock.
_HAND_OUT = """
with wanted as (select * from unnest(%(partitions)s::int[], %(counts)s::int[]) as w (partition, count)),
     locked as materialized (
         select partition from bus_partition where topic_id = %(topic)s and partition = any (%(partitions)s)
         order by partition for update)
update bus_partition p set next_offset = p.next_offset + w.count
from wanted w join locked l using (partition)
where p.topic_id = %(topic)s and p.partition = w.partition
returning p.partition, p.next_offset - w.count
"""
_COPY = 'copy bus_log (topic_id, partition, "offset", key, headers, payload) from stdin (format binary)'
_COPY_TYPES = ["int4", "int4", "int8", "text", "jsonb", "bytea"]


class LogBroker:
    """A bus in the database at `url`; its tables are created on first use."""

    system = "postgresql"

    def __init__(self, url: str, *, session_timeout: float) -> None:
        """Connect to nothing yet."""
        self._url, self._session_timeout = dsn(url), session_timeout

    def publisher(self) -> LogPublisher:
        """Return a new publisher."""
        return LogPublisher(self._url)

    def subscriber(self, group: str, topics: Sequence[str]) -> LogSubscriber:
        """Return a new member of `group`."""
        return LogSubscriber(self._url, group, topics, session_timeout=self._session_timeout)

    def ensure(self, topics: Sequence[str], partitions: int = PARTITIONS) -> None:
        """Create the topics that are not there yet."""
        session = LogSession(self._url)
        with session.transaction() as connection:
            for topic in sorted(topics):
                topic_of(connection, topic, partitions)
        session.close()

    def span(self, topic: str) -> dict[Place, tuple[int, int]]:
        """Return the first kept and the next offset of each partition."""
        session = LogSession(self._url)
        with session.transaction() as connection:
            rows = connection.execute(
                """select p.partition, p.next_offset, (select min("offset") from bus_log l
                   where l.topic_id = p.topic_id and l.partition = p.partition)
                   from bus_partition p join bus_topic t on t.id = p.topic_id where t.name = %s""",
                (topic,),
            ).fetchall()
        session.close()
        return {Place(topic, row[0]): (row[1] if row[2] is None else row[2], row[1]) for row in rows}

    def read(self, place: Place, start: int, stop: int) -> Iterator[Record]:
        """Yield the kept messages with start ≤ offset < stop."""
        session = LogSession(self._url)
        try:
            while start < stop:
                with session.transaction() as connection:
                    rows = connection.execute(_READ, (place.topic, place.partition, start, stop, _PAGE), binary=True).fetchall()
                for row in rows:
                    yield Record(place, row[0], row[1], row[3], row[2])
                if len(rows) < _PAGE:
                    return
                start = rows[-1][0] + 1
        finally:
            session.close()

    def skip(self, group: str, topics: Sequence[str]) -> None:
        """Set a group that has no member now to the end of the topics."""
        session = LogSession(self._url)
        with session.transaction() as connection:
            connection.execute("insert into bus_group (name) values (%s) on conflict do nothing", (group,))
            connection.execute(_SKIP, (group, list(topics)))
        session.close()

    def trim(self, before: dt.datetime) -> int:
        """Forget messages published before an instant; return how many."""
        session, gone = LogSession(self._url), 0
        while True:
            with session.transaction() as connection:
                old = connection.execute(
                    "delete from bus_log where ctid = any (array (select ctid from bus_log where at < %s limit %s))",
                    (before, _TRIM),
                ).rowcount
            gone += old
            if old < _TRIM:
                session.close()
                return gone

    def close(self) -> None:
        """Do nothing: each publisher and subscriber owns its connection."""


_SKIP = """
insert into bus_offset (group_name, topic_id, partition, next_offset)
select %s, p.topic_id, p.partition, p.next_offset from bus_partition p join bus_topic t on t.id = p.topic_id where t.name = any (%s)
on conflict (group_name, topic_id, partition) do update set next_offset = excluded.next_offset
"""
_READ = """
select l."offset", l.key, l.headers, l.payload from bus_log l join bus_topic t on t.id = l.topic_id
where t.name = %s and l.partition = %s and l."offset" >= %s and l."offset" < %s order by l."offset" limit %s
"""


class LogPublisher:
    """Appends to the log."""

    def __init__(self, url: str) -> None:
        """Connect on first use."""
        self._session = LogSession(url)
        self._topics: dict[str, tuple[int, int]] = {}

    def publish(self, batch: Sequence[Outgoing]) -> None:
        """Append the batch in one transaction."""
        topics: dict[str, list[Outgoing]] = {}
        for message in batch:
            topics.setdefault(message.topic, []).append(message)
        with self._session.transaction() as connection:
            rows: list[tuple[object, ...]] = []
            known = {topic: self._topics.get(topic) or topic_of(connection, topic, PARTITIONS) for topic in sorted(topics)}
            for topic in sorted(topics):
                rows += _numbered(connection, known[topic], topics[topic])
            with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                copy.set_types(_COPY_TYPES)
                for row in rows:
                    copy.write_row(row)
            connection.execute("notify bus")
        self._topics |= known

    def close(self) -> None:
        """Give up the connection."""
        self._session.close()


def topic_of(connection: psycopg.Connection[Any], name: str, partitions: int) -> tuple[int, int]:
    """Return the id and the number of partitions of a topic, created when it is not there."""
    find = "select id, partitions from bus_topic where name = %s"
    row = connection.execute(find, (name,)).fetchone()
    if row is None:
        connection.execute("insert into bus_topic (name, partitions) values (%s, %s) on conflict do nothing", (name, partitions))
        row = connection.execute(find, (name,)).fetchone()
        if row is None:
            raise psycopg.OperationalError(f"topic {name} vanished while it was made")
        connection.execute(
            "insert into bus_partition (topic_id, partition) select %s, generate_series(0, %s - 1) on conflict do nothing", row
        )
    return row[0], row[1]


def _numbered(connection: psycopg.Connection[Any], topic: tuple[int, int], batch: list[Outgoing]) -> list[tuple[object, ...]]:
    topic_id, partitions = topic
    placed: dict[int, list[Outgoing]] = {}
    for message in batch:
        placed.setdefault(zlib.crc32(message.key.encode()) % partitions, []).append(message)
    counts = {"topic": topic_id, "partitions": list(placed), "counts": [len(each) for each in placed.values()]}
    first = dict(connection.execute(_HAND_OUT, counts).fetchall())
    return [
        (
            topic_id,
            partition,
            first[partition] + index,
            message.key,
            Jsonb(dict(message.headers), dumps=orjson.dumps),
            message.payload,
        )
        for partition, messages in placed.items()
        for index, message in enumerate(messages)
    ]
