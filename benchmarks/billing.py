"""B3: a city's bills in one run, itemised, with ledger and facts, on an embedded PostgreSQL; prints where the time goes.

python benchmarks/billing.py [--connections 180000] [--batch 10000] [--workers 2]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("libs/malang/src", "libs/chassis/src", "services/twuin/src", ".")]

import psycopg  # noqa: E402 - after the path above
from chassis import db  # noqa: E402 - the same
from chassis.db import Database  # noqa: E402 - the same
from twuin import billing, ledger, tariffs  # noqa: E402 - the same

from deploy.local.embedded import EmbeddedPostgres  # noqa: E402 - the same

PERIOD, DUE = "2026-10", dt.date(2026, 11, 20)
GOAL_S = 10.0
# Durable: a commit waits for the disk, as in production.
OPTIONS = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "log_min_messages": "fatal"}
# Volumes spread as a city's: 14 % zero, most below 30 m³, a few large. A third of the connections are linked to an account.
SEED = """
select setseed(0.35);
insert into connections (connection_id, number, tariff_group, zone, kelurahan, state, version, holder_name, address)
  select gen_random_uuid(), lpad(n::text, 8, '0'), (array['I','II','IIIA','IIIB'])[1 + n %% 4],
         'Z' || 1 + n %% 11, '35.73.03.1008', 1, 1, '', '' from generate_series(1, %(n)s) n;
insert into readings (connection_id, period, reading_id, meter_id, previous_value, value, volume, rolled_over, replaced, estimated,
                      read_on, entered_by, entered_at, warnings)
  select connection_id, %(period)s, gen_random_uuid(), gen_random_uuid(), 1000, 1000 + volume, volume, false, false, false,
         date '2026-10-20', 'bench', now(), 0
  from (select connection_id, case when random() < 0.14 then 0 else (4 + 30 * power(random(), 2))::int end as volume from connections) v;
insert into connection_links (link_id, connection_id, citizen_id, proof, linked_at)
  select gen_random_uuid(), connection_id, gen_random_uuid()::text, 'meter', now() from connections where random() < 0.34;
"""


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of a fresh PostgreSQL that ends with the block."""
    home = Path(tempfile.mkdtemp(prefix="bench-billing-"))
    home.chmod(0o711)
    postgres = EmbeddedPostgres(home / "pg", home / "s")
    postgres.init()
    child = postgres.popen(OPTIONS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_answers(postgres.url())
        yield postgres.url()
    finally:
        child.send_signal(signal.SIGINT)  # fast: it does not wait for clients
        child.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _until_answers(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with psycopg.connect(url):
                return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise SystemExit("PostgreSQL did not start")


def seed(url: str, connections: int) -> float:
    """Fill the city; return seconds."""
    begun = time.perf_counter()
    db.migrate(url, ROOT / "services/twuin/migrations")
    database = Database(url, application_name="bench")
    with database.transaction() as session:
        tariffs.load(session, tariffs.read(""))
    database.close()
    with psycopg.connect(url) as connection:
        # A client-side cursor fills in the values, so that one call may hold several statements.
        psycopg.ClientCursor(connection).execute(SEED.encode(), {"n": connections, "period": PERIOD})
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    return time.perf_counter() - begun


def report(database: Database, result: billing.Progress, wall: float, seeded: float, workers: int) -> None:
    """Print the table and check that the books agree."""
    rows = {name: _count(database, f"select count(*) from {name}") for name in ("bills", "bill_lines", "transfers", "outbox")}
    with database.transaction(readonly=True) as session:
        balance = ledger.trial_balance(session)
    assert sum(balance.values()) == 0
    assert balance[ledger.Account.RECEIVABLES] == result.amount == _count(database, "select sum(amount)::bigint from bills")
    assert rows["bills"] == rows["outbox"] == result.issued
    print(f"B3: {result.issued:,} bills, {rows['bill_lines']:,} lines, {rows['transfers']:,} transfers, {rows['outbox']:,} facts")
    print(f"    seeded in {seeded:.1f} s; {workers} workers; books agree: Rp {result.amount:,}")
    print(f"{'part':<10}{'worker s':>10}{'share':>8}")
    spent = sum(result.seconds.values())
    for part, seconds in result.seconds.items():
        print(f"{part:<10}{seconds:>10.2f}{seconds / spent:>8.0%}")
    print(f"{'sum':<10}{spent:>10.2f}")
    verdict = "reached" if wall <= GOAL_S else "NOT reached"
    print(f"{'wall':<10}{wall:>10.2f}   {result.issued / wall:,.0f} bills/s; goal {GOAL_S:.0f} s {verdict}")


def _count(database: Database, query: str) -> int:
    import sqlalchemy as sa

    with database.transaction(readonly=True) as session:
        return int(session.scalar(sa.text(query)) or 0)


def main() -> int:
    """Run; exit code 1 when the goal is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--connections", type=int, default=180_000)
    options.add_argument("--batch", type=int, default=10_000)
    options.add_argument("--workers", type=int, default=2)
    given = options.parse_args()
    with server() as url:
        seeded = seed(url, given.connections)
        database = Database(url, application_name="bench")
        begun, used = time.perf_counter(), time.process_time()
        result = billing.run_period(database, PERIOD, DUE, batch_size=given.batch, workers=given.workers)
        wall, used = time.perf_counter() - begun, time.process_time() - used
        report(database, result, wall, seeded, given.workers)
        print(
            f"{'Python':<10}{used:>10.2f}   s of processor; load average before and during {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        database.close()
    return 0 if wall <= GOAL_S else 1


if __name__ == "__main__":
    raise SystemExit(main())
