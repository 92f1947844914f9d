"""The errand of moving house within this service, over a real bus: a letter comes in, water flows at the end."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from chassis import broker, outbox
from chassis.consumer import Consumer
from chassis.relay import Relay
from chassis.testing import as_citizen
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin import app, payments

from services.twuin.tests.new_connections.conftest import Office, installed, surveyed


@contextmanager
def at_work(office: Office, bus_url: str) -> Iterator[None]:
    """Run relay and consumer of the service, as its processes do."""
    relay = Relay(office.db, broker.connect(bus_url), source="/twuin")
    consumer = Consumer(office.db, broker.connect(bus_url), "twuin", app.SERVICE.subscriptions(office.works.parts))
    stop = threading.Event()
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in (relay, consumer)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.1)


def test_a_letter_comes_over_the_bus_and_water_flows_at_the_end(office: Office, database_url) -> None:
    letter_id = str(uuid.uuid4())
    with office.db.transaction() as session:  # as singo's relay would bring it; twice
        for _ in range(2):
            outbox.append(session, office.issued(letter_id), key=letter_id, sequence=1)

    def proofs() -> int:
        with as_citizen("ani"):
            return len(office.calls.ListProofs(pb.ListProofsRequest()).proofs)

    with at_work(office, database_url()):
        until(lambda: proofs() == 1)
        one = office.apply(letter_id)
        office.check(one)
        office.visit(one, surveyed(12))
        until(lambda: office.get(one).state == pb.NEW_CONNECTION_STATE_PAYMENT)
        bill = uuid.UUID(office.get(one).bill_id)
        payments.pay_in_demo(office.db, office.works.parts.provider, citizen_id="ani", bill_ids=[bill])
        until(lambda: office.get(one).state == pb.NEW_CONNECTION_STATE_INSTALLATION)
        office.visit(one, installed())
        until(lambda: office.get(one).state == pb.NEW_CONNECTION_STATE_ACTIVE)
    assert len(office.facts(facts.NewConnectionActivated)) == 1
    with office.db.transaction(readonly=True) as session:
        assert session.scalar(sa.text("select count(*) from dead_letter")) == 0
