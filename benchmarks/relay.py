"""Facts a second through the outbox, and the time from a commit to its effect elsewhere, on the embedded bus or on Kafka.

Run: python benchmarks/relay.py [kafka]   (databases are those of the tests: a private server, durable settings off unless TEST_DATABASE_URL)
"""

import multiprocessing
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
from chassis import broker, clock, db, outbox
from chassis.consumer import Consumer, Envelope, Subscription
from chassis.outbox import Bulk
from chassis.relay import Relay
from chassis.testing import servers
from malang.twuin.v1.billing_events_pb2 import BillIssued

FACTS, RATE, SECONDS = 60_000, 200, 10
MIGRATION = "from alembic import op\nfrom chassis import db\nrevision = '0001'\ndown_revision = None\ndef upgrade():\n    db.create_frame(op)\n"


def main() -> None:
    server = servers._postgres()  # noqa: SLF001 - the test run's own server, without pytest
    names = ("bench_service", "bench_bus")
    with psycopg.connect(server, autocommit=True) as admin:
        for name in names:
            admin.execute(f"drop database if exists {name} with (force)".encode())
            admin.execute(f"create database {name}".encode())
    url, bus_url = (servers.with_database(server, name) for name in names)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "versions").mkdir()
        (Path(folder) / "versions" / "0001_frame.py").write_text(MIGRATION, encoding="utf-8")
        db.migrate(url, Path(folder))
    database = db.Database(url, application_name="bench")
    bus_url = servers._kafka() if sys.argv[1:] == ["kafka"] else bus_url  # noqa: SLF001 - as above
    print(f"bus: {bus_url.partition(':')[0]}")
    throughput(database, broker.connect(bus_url))
    database.close()
    latency(url, bus_url)


def throughput(database: db.Database, bus: broker.Broker) -> None:
    began = time.perf_counter()
    with database.transaction() as session:
        rows = (Bulk(BillIssued(bill_id=f"bill-{n}", volume=n, amount=n * 100), key=f"bill-{n}", sequence=1) for n in range(FACTS))
        outbox.append_copy(session, "twuin.billing", rows)
    print(f"append_copy: {FACTS / (time.perf_counter() - began):,.0f} facts/s")
    sender = Relay(database, bus, source="/bench")
    began, sent = time.perf_counter(), 0
    while sent < FACTS:
        sent += sender.turn()
    print(f"relay:       {FACTS / (time.perf_counter() - began):,.0f} facts/s")
    sender.close()


def latency(url: str, bus_url: str) -> None:
    bus, database, group = broker.connect(bus_url), db.Database(url, application_name="bench"), f"bench-{time.time_ns()}"
    # The effect's group starts after the bulk, so that it does not have to work that off first.
    member = bus.subscriber(group, ["twuin.billing"])
    ends = {place: end for place, (_start, end) in bus.span("twuin.billing").items()}
    until = time.monotonic() + 30
    while not member.commit(ends) and time.monotonic() < until:
        member.poll(0.2, 1)
    member.close()
    context = multiprocessing.get_context("spawn")
    stop, took = context.Event(), context.Queue()
    parts = [
        context.Process(target=relay, args=(url, bus_url, stop)),
        context.Process(target=consume, args=(url, bus_url, group, stop, took)),
    ]
    for part in parts:
        part.start()
    time.sleep(6)
    began = time.perf_counter()
    for n in range(RATE * SECONDS):
        with database.transaction() as session:
            outbox.append(session, BillIssued(bill_id=str(n)), key=f"key-{n % 500}", sequence=n)
        time.sleep(max(0.0, began + n / RATE - time.perf_counter()))
    times = sorted(took.get(timeout=30) for _ in range(RATE * SECONDS))
    stop.set()
    for part in parts:
        part.join()
    p50, p99 = (times[int(len(times) * part)] * 1000 for part in (0.5, 0.99))
    print(f"commit to effect at {RATE}/s, three processes: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    database.close()


def relay(url: str, bus_url: str, stop: threading.Event) -> None:
    Relay(db.Database(url, application_name="relay"), broker.connect(bus_url), source="/bench").run(stop)


def consume(url: str, bus_url: str, group: str, stop: threading.Event, took: "multiprocessing.Queue[float]") -> None:
    def effect(_session: object, _fact: BillIssued, envelope: Envelope) -> None:
        took.put((clock.now() - envelope.time).total_seconds())

    database = db.Database(url, application_name="consumer")
    Consumer(database, broker.connect(bus_url), group, [Subscription(BillIssued, effect)]).run(stop)


if __name__ == "__main__":
    main()
