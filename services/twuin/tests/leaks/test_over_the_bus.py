"""The whole way within this service, over a real bus: a report comes in, the crew works, everybody who waits is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from chassis import broker, outbox
from chassis.consumer import Consumer
from chassis.relay import Relay
from malang.twuin.v1 import leaks_events_pb2 as facts
from twuin import app
from twuin.leaks.model import State


@contextmanager
def at_work(city, bus_url: str) -> Iterator[None]:
    """Run relay and consumer of the service, as its processes do."""
    relay = Relay(city.db, broker.connect(bus_url), source="/twuin")
    consumer = Consumer(city.db, broker.connect(bus_url), "twuin", app.SERVICE.subscriptions(city.works.parts))
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


def parked(city) -> int:
    with city.db.transaction(readonly=True) as session:
        return session.scalar(sa.text("select count(*) from dead_letter"))


def test_a_report_comes_over_the_bus_and_its_end_goes_back(city, database_url):
    filed = [city.filed(photos=("p-1",)), city.filed()]
    with city.db.transaction() as session:  # as singo's relay would bring them; the first one twice
        for fact in (*filed, filed[0]):
            outbox.append(session, fact, key=fact.complaint_id, sequence=1)
    with at_work(city, database_url()):
        until(lambda: len(city.said(facts.LeakOpened)) + len(city.said(facts.LeakJoined)) == 2)
        city.crew("accept", "arrive", "repaired")
        until(lambda: city.said(facts.LeakClosed) != [])
    [closed] = city.said(facts.LeakClosed)
    assert sorted(closed.complaint_ids) == sorted(fact.complaint_id for fact in filed)
    [leak] = city.leaks()
    assert leak.state == State.REPAIRED
    assert len(city.orders()) == 1
    assert parked(city) == 0
