"""Whatever writers and relays do, and wherever a relay dies: no fact is lost, keys keep their order, a repetition has the same id."""

import uuid
from pathlib import Path

import psycopg
import sqlalchemy as sa
from chassis import broker, db, outbox
from chassis.relay import Relay
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from malang.singo.v1.letters_events_pb2 import LetterIssued
from malang.twuin.v1.billing_events_pb2 import BillIssued

MIGRATIONS = Path(__file__).parents[1] / "db" / "migrations"
KEYS = ["a", "b", "c"]
LOCK = sa.text("select version from aggregates where topic = :topic and key = :key for update")
BUMP = sa.text("update aggregates set version = version + :count where topic = :topic and key = :key")
FACTS = {"twuin.billing": BillIssued, "singo.letters": LetterIssued}


class Died(Exception):  # noqa: N818 - named as what happened
    """The relay's process ended here."""


class MortalRelay(Relay):
    """A relay that can be told to die after the bus has taken its batch and before the batch is marked sent."""

    dies = False

    def _mark(self, connection, ids):
        if self.dies:
            raise Died
        super()._mark(connection, ids)


class Writer:
    """A transaction that locked an aggregate, changed it and said so, and is not over yet."""

    def __init__(self, database, topic, key, count):
        self.topic, self.key, self._block = topic, key, database.transaction()
        session = self._block.__enter__()
        row = session.execute(LOCK, {"topic": topic, "key": key}).one()
        self.said = []
        for version in range(row.version + 1, row.version + count + 1):
            said = outbox.append(session, FACTS[topic](), key=f"{topic}/{key}", sequence=version)
            self.said.append((said, version))
        session.execute(BUMP, {"topic": topic, "key": key, "count": count})

    def end(self, *, commit):
        if commit:
            self._block.__exit__(None, None, None)
            return self.said
        self._block.__exit__(Died, Died(), None)
        return []


class OutboxMachine(RuleBasedStateMachine):
    fresh_url = None  # set by the test: a database with the frame's tables, another for the bus

    @initialize()
    def begin(self):
        url, bus_url = self.fresh_url()
        self.database, self.bus = db.Database(url, pool_size=8, application_name="machine"), broker.connect(bus_url)
        with psycopg.connect(url) as connection:
            connection.execute("create table aggregates (topic text, key text, version int, primary key (topic, key))")
            for topic in FACTS:
                for key in KEYS:
                    connection.execute("insert into aggregates values (%s, %s, 0)", (topic, key))
        self.bus.ensure(list(FACTS))
        self.writers, self.relays, self.committed, self.rolled_back = {}, [self._relay()], {}, set()

    def _relay(self):
        return MortalRelay(self.database, self.bus, source="/machine", batch=3)

    @rule(topic=st.sampled_from(sorted(FACTS)), key=st.sampled_from(KEYS), count=st.integers(1, 4))
    def write(self, topic, key, count):
        # A second writer of the same aggregate would wait for the lock of the first, here for ever.
        if (topic, key) not in self.writers:
            self.writers[topic, key] = Writer(self.database, topic, key, count)

    @precondition(lambda self: self.writers)
    @rule(data=st.data(), commit=st.booleans())
    def end_a_transaction(self, data, commit):
        writer = self.writers.pop(data.draw(st.sampled_from(sorted(self.writers))))
        if not commit:
            self.rolled_back |= {event_id for event_id, _ in writer.said}
        for event_id, version in writer.end(commit=commit):
            self.committed[event_id] = (f"{writer.topic}/{writer.key}", version)

    @rule(data=st.data())
    def a_relay_turns(self, data):
        data.draw(st.sampled_from(self.relays)).turn()

    @rule(data=st.data())
    def a_relay_dies_between_ack_and_mark(self, data):
        relay = data.draw(st.sampled_from(self.relays))
        relay.dies = True
        try:
            relay.turn()
        except Died:
            # The death of a process closes its connections; the lanes are free for the next.
            self._bury(relay)
        else:
            relay.dies = False

    @rule(data=st.data())
    def a_relay_loses_its_database_connection(self, data):
        data.draw(st.sampled_from(self.relays))._drop()

    @precondition(lambda self: len(self.relays) < 3)
    @rule()
    def another_relay_starts(self):
        self.relays.append(self._relay())

    def _bury(self, relay):
        relay.close()
        self.relays.remove(relay)
        if not self.relays:
            self.relays.append(self._relay())

    def _on_bus(self):
        return [
            r for topic in FACTS for place, (start, end) in self.bus.span(topic).items() for r in self.bus.read(place, start, end)
        ]

    @invariant()
    def keys_keep_their_order_and_repetitions_their_id(self):
        if not hasattr(self, "relays"):
            return
        first_met = {}
        for record in self._on_bus():
            event_id = uuid.UUID(record.headers["ce_id"])
            assert event_id in self.committed, "said although its change never happened"
            assert self.committed[event_id] == (record.key, int(record.headers["ce_sequence"]))
            first_met.setdefault(record.key, {}).setdefault(event_id, int(record.headers["ce_sequence"]))
        for met in first_met.values():
            versions = list(met.values())
            assert versions == list(range(1, len(versions) + 1)), "a fact overtook an earlier one of its key"

    def teardown(self):
        if not hasattr(self, "relays"):
            return
        for place in list(self.writers):
            self.writers.pop(place).end(commit=False)
        for relay in self.relays:
            relay.close()
        last = self._relay()
        while last.turn():
            pass
        last.close()
        assert {uuid.UUID(record.headers["ce_id"]) for record in self._on_bus()} == set(self.committed), "a fact was lost"
        self.keys_keep_their_order_and_repetitions_their_id()
        self.database.close()


def test_no_fact_is_lost_or_overtaken(database_url):
    class Machine(OutboxMachine):
        fresh_url = staticmethod(lambda: (database_url(MIGRATIONS), database_url()))

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Each example makes two databases: shrinking a failure would outlast the time that a test has.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
