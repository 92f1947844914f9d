import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from chassis import broker, db, outbox
from chassis.db.frame import outbox as table
from chassis.outbox import Bulk
from chassis.relay import BATCH, Relay
from malang.singo.v1.letters_events_pb2 import LetterIssued
from malang.twuin.v1.billing_events_pb2 import BillIssued
from prometheus_client import REGISTRY


def _say(database, count, *, key="b", start=1):
    with database.transaction() as session:
        for n in range(start, start + count):
            outbox.append(session, BillIssued(bill_id=key, volume=n), key=key, sequence=n)


def _unsent(database):
    with database.transaction(readonly=True) as session:
        return session.scalar(sa.select(sa.func.count()).where(table.c.sent_at.is_(None)))


def _on_bus(bus, topic="twuin.billing"):
    return [r for place, (start, end) in bus.span(topic).items() for r in bus.read(place, start, end)]


@contextmanager
def _running(*relays):
    stop = threading.Event()
    threads = [threading.Thread(target=relay.run, args=(stop,)) for relay in relays]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _until(holds, seconds=15):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def relay(database, bus):
    made = Relay(database, bus, source="/test")
    yield made
    made.close()


def test_sends_what_is_committed_with_its_attributes(database, bus, relay):
    _say(database, 3)
    assert relay.turn() == 3
    assert _unsent(database) == 0
    sent = _on_bus(bus)
    assert [BillIssued.FromString(r.payload).volume for r in sent] == [1, 2, 3]
    headers = sent[0].headers
    assert headers["ce_type"] == "malang.twuin.v1.BillIssued"
    assert (headers["ce_source"], headers["ce_subject"], headers["ce_sequence"]) == ("/test", "b", "1")
    assert len(headers["traceparent"]) == 55
    assert relay.turn() == 0


def test_misses_no_row_whose_transaction_commits_late(database, bus, relay, url):
    with psycopg.connect(url) as slow:
        slow.execute(
            """insert into outbox (event_id, topic, type, key, sequence, time, traceparent, payload)
            values (gen_random_uuid(), 'twuin.billing', 'malang.twuin.v1.BillIssued', 'late', 1, now(), '', '')"""
        )
        _say(database, 5)
        assert relay.turn() == 5
        slow.commit()
    assert relay.turn() == 1
    assert len(_on_bus(bus)) == 6


def test_a_long_lane_does_not_hold_up_another(database, bus, relay):
    with database.transaction() as session:
        outbox.append_copy(session, "twuin.billing", (Bulk(BillIssued(), key=str(n), sequence=1) for n in range(3 * BATCH)))
        outbox.append(session, LetterIssued(), key="letter", sequence=1)
    relay.turn()
    assert len(_on_bus(bus, "singo.letters")) == 1
    assert _unsent(database) == 2 * BATCH


def test_only_one_relay_is_active_in_a_lane_and_another_takes_over(database, bus, relay):
    standby = Relay(database, bus, source="/test")
    _say(database, 1)
    assert relay.turn() == 1
    _say(database, 1, start=2)
    assert standby.turn() == 0
    relay.close()
    _until(lambda: standby.turn() == 1)
    standby.close()


def test_survives_the_end_of_its_database_connection(database, bus, url):
    with _running(Relay(database, bus, source="/test")):
        _say(database, 1)
        _until(lambda: _unsent(database) == 0)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay' and datname = current_database()"
            )
        _say(database, 1, start=2)
        _until(lambda: _unsent(database) == 0)


def test_waits_for_a_bus_that_refuses_connections_and_loses_nothing(database, database_url, postgres):
    bus_url = database_url()
    name = bus_url.partition("@/")[2].partition("?")[0]
    bus = broker.connect(bus_url)
    with psycopg.connect(postgres, autocommit=True) as admin, _running(Relay(database, bus, source="/test")):
        _say(database, 10)
        _until(lambda: _unsent(database) == 0)
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        _say(database, 10, start=11)
        time.sleep(1)
        assert _unsent(database) == 10
        admin.execute(f"alter database {name} allow_connections true")
        _until(lambda: _unsent(database) == 0)
    volumes = [BillIssued.FromString(r.payload).volume for r in _on_bus(bus)]
    assert list(dict.fromkeys(volumes)) == list(range(1, 21))


def test_a_relay_needs_no_bus_to_start(database):
    lonely = Relay(database, broker.connect("postgresql://nobody@127.0.0.1:1/none"), source="/test")
    _say(database, 1)
    with _running(lonely):
        time.sleep(0.3)
    assert _unsent(database) == 1


def test_what_waits_is_seen_while_the_bus_is_away(database):
    _say(database, 7)
    with _running(Relay(database, broker.connect("postgresql://nobody@127.0.0.1:1/none"), source="/test")):
        _until(lambda: REGISTRY.get_sample_value("outbox_unsent", {"topic": "twuin.billing"}) == 7)
        _until(lambda: REGISTRY.get_sample_value("outbox_oldest_unsent_seconds", {"topic": "twuin.billing"}) > 5)


def test_forgets_sent_rows_while_it_runs(database, bus, url):
    with psycopg.connect(url) as connection:
        connection.execute(
            """insert into outbox (event_id, topic, type, key, sequence, time, traceparent, payload, sent_at)
            values (gen_random_uuid(), 't', 't', 'k', 1, now(), '', '', now() - interval '40 days')"""
        )
    with _running(Relay(database, bus, source="/test")):
        _until(lambda: database_is_empty(database))


def database_is_empty(database: db.Database) -> bool:
    with database.transaction(readonly=True) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
