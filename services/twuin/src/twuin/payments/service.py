"""Start payments, take money, cancel, expire. What asks the provider happens between two transactions, never inside one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from chassis import clock
from chassis.errors import Conflict, FieldError, InvalidFields, NotFound, Refused
from sqlalchemy.orm import Session

from twuin import billing, connections
from twuin.payments.model import MAX_BILLS, TTL, WAITING, Channel, State
from twuin.payments.provider import Order
from twuin.payments.tables import PaymentBillRow, PaymentRow

_WAITING = tuple(state.value for state in WAITING)


class PaymentNotFound(NotFound):
    """There is no such payment for this person."""

    id = "Pembayaran tidak ditemukan."
    en = "There is no such payment."


class BillNotOpen(Conflict):
    """A bill that is paid or cancelled asks for nothing."""

    id = "Tagihan {number} sudah lunas atau dibatalkan."
    en = "Bill {number} is already paid or cancelled."


class PaymentEnded(Refused):
    """Only a payment that waits can be cancelled."""

    id = "Pembayaran ini sudah selesai, jadi tidak dapat dibatalkan."
    en = "This payment has already ended, so it cannot be cancelled."


def start(session: Session, *, citizen_id: str, bill_ids: Sequence[uuid.UUID], channel: Channel, provider: str) -> PaymentRow:
    """Reserve a payment of the person's own open bills, STARTING; earlier waiting ones that hold any of them are cancelled."""
    wanted = _checked(bill_ids)
    # One start of a person's at a time; then payments are locked before bills, as a callback does.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("payments:" + citizen_id, 0))))
    bills = billing.payable(session, wanted)
    links = connections.links().subquery("links")
    mine = set(session.scalars(sa.select(links.c.connection_id).where(links.c.citizen_id == citizen_id)))
    if len(bills) != len(wanted) or any(bill.connection_id not in mine for bill in bills):
        raise billing.BillNotFound
    for earlier in _holding(session, citizen_id, wanted):
        _end(session, earlier, State.CANCELLED)
    for bill in (bills := billing.payable(session, wanted, lock=True)):
        if not bill.open:
            raise BillNotOpen(number=billing.number_of(bill.period, bill.connection_number))
    now = clock.now()
    payment = PaymentRow(
        payment_id=uuid.uuid4(), citizen_id=citizen_id, channel=channel.value, state=State.STARTING.value,
        amount=sum(bill.amount for bill in bills), provider=provider, va_number="", va_bank="", qris_payload="",
        created_at=now, expires_at=now + TTL, version=1,
    )  # fmt: skip
    session.add(payment)
    session.flush()
    session.add_all(
        PaymentBillRow(payment_id=payment.payment_id, bill_id=bill.bill_id, amount=bill.amount, holder=citizen_id) for bill in bills
    )
    session.flush()
    return payment


def _checked(bill_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    wanted = sorted(set(bill_ids))
    if not wanted:
        raise InvalidFields(
            fields=[FieldError("bill_ids", "required", "Pilih paling sedikit satu tagihan.", "Choose at least one bill.")]
        )
    if len(wanted) > MAX_BILLS:
        raise InvalidFields(fields=[FieldError(
            "bill_ids", "too_many", f"Paling banyak {MAX_BILLS} tagihan dalam satu pembayaran.",
            f"At most {MAX_BILLS} bills in one payment.",
        )])  # fmt: skip
    return wanted


def _holding(session: Session, citizen_id: str, bill_ids: Sequence[uuid.UUID]) -> Sequence[PaymentRow]:
    held = sa.select(PaymentBillRow.payment_id).where(PaymentBillRow.bill_id.in_(bill_ids), PaymentBillRow.holder == citizen_id)
    return session.scalars(
        sa.select(PaymentRow)
        .where(PaymentRow.payment_id.in_(held), PaymentRow.state.in_(_WAITING))
        .order_by(PaymentRow.payment_id)
        .with_for_update()
    ).all()


def _end(session: Session, payment: PaymentRow, state: State) -> None:
    """Let a locked payment end without money, and its bills go."""
    payment.state = state.value
    payment.version += 1
    release(session, payment.payment_id)


def release(session: Session, payment_id: uuid.UUID) -> None:
    """Let the bills of a payment wait in another one."""
    session.execute(
        sa.update(PaymentBillRow)
        .where(PaymentBillRow.payment_id == payment_id)
        .values(holder=None)
        .execution_options(synchronize_session="evaluate")
    )
    session.flush()


def opened(session: Session, payment_id: uuid.UUID, order: Order) -> PaymentRow:
    """Note the provider's order: STARTING becomes PENDING; a payment that went on meanwhile stays as it is."""
    payment = session.get_one(PaymentRow, payment_id, with_for_update=True)
    payment.va_number, payment.va_bank, payment.qris_payload = order.va_number, order.va_bank, order.qris_payload
    if payment.state == State.STARTING.value:
        payment.state = State.PENDING.value
        payment.version += 1
    return payment


def get(session: Session, citizen_id: str, payment_id: uuid.UUID) -> PaymentRow:
    """Return a person's own payment; PaymentNotFound otherwise."""
    payment = session.scalar(sa.select(PaymentRow).where(PaymentRow.payment_id == payment_id, PaymentRow.citizen_id == citizen_id))
    if payment is None:
        raise PaymentNotFound
    return payment


def bills_of(session: Session, payment_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Return the ids of the bills in payments."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {payment_id: [] for payment_id in payment_ids}
    rows = session.execute(
        sa.select(PaymentBillRow.payment_id, PaymentBillRow.bill_id)
        .where(PaymentBillRow.payment_id.in_(payment_ids))
        .order_by(PaymentBillRow.bill_id)
    )
    for payment_id, bill_id in rows:
        found[payment_id].append(bill_id)
    return found


def mine(session: Session, citizen_id: str, *, limit: int, before: tuple[dt.datetime, uuid.UUID] | None) -> Sequence[PaymentRow]:
    """Return a person's payments, newest first, from before a (created_at, payment_id)."""
    query = sa.select(PaymentRow).where(PaymentRow.citizen_id == citizen_id)
    if before is not None:
        query = query.where(sa.tuple_(PaymentRow.created_at, PaymentRow.payment_id) < sa.tuple_(*before))
    return session.scalars(query.order_by(PaymentRow.created_at.desc(), PaymentRow.payment_id.desc()).limit(limit)).all()


def cancel(session: Session, citizen_id: str, payment_id: uuid.UUID) -> PaymentRow:
    """Cancel a person's own waiting payment; one that is cancelled already stays so, one that ended otherwise is refused."""
    get(session, citizen_id, payment_id)
    payment = session.get_one(PaymentRow, payment_id, with_for_update=True, populate_existing=True)
    if payment.state in _WAITING:
        _end(session, payment, State.CANCELLED)
    elif payment.state != State.CANCELLED.value:
        raise PaymentEnded
    return payment


def expire(session: Session, limit: int = 500) -> list[uuid.UUID]:
    """Let waiting payments end: EXPIRED when their time is over, CANCELLED when a bill of theirs was paid otherwise."""
    # Correlated by hand: two levels down SQLAlchemy would put payments into the inner FROM, and any closed bill would end every payment.
    held = sa.select(PaymentBillRow.bill_id).where(PaymentBillRow.payment_id == PaymentRow.payment_id).correlate(PaymentRow)
    over = PaymentRow.expires_at <= clock.now()
    ended = session.scalars(
        sa.select(PaymentRow)
        .where(PaymentRow.state.in_(_WAITING), sa.or_(over, sa.exists(billing.closed(held))))
        .order_by(PaymentRow.payment_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=PaymentRow)
    ).all()
    for payment in ended:
        _end(session, payment, State.EXPIRED if payment.expires_at <= clock.now() else State.CANCELLED)
    return [payment.payment_id for payment in ended]


def waits(session: Session, bill_id: uuid.UUID, *, started_by: dt.date) -> bool:
    """Tell whether money may still come for a bill by a payment that was started on a day or before it."""
    waiting = sa.select(PaymentRow.created_at).join(PaymentBillRow, PaymentBillRow.payment_id == PaymentRow.payment_id)
    begun = session.scalars(waiting.where(PaymentBillRow.bill_id == bill_id, PaymentRow.state.in_(_WAITING)))
    return any(clock.day_of(at) <= started_by for at in begun)


def unanswered(session: Session, *, older_than_s: float, limit: int = 100) -> list[uuid.UUID]:
    """Return payments whose provider has not answered for that long."""
    before = clock.now() - dt.timedelta(seconds=older_than_s)
    waiting = (PaymentRow.state == State.STARTING.value, PaymentRow.created_at <= before)
    return list(session.scalars(sa.select(PaymentRow.payment_id).where(*waiting).order_by(PaymentRow.created_at).limit(limit)))
