"""Money held against the books: what must be equal, and what waits to be paid back, as metrics."""

from __future__ import annotations

import sqlalchemy as sa
from chassis import clock
from chassis.db import Database
from prometheus_client import Gauge
from sqlalchemy.orm import Session

from twuin import billing, ledger
from twuin.ledger import Account
from twuin.payments.model import State
from twuin.payments.tables import MoneyRow, PaymentRow

DIFFERENCE = Gauge("money_difference_rupiah", "Rupiah by which two sums differ that must be equal", ["rule"])
# Named by its account: without a label it would stand at 0 until money is first looked at, and what is owed would seem to grow.
REFUNDS = Gauge("money_refunds_payable_rupiah", "Rupiah that came and must go back", ["account"])
TO_REFUND = Gauge("payments_to_refund", "Payments whose money must go back")
STARTING = Gauge("payments_oldest_starting_seconds", "Age of the oldest payment that the provider has not answered; 0 = none")


def reconcile(db: Database) -> None:
    """Look at all money in one snapshot and set the metrics."""
    with db.transaction(readonly=True) as session:
        session.execute(sa.text("set transaction isolation level repeatable read"))
        balances = ledger.trial_balance(session)
        for rule, rupiah in differences(session, balances).items():
            DIFFERENCE.labels(rule).set(rupiah)
        REFUNDS.labels(Account.REFUNDS_PAYABLE.name.lower()).set(-balances[Account.REFUNDS_PAYABLE])
        TO_REFUND.set(_count_to_refund(session))
        STARTING.set(_oldest_starting(session))


def differences(session: Session, balances: dict[Account, int]) -> dict[str, int]:
    """Return by rule the rupiah by which the books and what they book differ; all are zero while every rule holds."""
    came = session.scalar(sa.select(sa.cast(sa.func.coalesce(sa.func.sum(MoneyRow.amount), 0), sa.BigInteger))) or 0
    return {
        "accounts": sum(balances.values()),
        "money_came": came - balances[Account.VA_CLEARING] - balances[Account.QRIS_CLEARING],
        "bills_open": billing.owed(session) - balances[Account.RECEIVABLES],
    }


def _count_to_refund(session: Session) -> int:
    waiting = sa.select(sa.func.count()).select_from(PaymentRow).where(PaymentRow.state == State.TO_REFUND.value)
    return session.scalar(waiting) or 0


def _oldest_starting(session: Session) -> float:
    oldest = session.scalar(sa.select(sa.func.min(PaymentRow.created_at)).where(PaymentRow.state == State.STARTING.value))
    return max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0
