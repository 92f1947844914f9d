"""The drill finds what it is for: without the inbox it reports doubles, with a remembered highest id it reports losses."""

import contextlib
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from chassis.testing import database_url, kafka, postgres  # noqa: F401 - fixtures

sys.path.insert(0, str(Path(__file__).resolve().parent))
import frame

HERE = Path(__file__).resolve().parent
MIGRATIONS = HERE.parents[1] / "libs" / "chassis" / "tests" / "db" / "migrations"
QUIET = 25  # seconds without a new effect after which none comes: a group waits that long for a member that died
POINTS = ("acknowledge_sent", "effect_offset")


@contextlib.contextmanager
def alive(name, *arguments):
    """Keep a process alive: one that dies is started again, as a supervisor would."""
    argv = [sys.executable, str(HERE / "frame.py"), name, *arguments]
    child = [subprocess.Popen(argv)]

    def tend():
        if child[0].poll() is not None:
            child[0] = subprocess.Popen(argv)

    try:
        yield tend
    finally:
        child[0].kill()
        child[0].wait()


def ask(url, sql):
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(sql)
        return found.fetchall() if found.description else []


def drilled(url, bus, folder, mutation, *, points=POINTS * 2, count=20, quiet=QUIET):
    """Say facts while relay and consumer die at their points; return how many are lost, how many doubled, and the hits."""
    ask(url, "create table effect (bill uuid not null)")
    acknowledged = []
    with alive("relay", url, bus, str(folder), mutation) as relay, alive("consume", url, bus, str(folder), mutation) as consumer:
        for point in points:
            (folder / "crash.new").write_text(point)
            (folder / "crash.new").rename(folder / "crash")
            acknowledged += said(url, count, relay, consumer)
            struck = time.monotonic() + 40
            while (folder / "crash").exists() and time.monotonic() < struck:
                acknowledged += said(url, 1, relay, consumer)
        acknowledged += said(url, count, relay, consumer)
        effects = until_quiet(url, acknowledged, (relay, consumer), quiet)
    hits = (folder / "hits").read_text().splitlines() if points else []
    lost = sum(effects[bill] == 0 for bill in acknowledged)
    return lost, sum(count > 1 for count in effects.values()), len(hits)


def said(url, count, *tending):
    for bill in frame.said(url, count):
        for tend in tending:
            tend()
        time.sleep(0.02)
        yield bill


def until_quiet(url, acknowledged, tending, quiet):
    """Return the effects, once all are there or none has come for a while."""
    effects, changed = Counter(), time.monotonic()
    while time.monotonic() - changed < quiet:
        for tend in tending:
            tend()
        before, effects = effects, Counter(str(bill) for (bill,) in ask(url, "select bill from effect"))
        if effects != before:
            changed = time.monotonic()
        time.sleep(0.2)
        if all(effects[bill] for bill in acknowledged) and time.monotonic() - changed > 2:
            break
    return effects


@pytest.fixture
def place(database_url, tmp_path):  # noqa: F811 - the fixture above
    return database_url(MIGRATIONS), database_url(None), tmp_path


def test_as_it_is_nothing_is_lost_or_doubled(place):
    lost, doubled, hits = drilled(*place, "")
    assert (lost, doubled) == (0, 0)
    assert hits == 4


def test_on_kafka_nothing_is_lost_or_doubled(place, kafka):  # noqa: F811 - the fixture above
    url, _, folder = place
    lost, doubled, hits = drilled(url, kafka, folder, "")
    assert (lost, doubled) == (0, 0)
    assert hits == 4


def test_with_the_inbox_switched_off_the_drill_reports_doubles(place):
    lost, doubled, hits = drilled(*place, "no_dedupe")
    assert hits == 4
    assert doubled > 0
    assert lost == 0


def test_with_a_remembered_highest_id_the_drill_reports_losses(place):
    lost, _, _ = drilled(*place, "highest_id", points=(), count=40, quiet=12)
    assert lost > 0
