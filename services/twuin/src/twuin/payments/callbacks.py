"""Money that comes: a verified callback pays once, however often, late or out of order it is delivered."""

from __future__ import annotations

import enum
import hashlib
import uuid

import sqlalchemy as sa
from chassis import clock, outbox
from chassis.errors import NotFound
from malang.twuin.v1.payments_events_pb2 import PaymentReceived, PaymentToRefund
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from twuin import billing, ledger
from twuin.ledger import Account, Kind, Transfer
from twuin.payments.model import Channel, Money, Reason, State, refund_reason, state_after
from twuin.payments.provider import Notice
from twuin.payments.service import bills_of, release
from twuin.payments.tables import CallbackRow, MoneyRow, PaymentRow, receipt_numbers

_CLEARING = {Channel.VA: Account.VA_CLEARING, Channel.QRIS: Account.QRIS_CLEARING}


class Outcome(enum.Enum):
    """What a callback did."""

    TAKEN = "taken"
    REPEATED = "repeated"


class UnknownPayment(NotFound):
    """Money for no payment of ours: nothing is remembered, so that the provider asks again and somebody looks."""

    id = "Pembayaran yang diberitahukan tidak dikenal."
    en = "The payment notice is for no payment known here."


def take(session: Session, provider: str, notice: Notice, body: bytes) -> Outcome:
    """Take a verified callback: pay the bills, or note that the money must go back; a repetition changes nothing."""
    if not _is_new(session, provider, notice.external_id, body):
        return Outcome.REPEATED
    payment = _locked(session, provider, notice.payment_id)
    if payment is None:
        raise UnknownPayment
    money_id = uuid.uuid4()
    noted = insert(MoneyRow).values(
        money_id=money_id, provider=provider, request_id=notice.request_id, payment_id=payment.payment_id,
        amount=notice.money.amount, paid_at=notice.money.paid_at, received_at=clock.now(),
    ).on_conflict_do_nothing(index_elements=["provider", "request_id"]).returning(MoneyRow.money_id)  # fmt: skip
    if session.scalar(noted) is None:
        return Outcome.REPEATED
    _apply(session, payment, money_id, notice.money)
    return Outcome.TAKEN


def _is_new(session: Session, provider: str, external_id: str, body: bytes) -> bool:
    # A second delivery waits here until the first has committed, and then finds its row.
    row = {
        "provider": provider,
        "external_id": external_id,
        "received_at": clock.now(),
        "body_sha256": hashlib.sha256(body).digest(),
    }
    return session.scalar(insert(CallbackRow).values(row).on_conflict_do_nothing().returning(CallbackRow.external_id)) is not None


def _locked(session: Session, provider: str, payment_id: str) -> PaymentRow | None:
    try:
        wanted = uuid.UUID(payment_id)
    except ValueError:
        return None
    return session.scalar(
        sa.select(PaymentRow).where(PaymentRow.payment_id == wanted, PaymentRow.provider == provider).with_for_update()
    )


def _apply(session: Session, payment: PaymentRow, money_id: uuid.UUID, money: Money) -> None:
    bill_ids = bills_of(session, [payment.payment_id])[payment.payment_id]
    bills = billing.payable(session, bill_ids, lock=True)
    reason = refund_reason(
        State(payment.state),
        expected=payment.amount,
        expires_at=payment.expires_at,
        money=money,
        bills=bills,
    )
    # The number first: a payment is never written as paid without its receipt's.
    number = _receipt_number(session) if reason is None else payment.receipt_number
    payment.state, payment.receipt_number = state_after(State(payment.state), reason).value, number
    payment.version += 1
    release(session, payment.payment_id)
    if reason is None:
        _pay(session, payment, bills, money)
    else:
        _owe(session, payment, money_id, money, reason)


def _pay(session: Session, payment: PaymentRow, bills: list[billing.Payable], money: Money) -> None:
    payment.paid_at = money.paid_at
    billing.settle(session, [bill.bill_id for bill in bills], payment_id=payment.payment_id, at=money.paid_at)
    clearing = _CLEARING[Channel(payment.channel)]
    ledger.book(
        session,
        [Transfer(payment.payment_id, Kind.SETTLEMENT, bill.bill_id, clearing, Account.RECEIVABLES, bill.amount) for bill in bills],
    )
    fact = PaymentReceived(
        payment_id=str(payment.payment_id), citizen_id=payment.citizen_id, amount=payment.amount,
        receipt_number=payment.receipt_number or "", bill_ids=[str(bill.bill_id) for bill in bills],
    )  # fmt: skip
    outbox.append(session, fact, key=str(payment.payment_id), sequence=payment.version)


def _owe(session: Session, payment: PaymentRow, money_id: uuid.UUID, money: Money, reason: Reason) -> None:
    session.execute(sa.update(MoneyRow).where(MoneyRow.money_id == money_id).values(reason=reason.value))
    clearing = _CLEARING[Channel(payment.channel)]
    ledger.book(session, [Transfer(money_id, Kind.REFUND_DUE, money_id, clearing, Account.REFUNDS_PAYABLE, money.amount)])
    fact = PaymentToRefund(
        payment_id=str(payment.payment_id), citizen_id=payment.citizen_id, amount=money.amount, reason=reason.value
    )
    outbox.append(session, fact, key=str(payment.payment_id), sequence=payment.version)


def _receipt_number(session: Session) -> str:
    # A sequence leaves gaps when a transaction fails; a receipt's number need only be unique.
    return f"KW-{clock.today().year}-{session.scalar(sa.select(receipt_numbers.next_value())):09d}"
