"""The ledger sums to zero and is never changed."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twuin import ledger
from twuin.ledger import Account, Kind, Transfer, balances

from services.twuin.tests.billing.city import City

pairs = st.tuples(st.sampled_from(Account), st.sampled_from(Account)).filter(lambda pair: pair[0] != pair[1])
transfers = st.builds(
    lambda pair, amount, kind: Transfer(uuid.uuid4(), kind, uuid.uuid4(), pair[0], pair[1], amount),
    pairs, st.integers(1, 10**12), st.sampled_from(Kind),
)  # fmt: skip


@given(st.lists(transfers))
def test_balances_sum_to_zero(booked: list[Transfer]) -> None:
    assert sum(balances(booked).values()) == 0


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(transfers, max_size=20))
def test_the_trial_balance_agrees_with_the_model(city: City, booked: list[Transfer]) -> None:
    with city.db.transaction() as session:
        before = ledger.trial_balance(session)
        ledger.book(session, booked)
        after = ledger.trial_balance(session)
    assert sum(after.values()) == 0
    moved = balances(booked)
    assert after == {account: before[account] + moved.get(account, 0) for account in Account}


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_moves_more_than_nothing(city: City, amount: int) -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        Transfer(uuid.uuid4(), Kind.USE, uuid.uuid4(), Account.RECEIVABLES, Account.REVENUE_USE, amount)
    with pytest.raises(sa.exc.IntegrityError, match="amount_positive"), city.db.transaction() as session:
        _insert(session, amount=amount)


def test_a_transfer_has_two_known_accounts(city: City) -> None:
    with pytest.raises(ValueError, match="two accounts"):
        Transfer(uuid.uuid4(), Kind.USE, uuid.uuid4(), Account.RECEIVABLES, Account.RECEIVABLES, 1)
    for credit, rule in ((1100, "two_accounts"), (9999, "known_accounts")):
        with pytest.raises(sa.exc.IntegrityError, match=rule), city.db.transaction() as session:
            _insert(session, credit=credit)


@pytest.mark.parametrize("change", ["update transfers set amount = 1", "delete from transfers", "truncate transfers"])
def test_the_database_refuses_to_change_what_is_booked(city: City, change: str) -> None:
    with city.db.transaction() as session:
        _insert(session)
    with pytest.raises(sa.exc.IntegrityError, match="never changed"), city.db.transaction() as session:
        session.execute(sa.text(change))
    assert city.one("select amount from transfers") == 5


def test_money_moves_once_for_one_reason(city: City) -> None:
    bill = uuid.uuid4()
    moves = [Transfer(uuid.uuid4(), Kind.SETTLEMENT, bill, Account.VA_CLEARING, Account.RECEIVABLES, 5) for _ in range(2)]
    with pytest.raises(sa.exc.IntegrityError, match="pk_transfers"), city.db.transaction() as session:
        ledger.book(session, moves)


def test_an_entry_is_found_whole(city: City) -> None:
    payment, bill = uuid.uuid4(), uuid.uuid4()
    settled = [Transfer(payment, Kind.SETTLEMENT, uuid.uuid4(), Account.VA_CLEARING, Account.RECEIVABLES, n) for n in (1, 2, 3)]
    issued = Transfer(bill, Kind.USE, bill, Account.RECEIVABLES, Account.REVENUE_USE, 9)
    with city.db.transaction() as session:
        ledger.book(session, [*settled, issued])
        assert sorted(transfer.amount for transfer in ledger.entry(session, payment)) == [1, 2, 3]
        assert ledger.entry(session, bill) == [issued]


def _insert(session, *, amount: int = 5, credit: int = 4100) -> None:
    session.execute(
        sa.text("insert into transfers values (gen_random_uuid(), 'use', gen_random_uuid(), 1100, :credit, :amount, now())"),
        {"amount": amount, "credit": credit},
    )
