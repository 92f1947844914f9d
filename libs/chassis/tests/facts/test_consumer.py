import datetime as dt
import threading
import time
import uuid
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from chassis import broker, clock, consumer
from chassis.broker import BusUnavailable, Outgoing
from chassis.consumer import Consumer, Subscription
from chassis.db.frame import dead_letter, inbox, outbox
from chassis.errors import Refused
from chassis.inbox import newer
from chassis.outbox import Again, append, restate
from chassis.relay import Relay
from malang.twuin.v1.billing_events_pb2 import BillIssued, BillPaid
from prometheus_client import REGISTRY

TOPIC = "twuin.billing"


class Broken(Refused):
    id = "Aturan dilanggar."
    en = "A rule is broken."


class Handler:
    """Writes what it gets into the database; refuses the volumes in `broken`."""

    def __init__(self):
        self.broken: set[int] = set()
        self.calls: list[int] = []
        self.wrong: Exception = Broken()

    def __call__(self, session, fact, envelope):
        self.calls.append(fact.volume)
        session.execute(sa.text("insert into effects values (:key, :volume)"), {"key": envelope.subject, "volume": fact.volume})
        if fact.volume in self.broken:
            raise self.wrong


@pytest.fixture
def handler(database):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("create table effects (key text, volume int)")
    return Handler()


@pytest.fixture
def run(database, bus, handler):
    @contextmanager
    def running(*, bus=bus, count=1, ordered=True):
        stop = threading.Event()
        subscriptions = [Subscription(BillIssued, handler, ordered=ordered)]
        threads = [threading.Thread(target=Consumer(database, bus, "g", subscriptions).run, args=(stop,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    return running


def _fact(volume, *, key="b", event_id=None, payload=None, type_="malang.twuin.v1.BillIssued"):
    headers = {"ce_id": str(event_id or uuid.uuid4()), "ce_type": type_, "ce_source": "/test", "ce_subject": key}
    headers |= {"ce_time": clock.now().isoformat(), "ce_sequence": str(volume)}
    return Outgoing(TOPIC, key, BillIssued(volume=volume).SerializeToString() if payload is None else payload, headers)


def _publish(bus, *facts):
    publisher = bus.publisher()
    publisher.publish(facts)
    publisher.close()


def _effects(database, key="b"):
    with database.transaction(readonly=True) as session:
        return list(session.scalars(sa.text("select volume from effects where key = :key order by volume"), {"key": key}))


def _letters(database, *, is_open=True):
    with database.transaction(readonly=True) as session:
        state = dead_letter.c.resolved_at.is_(None) if is_open else dead_letter.c.resolved_at.is_not(None)
        return session.execute(sa.select(dead_letter).where(state).order_by(dead_letter.c.id)).all()


def _until(holds, seconds=20):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "did not come true in time"
        time.sleep(0.02)


def test_each_fact_has_its_effect_once_however_often_it_comes(database, bus, run):
    twice = _fact(1)
    _publish(bus, twice, twice, _fact(2), twice)
    with run():
        _until(lambda: _effects(database) == [1, 2])
        _publish(bus, twice, _fact(3))
        _until(lambda: _effects(database) == [1, 2, 3])


def test_goes_on_where_it_stood_after_a_restart(database, bus, run, handler):
    _publish(bus, _fact(1))
    with run():
        _until(lambda: _effects(database) == [1])
    _publish(bus, _fact(2))
    with run():
        _until(lambda: _effects(database) == [1, 2])
    assert handler.calls == [1, 2]


def test_skips_types_nobody_subscribes_to(database, bus, run):
    _publish(bus, _fact(1, type_="malang.twuin.v1.BillPaid"), _fact(2, type_="com.example.Unknown"), _fact(3))
    with run():
        _until(lambda: _effects(database) == [3])
    assert _letters(database) == []
    with database.transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(inbox)) == 1


def test_a_broken_rule_parks_the_fact_after_five_tries_and_those_behind_it(database, bus, run, handler):
    handler.broken = {2}
    _publish(bus, *(_fact(n) for n in (1, 2, 3, 4)), _fact(1, key="other"))
    with run():
        _until(lambda: _effects(database, "other") == [1] and len(_letters(database)) == 3)
    assert handler.calls.count(2) == 5
    assert _effects(database) == [1], "a failed attempt leaves nothing, later facts of the key wait"
    first, *behind = _letters(database)
    assert (first.attempts, first.error, first.key, first.sequence) == (5, "Broken: A rule is broken.", "b", 2)
    assert [letter.attempts for letter in behind] == [0, 0]
    with database.transaction() as session:
        said = session.execute(sa.select(outbox.c.topic, outbox.c.event_id)).all()
    assert {row.topic for row in said} == {"g.dead_letter"}
    assert {row.event_id for row in said} == {letter.event_id for letter in _letters(database)}


def test_where_order_does_not_matter_only_the_broken_fact_is_parked(database, bus, run, handler):
    handler.broken = {2}
    _publish(bus, *(_fact(n) for n in (1, 2, 3)))
    with run(ordered=False):
        _until(lambda: _effects(database) == [1, 3])
    assert [letter.sequence for letter in _letters(database)] == [2]


def test_redriving_lets_parked_facts_have_their_effect_in_order(database, bus, run, handler):
    handler.broken = {2}
    _publish(bus, *(_fact(n) for n in (1, 2, 3, 4)))
    with run():
        _until(lambda: len(_letters(database)) == 3)
    subscriptions = [Subscription(BillIssued, handler)]
    assert consumer.redrive(database, "g", subscriptions) == consumer.Redriven(resolved=0, open=3)
    assert _letters(database)[0].attempts == 6
    handler.broken = set()
    handler.calls.clear()
    assert consumer.redrive(database, "g", subscriptions) == consumer.Redriven(resolved=3, open=0)
    assert handler.calls == [2, 3, 4]
    assert _effects(database) == [1, 2, 3, 4]
    assert consumer.redrive(database, "g", subscriptions) == consumer.Redriven(resolved=0, open=0)


def test_a_parked_fact_that_comes_again_is_parked_once_and_after_the_redrive_known(database, bus, run, handler):
    handler.broken = {2}
    again = _fact(2)
    _publish(bus, again)
    with run():
        _until(lambda: len(_letters(database)) == 1)
        _publish(bus, again, _fact(1, key="other"))
        _until(lambda: _effects(database, "other") == [1])
        assert len(_letters(database)) == 1
        handler.broken = set()
        consumer.redrive(database, "g", [Subscription(BillIssued, handler)])
        _publish(bus, again, _fact(2, key="other"))
        _until(lambda: _effects(database, "other") == [1, 2])
    assert _effects(database) == [2]


def test_an_unreadable_payload_is_parked_at_once(database, bus, run, handler):
    _publish(bus, _fact(1, payload=b"\xff\xff\xff"), _fact(1, key="other"))
    with run():
        _until(lambda: _effects(database, "other") == [1])
    (letter,) = _letters(database)
    assert (letter.attempts, bytes(letter.payload)) == (1, b"\xff\xff\xff")
    assert handler.calls == [1]


def test_a_passing_failure_is_tried_until_it_passes(database, bus, run, handler):
    handler.broken, handler.wrong = {1}, ConnectionError("the other side is away")
    _publish(bus, _fact(1), _fact(2))
    with run():
        _until(lambda: handler.calls.count(1) >= 7)
        handler.broken = set()
        _until(lambda: _effects(database) == [1, 2])
    assert _letters(database) == []


def test_what_is_tried_again_and_again_counts_as_waiting(database, bus, run, handler):
    def lag():
        return REGISTRY.get_sample_value("consumer_lag", {"group": "g", "topic": TOPIC})

    handler.broken, handler.wrong = {1}, ConnectionError("the other side is away")
    with run():
        _publish(bus, _fact(1), _fact(2))
        _until(lambda: lag() == 2)
        handler.broken = set()
        _until(lambda: _effects(database) == [1, 2] and lag() == 0)


def test_outlives_its_database(database, bus, run, url, postgres):
    name = url.partition("@/")[2].partition("?")[0]
    with run(), psycopg.connect(postgres, autocommit=True) as admin:
        _publish(bus, _fact(1))
        _until(lambda: _effects(database) == [1])
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        _publish(bus, _fact(2))
        time.sleep(1)
        admin.execute(f"alter database {name} allow_connections true")
        _until(lambda: _effects(database) == [1, 2])
    assert _letters(database) == []


def test_outlives_its_bus(database, database_url, run, postgres):
    bus_url = database_url()
    name = bus_url.partition("@/")[2].partition("?")[0]
    bus = broker.connect(bus_url, session_timeout=2)
    _publish(bus, *(_fact(n) for n in range(1, 201)))
    with run(bus=bus), psycopg.connect(postgres, autocommit=True) as admin:
        _until(lambda: len(_effects(database)) > 10)
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        with pytest.raises(BusUnavailable):
            _publish(bus, _fact(999))
        time.sleep(0.5)
        admin.execute(f"alter database {name} allow_connections true")
        _publish(bus, _fact(201))
        _until(lambda: _effects(database) == list(range(1, 202)))


def test_two_members_share_the_work_and_a_crash_of_one_loses_nothing(database, bus, run, handler):
    keys = [f"key-{n}" for n in range(20)]
    with run(count=2):
        for volume in range(1, 21):
            _publish(bus, *(_fact(volume, key=key) for key in keys))
            if volume == 10:
                # A member that took its share and vanished without a word; its partitions come back after the time-out.
                vanished = bus.subscriber("g", [TOPIC])
                vanished.poll(0.1, 100)
        _until(lambda: all(_effects(database, key) == list(range(1, 21)) for key in keys))
    assert len(handler.calls) >= 400


def test_a_fact_may_have_two_subscriptions_that_fail_apart(database, bus, handler):
    done, stop = [], threading.Event()

    def good(_session, fact, _envelope):
        done.append(fact.volume)

    handler.broken = {1}
    both = [Subscription(BillIssued, handler, name="bad"), Subscription(BillIssued, good, name="good")]
    with pytest.raises(ValueError, match="give each subscription a name"):
        Consumer(database, bus, "g", [Subscription(BillIssued, handler), Subscription(BillIssued, good)])
    thread = threading.Thread(target=Consumer(database, bus, "g", both).run, args=(stop,))
    _publish(bus, _fact(1))
    thread.start()
    _until(lambda: done == [1])
    stop.set()
    thread.join()
    assert [letter.consumer for letter in _letters(database)] == ["g/bad"]
    handler.broken = set()
    assert consumer.redrive(database, "g", both).resolved == 1


def test_knows_which_failures_pass():
    passing = [ConnectionError(), TimeoutError(), BusUnavailable(), sa.exc.TimeoutError(), psycopg.OperationalError()]
    passing.append(sa.exc.OperationalError("select", None, psycopg.errors.DeadlockDetected()))
    assert all(consumer.transient(wrong) for wrong in passing)
    staying = [ValueError(), Broken(), sa.exc.IntegrityError("insert", None, psycopg.errors.UniqueViolation())]
    assert not any(consumer.transient(wrong) for wrong in staying)


def test_an_envelope_without_attributes_gets_stand_ins_from_its_place(bus):
    publisher = bus.publisher()
    publisher.publish([Outgoing(TOPIC, "k", b"", {"ce_id": "not a uuid", "ce_time": "yesterday", "ce_sequence": "-1"})])
    publisher.close()
    member = bus.subscriber("g", [TOPIC])
    (record,) = member.poll(5, 1)
    member.close()
    one, two = (consumer.effects.envelope_of(record) for _ in range(2))
    assert one.id == two.id
    assert (one.type, one.subject, one.sequence, one.traceparent) == ("", "k", 0, "")
    assert abs(one.time - clock.now()) < dt.timedelta(minutes=1)
    assert BillPaid.DESCRIPTOR.full_name == "malang.twuin.v1.BillPaid"


def test_a_restated_fact_reaches_only_who_asks_and_fills_in_what_is_missing(database, bus, handler):
    told = []

    def project(session, fact, envelope):
        if newer(session, "bills", envelope.subject, envelope.sequence):
            handler(session, fact, envelope)

    subscriptions = [
        Subscription(BillIssued, project, restated=True),
        Subscription(BillIssued, lambda _session, fact, _envelope: told.append(fact.volume), name="tell"),
    ]
    with database.transaction() as session:
        for volume in (1, 2):
            append(session, BillIssued(volume=volume), key="b", sequence=volume)
    relay = Relay(database, bus, source="/test")
    stop = threading.Event()
    consuming = threading.Thread(target=Consumer(database, bus, "g", subscriptions).run, args=(stop,))
    consuming.start()
    try:
        relay.turn()
        _until(lambda: _effects(database) == [1, 2] and told == [1, 2])
        with database.transaction() as session:  # the projection is lost, the memory of versions is not
            session.execute(sa.text("delete from effects"))
            restate(session, [Again(BillIssued(volume=7), "b", 2, clock.now()), Again(BillIssued(volume=8), "b", 1, clock.now())])
            append(session, BillIssued(volume=3), key="b", sequence=3)
        relay.turn()
        _until(lambda: told == [1, 2, 3])
    finally:
        stop.set()
        consuming.join()
        relay.close()
    assert _effects(database) == [3, 7], "the present version comes again, an older one does not"
    assert told == [1, 2, 3], "nobody is told twice"
