"""Money against the books: nothing differs while all is well, and what differs is seen."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY
from twuin.payments import reconciling

from services.twuin.tests.payments.test_rpc import callback, deliver, start

RULES = ("accounts", "money_came", "bills_open")


def seen(city) -> dict[str, float]:
    reconciling.reconcile(city.db)
    return {rule: REGISTRY.get_sample_value("money_difference_rupiah", {"rule": rule}) for rule in RULES}


def test_nothing_differs_before_and_after_a_bill_is_paid(city, payments, bills):
    assert seen(city) == dict.fromkeys(RULES, 0)
    deliver(payments, callback(start(payments, bills[:1])))
    assert seen(city) == dict.fromkeys(RULES, 0)
    assert REGISTRY.get_sample_value("payments_oldest_starting_seconds") == 0


def test_money_that_must_go_back_is_counted_and_is_no_difference(city, payments, bills):
    payment = start(payments, bills[:1])
    for _ in range(2):
        deliver(payments, callback(payment))
    wrong = start(payments, bills[1:])
    deliver(payments, callback(wrong, amount=1))
    assert seen(city) == dict.fromkeys(RULES, 0)
    assert REGISTRY.get_sample_value("money_refunds_payable_rupiah", {"account": "refunds_payable"}) == payment.amount + 1
    assert REGISTRY.get_sample_value("payments_to_refund") == 1


BROKEN = {
    "money_came": "update payment_money set amount = amount + 7",
    "bills_open": "update bills set amount = amount + 7 where state = 1",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_what_differs_is_seen(city, payments, bills, rule):
    deliver(payments, callback(start(payments, bills[:1])))
    with city.db.transaction() as session:
        session.execute(sa.text(BROKEN[rule]))
    assert seen(city) == dict.fromkeys(RULES, 0) | {rule: 7}
