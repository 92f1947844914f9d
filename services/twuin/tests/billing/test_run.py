"""A run bills each connection once, by the tariff, with ledger and facts, whatever stops it."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
import sqlalchemy as sa
from chassis import clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malang.twuin.v1.billing_events_pb2 import BillIssued
from twuin import billing, ledger, tariffs
from twuin.billing import batch, jobs, run
from twuin.billing.model import RunState, Surcharges
from twuin.ledger import Account

from services.twuin.tests.billing.city import DUE, PERIOD, TARIFFS, City

volumes = st.lists(st.tuples(st.sampled_from(sorted(TARIFFS)), st.integers(0, 3000)), min_size=1, max_size=30)
surcharges = st.builds(
    Surcharges,
    penalty=st.sampled_from([0, 7500]),
    stamp_duty=st.sampled_from([0, 10_000]),
    stamp_duty_above=st.integers(0, 200_000),
)


def test_iiia_at_25_m3_costs_110000(city: City) -> None:
    city.connect({PERIOD: 25})
    assert billing.run_period(city.db, PERIOD, DUE).amount == 110_000
    lines = city.rows("select code, quantity, unit_price, from_m3, to_m3 from bill_lines order by position")
    assert lines == [("block", 10, 3550, 1, 10), ("block", 10, 4700, 11, 20), ("block", 5, 5500, 21, 0)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=volumes, surcharges=surcharges, size=st.integers(1, 12))
def test_sql_bills_what_the_pure_tariff_says(city: City, wanted, surcharges: Surcharges, size: int) -> None:
    with city.db.transaction() as session:
        session.execute(sa.text("truncate connections cascade; truncate readings, bills, bill_lines, outbox, billing_runs cascade"))
    ids = city.connect_many([(group, {"2026-09": 5, PERIOD: volume}) for group, volume in wanted])
    billing.run_period(city.db, "2026-09", dt.date(2026, 10, 20))
    # Every other September bill is paid, so that only the rest is overdue in October's.
    paid = ids[::2]
    with city.db.transaction() as session:
        bills = session.execute(sa.text("select bill_id from bills where connection_id = any(:ids)"), {"ids": paid}).scalars().all()
        billing.settle(session, bills, payment_id=uuid.uuid4(), at=clock.now())
    result = billing.run_period(city.db, PERIOD, DUE, surcharges=surcharges, batch_size=size)
    for connection_id, (group, volume) in zip(ids, wanted, strict=True):
        priced = tariffs.explain(TARIFFS[group], volume)
        added = surcharges.lines(tariffs.total(priced), overdue=0 if connection_id in paid else 1)
        expected = [(line.code, line.quantity, line.unit_price, line.from_m3, line.to_m3 or 0) for line in [*priced, *added]]
        found = city.rows(
            "select code, quantity, l.unit_price, from_m3, to_m3 from bill_lines l join bills using (bill_id) "
            "where connection_id = :id and period = :period order by position", id=connection_id, period=PERIOD,
        )  # fmt: skip
        assert found == expected
        amount = city.one(
            "select amount from bills where connection_id = :id and period = :period", id=connection_id, period=PERIOD
        )
        assert amount == sum(line.amount for line in [*priced, *added])
    assert (result.issued, result.skipped, result.state) == (len(wanted), 0, RunState.FINISHED)
    assert result.amount == city.one("select coalesce(sum(amount), 0)::bigint from bills where period = :p", p=PERIOD)


def test_ledger_books_receivables_against_revenue(city: City) -> None:
    city.connect_many([("II", {PERIOD: 12}), ("IIIA", {PERIOD: 0}), ("II", {PERIOD: 0})])
    result = billing.run_period(city.db, PERIOD, DUE)
    with city.db.transaction() as session:
        balance = ledger.trial_balance(session)
    assert sum(balance.values()) == 0
    assert balance[Account.RECEIVABLES] == result.amount == 12 * 1050 + 2 * 6500
    assert balance[Account.REVENUE_USE] == -12 * 1050
    assert balance[Account.REVENUE_FIXED] == -13_000


def test_zero_use_adds_nothing_but_fixed_parts(city: City) -> None:
    city.connect({PERIOD: 0}, group="II")
    billing.run_period(city.db, PERIOD, DUE)
    assert city.rows("select code, quantity * unit_price from bill_lines order by position") == [
        ("meter", 4000),
        ("administration", 2500),
    ]


def test_a_bill_of_nothing_is_born_paid(city: City) -> None:
    city.connect({PERIOD: 0})
    billing.run_period(city.db, PERIOD, DUE)
    assert city.rows("select amount, state from bills") == [(0, 2)]


def test_connections_without_a_reading_are_skipped_counted_and_billed_by_a_later_run(city: City) -> None:
    city.connect({PERIOD: 3})
    late = city.connect()
    first = billing.run_period(city.db, PERIOD, DUE)
    assert (first.expected, first.issued, first.skipped) == (2, 1, 1)
    city.read(late, PERIOD, 4)
    second = billing.run_period(city.db, PERIOD, DUE)
    assert (second.issued, second.skipped) == (1, 0)
    assert city.one("select count(*) from bills") == 2


def test_each_bill_says_one_fact_with_the_citizens_linked_to_it(city: City) -> None:
    ids = city.connect_many([("IIIA", {PERIOD: 3}), ("IIIA", {PERIOD: 4})], citizens=["ani", "budi"])
    city.connect({PERIOD: 5})
    billing.run_period(city.db, PERIOD, DUE)
    facts = [
        BillIssued.FromString(bytes(payload))
        for (payload,) in city.rows("select payload from outbox where topic = 'twuin.billing'")
    ]
    assert len(facts) == 3
    for fact in facts:
        linked = ["ani", "budi"] if uuid.UUID(fact.connection_id) in ids else []
        assert sorted(fact.citizen_ids) == linked
        assert (fact.period, fact.due_on) == (PERIOD, DUE.isoformat())
        assert city.one("select amount from bills where bill_id = :id", id=fact.bill_id) == fact.amount


def test_a_run_that_was_killed_goes_on_without_doubling(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    city.connect_many([("II", {PERIOD: volume}) for volume in range(50)])
    whole, done = batch.issue, []

    def dies(*args: object) -> batch.Outcome:
        if len(done) == 2:
            raise KeyboardInterrupt  # as abrupt as a signal: nothing in the run may catch it
        done.append(1)
        return whole(*args)

    monkeypatch.setattr(batch, "issue", dies)
    with pytest.raises(KeyboardInterrupt):
        billing.run_period(city.db, PERIOD, DUE, batch_size=10, workers=1)
    monkeypatch.undo()
    assert city.one("select count(*) from bills") == 20
    with city.db.transaction() as session:
        [run_id] = run.going(session)
    assert jobs.advance_runs(city.db, threading.Event()) == 1
    with city.db.transaction() as session:
        progress = run.progress(session, run_id)
    assert (progress.state, progress.issued, progress.expected) == (RunState.FINISHED, 50, 50)
    assert city.one("select count(distinct connection_id) from bills") == 50
    assert city.one("select count(*) from outbox") == 50
    with city.db.transaction() as session:
        assert ledger.trial_balance(session)[Account.RECEIVABLES] == progress.amount


def test_a_batch_that_fails_leaves_the_run_interrupted_and_a_start_lets_it_go_on(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.connect_many([("II", {PERIOD: volume}) for volume in range(9)])
    whole = ledger.book_set
    monkeypatch.setattr(ledger, "book_set", lambda *_: (_ for _ in ()).throw(RuntimeError("disk full")))
    with pytest.raises(RuntimeError, match="disk full"):
        billing.run_period(city.db, PERIOD, DUE, batch_size=3)
    assert city.rows("select state from billing_runs") == [(RunState.INTERRUPTED.value,)]
    assert city.one("select count(*) from bill_lines") == 0
    monkeypatch.setattr(ledger, "book_set", whole)
    assert billing.run_period(city.db, PERIOD, DUE).issued == 9
    assert city.rows("select state from billing_runs") == [(RunState.FINISHED.value,)]


def test_a_period_is_billed_by_one_run_at_a_time(city: City) -> None:
    city.connect({PERIOD: 3})
    begin = {"period": PERIOD, "due_on": DUE, "surcharges": Surcharges(), "started_by": "op"}
    with city.db.transaction() as session:
        run.begin(session, **begin)
    with pytest.raises(run.RunGoesOn), city.db.transaction() as session:
        run.begin(session, **begin)


def test_the_last_bill_amount_is_that_of_the_latest_period(city: City) -> None:
    connection_id = city.connect({"2026-09": 25, PERIOD: 10})
    with city.db.transaction() as session:
        assert billing.last_bill_amount(session, connection_id) is None
    for period in ("2026-09", PERIOD):
        billing.run_period(city.db, period, DUE)
    with city.db.transaction() as session:
        assert billing.last_bill_amount(session, connection_id) == 35_500
