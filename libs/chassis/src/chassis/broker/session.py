"""One connection to the log's database, opened when needed and thrown away when it fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from chassis.broker.contract import BusUnavailable

_LOCK = 7_266_153  # any number, the same for every process that prepares a log
_SCHEMA = """
create table if not exists bus_topic (
    id int generated always as identity primary key, name text not null unique, partitions int not null);
create table if not exists bus_partition (
    topic_id int not null references bus_topic, partition int not null, next_offset bigint not null default 0,
    primary key (topic_id, partition)) with (fillfactor = 50);
create table if not exists bus_log (
    topic_id int not null, partition int not null, "offset" bigint not null, at timestamptz not null default now(),
    key text not null, headers jsonb not null, payload bytea not null, primary key (topic_id, partition, "offset"));
create index if not exists ix_bus_log_at on bus_log using brin (at);
create table if not exists bus_group (name text primary key, generation bigint not null default 0);
create table if not exists bus_member (
    group_name text not null references bus_group, member uuid not null, topics text[] not null,
    heartbeat_at timestamptz not null, primary key (group_name, member)) with (fillfactor = 50);
create table if not exists bus_offset (
    group_name text not null references bus_group, topic_id int not null, partition int not null, next_offset bigint not null,
    primary key (group_name, topic_id, partition)) with (fillfactor = 50);
"""
_prepared: set[str] = set()
_preparing = threading.Lock()


class LogSession:
    """A connection that comes back by itself; each failure is BusUnavailable."""

    def __init__(self, url: str, *, listen: bool = False) -> None:
        """Connect on first use; hear of new messages where `listen`."""
        self._url, self._listen = url, listen
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield the connection inside a transaction."""
        try:
            connection = self._open()
            with connection.transaction():
                yield connection
        except psycopg.Error as wrong:
            self.close()
            raise BusUnavailable(str(wrong)) from wrong

    def wait(self, timeout: float) -> None:
        """Return when a message was published somewhere, or after `timeout` s."""
        try:
            for _ in self._open().notifies(timeout=timeout, stop_after=1):
                pass
        except psycopg.Error as wrong:
            self.close()
            raise BusUnavailable(str(wrong)) from wrong

    def close(self) -> None:
        """Drop the connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            _prepare(self._url)
            self._connection = _connect(self._url)
            if self._listen:
                self._connection.execute("listen bus")
        return self._connection


def _connect(url: str) -> psycopg.Connection[Any]:
    options = "-c statement_timeout=15000 -c lock_timeout=10000 -c timezone=UTC"
    return psycopg.connect(
        url, autocommit=True, connect_timeout=3, application_name="bus", options=options,
        keepalives_idle=10, keepalives_interval=5, keepalives_count=3, tcp_user_timeout=15_000,
    )  # fmt: skip


def _prepare(url: str) -> None:
    """Create the tables once a process; processes that start together take turns."""
    with _preparing:
        if url in _prepared:
            return
        with _connect(url) as connection, connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            if connection.execute("select to_regclass('bus_offset')").fetchone() == (None,):
                connection.execute(_SCHEMA)
        _prepared.add(url)
