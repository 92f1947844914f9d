"""Facts a second through the outbox, and the time from a commit to its effect elsewhere, on the embedded bus or on Kafka.

python benchmarks/relay.py [kafka]
"""

import multiprocessing
import sys
import tempfile
import threading
import time
from pathlib import Path

import engine
import measured
import psycopg
from chassis import broker, clock, db, outbox
from chassis.consumer import Consumer, Envelope, Subscription
from chassis.outbox import Bulk
from chassis.relay import Relay
from chassis.testing import servers
from malang.twuin.v1.billing_events_pb2 import BillIssued
from measured import Outcome

FACTS, RATE, SECONDS = 60_000, 200, 10
MIGRATION = "from alembic import op\nfrom chassis import db\nrevision = '0001'\ndown_revision = None\ndef upgrade():\n    db.create_frame(op)\n"


def measure(bus: str = "postgresql") -> list[Outcome]:
    """Measure both; there is no goal, they are what everything else rests on."""
    with engine.folder("relay") as home, engine.postgres(home, {"shared_buffers": "128MB"}) as server:
        names = ("bench_service", "bench_bus")
        with psycopg.connect(server, autocommit=True) as admin:
            for name in names:
                admin.execute(f"create database {name}".encode())
        url, bus_url = (servers.with_database(server, name) for name in names)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "versions").mkdir()
            (Path(folder) / "versions" / "0001_frame.py").write_text(MIGRATION, encoding="utf-8")
            db.migrate(url, Path(folder))
        bus_url = servers._kafka() if bus == "kafka" else bus_url  # noqa: SLF001 - the test run's own broker, without pytest
        database = db.Database(url, application_name="bench")
        written, sent = throughput(database, broker.connect(bus_url))
        database.close()
        p50, p99 = latency(url, bus_url)
    return [
        Outcome("relay", f"facts written and sent on, bus on {bus}", f"{written:,.0f}/s written, {sent:,.0f}/s sent"),
        Outcome(
            "relay", f"commit to effect in another process, {RATE} facts/s, bus on {bus}", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
        ),
    ]


def main() -> int:
    """Print the table."""
    measured.quiet()
    print(measured.machine())
    if sys.argv[1:] not in ([], ["kafka"]):
        raise SystemExit(__doc__)
    measured.show(measure(*sys.argv[1:2]))
    return 0


def throughput(database: db.Database, bus: broker.Broker) -> tuple[float, float]:
    """Return facts a second into the outbox by COPY, and from there onto the bus."""
    began = time.perf_counter()
    with database.transaction() as session:
        rows = (Bulk(BillIssued(bill_id=f"bill-{n}", volume=n, amount=n * 100), key=f"bill-{n}", sequence=1) for n in range(FACTS))
        outbox.append_copy(session, "twuin.billing", rows)
    written = FACTS / (time.perf_counter() - began)
    sender = Relay(database, bus, source="/bench")
    began, sent = time.perf_counter(), 0
    while sent < FACTS:
        sent += sender.turn()
    sender.close()
    return written, FACTS / (time.perf_counter() - began)


def latency(url: str, bus_url: str) -> tuple[float, float]:
    """Return the median and the 99th percentile in milliseconds."""
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
    say(database, 0)  # the first fact waits for connections to be made and is not measured
    took.get(timeout=30)
    began = time.perf_counter()
    for n in range(RATE * SECONDS):
        say(database, n)
        time.sleep(max(0.0, began + n / RATE - time.perf_counter()))
    times = sorted(took.get(timeout=30) for _ in range(RATE * SECONDS))
    stop.set()
    for part in parts:
        part.join()
    database.close()
    p50, p99 = (times[int(len(times) * part)] * 1000 for part in (0.5, 0.99))
    return p50, p99


def say(database: db.Database, n: int) -> None:
    with database.transaction() as session:
        outbox.append(session, BillIssued(bill_id=str(n)), key=f"key-{n % 500}", sequence=n)


def relay(url: str, bus_url: str, stop: threading.Event) -> None:
    Relay(db.Database(url, application_name="relay"), broker.connect(bus_url), source="/bench").run(stop)


def consume(url: str, bus_url: str, group: str, stop: threading.Event, took: "multiprocessing.Queue[float]") -> None:
    def effect(_session: object, _fact: BillIssued, envelope: Envelope) -> None:
        took.put((clock.now() - envelope.time).total_seconds())

    database = db.Database(url, application_name="consumer")
    Consumer(database, broker.connect(bus_url), group, [Subscription(BillIssued, effect)]).run(stop)


if __name__ == "__main__":
    raise SystemExit(main())
