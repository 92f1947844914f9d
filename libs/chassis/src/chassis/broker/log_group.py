"""Consumer groups of the PostgreSQL log: members with a heartbeat, a generation that fences commits, partitions shared among them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg

from chassis.broker.contract import PARTITIONS, BusUnavailable, Place, Record
from chassis.broker.session import LogSession

_Connection = psycopg.Connection[Any]

# One round trip: be alive, learn the generation (null when I am no member any more), and whether somebody else is overdue.
_BEAT = """
with mine as (
    update bus_member set heartbeat_at = clock_timestamp() where group_name = %(group)s and member = %(member)s returning member)
select (select generation from bus_group where name = %(group)s and exists (select from mine)),
       exists (select from bus_member where group_name = %(group)s and member <> %(member)s
               and heartbeat_at < clock_timestamp() - %(timeout)s * interval '1 second')
"""
_NEXT = """
select a.topic, l.partition, l."offset", l.key, l.headers, l.payload
from unnest(%s::text[], %s::int[], %s::int[], %s::bigint[]) with ordinality as a (topic, topic_id, partition, start, turn)
cross join lateral (
    select * from bus_log l where l.topic_id = a.topic_id and l.partition = a.partition and l."offset" >= a.start
    order by l."offset" limit %s) l
order by a.turn, l."offset" limit %s
"""
_COMMIT = """
insert into bus_offset (group_name, topic_id, partition, next_offset)
select %s, c.topic_id, c.partition, c.next_offset from unnest(%s::int[], %s::int[], %s::bigint[]) as c (topic_id, partition, next_offset)
on conflict (group_name, topic_id, partition) do update set next_offset = excluded.next_offset
"""
_PARTITIONS = """
select t.name, t.id, p.partition, coalesce(o.next_offset, 0)
from bus_topic t join bus_partition p on p.topic_id = t.id
left join bus_offset o on o.group_name = %s and o.topic_id = p.topic_id and o.partition = p.partition
where t.name = any (%s) order by t.name, p.partition
"""


class LogSubscriber:
    """A member of a group; learns at its heartbeat, at most a second later, that the group changed."""

    def __init__(self, url: str, group: str, topics: Sequence[str], *, session_timeout: float) -> None:
        """Join at the first poll."""
        self._session = LogSession(url, listen=True)
        self._group, self._topics, self._timeout = group, sorted(set(topics)), session_timeout
        self._member = uuid.uuid4()
        self._generation: int | None = None
        self._beat_at = 0.0
        self._turn = 0
        self._next: dict[Place, int] = {}
        self._ids: dict[str, int] = {}

    def poll(self, timeout: float, most: int) -> list[Record]:
        """Return up to `most` next messages; wait up to `timeout` s for one."""
        until = time.monotonic() + timeout
        self.keep()
        while not (records := self._fetch(most)):
            left = until - time.monotonic()
            if left <= 0:
                return []
            self._session.wait(min(left, 1.0))
            self.keep()
        for record in records:
            self._next[record.place] = record.offset + 1
        return records

    def keep(self) -> None:
        """Send a heartbeat when one is due; join again when the group changed."""
        if self._generation is not None and time.monotonic() - self._beat_at < min(1.0, self._timeout / 4):
            return
        with self._session.transaction() as connection:
            who = {"group": self._group, "member": self._member, "timeout": self._timeout}
            row = connection.execute(_BEAT, who).fetchone()
            generation, overdue = row or (None, False)
            if generation is None or overdue:
                generation = self._join(connection)
            if generation != self._generation:
                self._take(connection)
        self._generation, self._beat_at = generation, time.monotonic()

    def commit(self, positions: Mapping[Place, int]) -> bool:
        """Remember the next offsets, unless the group changed since this member last looked."""
        if not positions:
            return True
        if any(place not in self._next for place in positions):
            return False
        ids = [self._ids[place.topic] for place in positions]
        with self._session.transaction() as connection:
            row = connection.execute("select generation from bus_group where name = %s for share", (self._group,)).fetchone()
            fenced = row is None or row[0] != self._generation
            if not fenced:
                connection.execute(_COMMIT, (self._group, ids, [place.partition for place in positions], list(positions.values())))
        if fenced:
            self._generation = None  # look again at once
        return not fenced

    def lag(self) -> dict[Place, int]:
        """Return how many messages of each own partition are not polled yet."""
        if not self._next:
            return {}
        with self._session.transaction() as connection:
            rows = connection.execute(
                "select t.name, p.partition, p.next_offset from bus_partition p join bus_topic t on t.id = p.topic_id where t.name = any (%s)",
                (self._topics,),
            ).fetchall()
        ends = {Place(row[0], row[1]): row[2] for row in rows}
        return {place: max(0, ends.get(place, 0) - start) for place, start in self._next.items()}

    def close(self) -> None:
        """Leave the group, so that the others need not wait for the time-out."""
        with suppress(BusUnavailable), self._session.transaction() as connection:
            self._lock_group(connection)
            gone = connection.execute("delete from bus_member where group_name = %s and member = %s", (self._group, self._member))
            if gone.rowcount:
                connection.execute("update bus_group set generation = generation + 1 where name = %s", (self._group,))
                connection.execute("notify bus")
        self._session.close()

    def _fetch(self, most: int) -> list[Record]:
        if not self._next:
            return []
        # The order turns, so that a busy partition does not starve the others.
        places = list(self._next)
        self._turn = (self._turn + 1) % len(places)
        places = places[self._turn :] + places[: self._turn]
        topics, partitions = [place.topic for place in places], [place.partition for place in places]
        given = (topics, [self._ids[topic] for topic in topics], partitions, [self._next[place] for place in places], most, most)
        with self._session.transaction() as connection:
            rows = connection.execute(_NEXT, given, binary=True).fetchall()
        return [Record(Place(row[0], row[1]), row[2], row[3], row[5], row[4]) for row in rows]

    def _lock_group(self, connection: _Connection) -> None:
        connection.execute("insert into bus_group (name) values (%s) on conflict do nothing", (self._group,))
        connection.execute("select from bus_group where name = %s for update", (self._group,))

    def _join(self, connection: _Connection) -> int:
        from chassis.broker.log import topic_of

        for topic in self._topics:
            topic_of(connection, topic, PARTITIONS)
        self._lock_group(connection)
        connection.execute(
            "delete from bus_member where group_name = %s and heartbeat_at < clock_timestamp() - %s * interval '1 second'",
            (self._group, self._timeout),
        )
        connection.execute(
            """insert into bus_member (group_name, member, topics, heartbeat_at) values (%s, %s, %s, clock_timestamp())
               on conflict (group_name, member) do update set heartbeat_at = excluded.heartbeat_at""",
            (self._group, self._member, self._topics),
        )
        row = connection.execute(
            "update bus_group set generation = generation + 1 where name = %s returning generation", (self._group,)
        ).fetchone()
        connection.execute("notify bus")
        return int(row[0]) if row else 0

    def _take(self, connection: _Connection) -> None:
        """Compute this member's share, the same way as every member does, and start where the group stands."""
        members = connection.execute(
            "select member, topics from bus_member where group_name = %s order by member", (self._group,)
        ).fetchall()
        rows = connection.execute(_PARTITIONS, (self._group, self._topics)).fetchall()
        self._ids = {row[0]: row[1] for row in rows}
        self._next = {}
        for topic, _id, partition, start in rows:
            sharing = [member for member, topics in members if topic in topics]
            if sharing and sharing[partition % len(sharing)] == self._member:
                self._next[Place(topic, partition)] = start
