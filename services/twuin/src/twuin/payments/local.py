"""The demo's payment provider: a bank and a wallet that a person can play, with callbacks that are signed and delivered again."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock
from chassis.db import Database
from chassis.errors import FieldError, InvalidFields, NotFound, Refused
from sqlalchemy.orm import Session

from twuin.payments import qris, signing
from twuin.payments.local_tables import DeliveryRow, LocalOrderRow, OrderState, customer_numbers
from twuin.payments.model import Channel, Money
from twuin.payments.provider import ForgedCallback, Notice, Order, UnreadableCallback

BANK = "Bank Contoh (demo)"
PARTNER = "88973"  # partnerServiceId of a bank that does not exist
MERCHANT = qris.Merchant(
    name="TUGU TIRTA (DEMO)", city="KOTA MALANG", postcode="65111", nmid="ID0000000000000",
    acquirer="ID.CO.CONTOH.WWW", pan="936000000000000000",
)  # fmt: skip
MAX_DELIVERIES = 20


class NothingToPay(NotFound):
    """The local bank knows no such number."""

    id = "Nomor VA atau kode QRIS ini tidak dikenal."
    en = "This VA number or QRIS code is not known."


class OrderClosed(Refused):
    """The local bank takes no money for an order that is paid, cancelled or over."""

    id = "Nomor ini sudah dibayar, dibatalkan, atau lewat batas waktunya."
    en = "This number is already paid, cancelled or past its time."


@dataclass(frozen=True, slots=True)
class LocalProvider:
    """Keeps orders in its own tables; nothing else reads them."""

    db: Database
    secret: bytes
    name: str = "local"
    demo: bool = True

    def create(self, payment_id: str, channel: Channel, amount: int, expires_at: dt.datetime) -> Order:
        """Open an order, or return the one of this payment."""
        with self.db.transaction() as session:
            key = uuid.UUID(payment_id)
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("local:" + payment_id, 0))))
            if (row := session.get(LocalOrderRow, key)) is None:
                row = LocalOrderRow(
                    payment_id=key, channel=channel.value, amount=amount, state=OrderState.OPEN.value, created_at=clock.now(),
                    expires_at=expires_at, va_number="", qris_payload="",
                )  # fmt: skip
                if channel is Channel.VA:
                    row.va_number = account_number(
                        PARTNER, f"{session.scalar(sa.select(customer_numbers.next_value())):011d}"
                    ).strip()
                else:
                    row.qris_payload = qris.payload(MERCHANT, amount=amount, reference=key.hex[:25])
                session.add(row)
            return _order(row)

    def enquire(self, payment_id: str) -> Order | None:
        """Return the order of a payment, or None."""
        with self.db.transaction(readonly=True) as session:
            row = session.get(LocalOrderRow, uuid.UUID(payment_id))
            return _order(row) if row else None

    def cancel(self, payment_id: str) -> None:
        """Close an open order."""
        with self.db.transaction() as session:
            row = session.get(LocalOrderRow, uuid.UUID(payment_id), with_for_update=True)
            if row is not None and row.state == OrderState.OPEN.value:
                row.state = OrderState.CLOSED.value

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: dt.datetime) -> Notice:
        """Check the signature over the raw body, then read it."""
        if not signing.valid(self.secret, headers, body, now=now):
            raise ForgedCallback
        return read(headers["x-id"], body)


def account_number(partner: str, customer: str) -> str:
    """Return a BI-SNAP virtualAccountNo: partnerServiceId left-padded with blanks to 8, then customerNo of at most 20 digits."""
    if not (partner.isascii() and partner.isdigit() and 0 < len(partner) <= 8):  # noqa: PLR2004 - BI-SNAP's width
        raise ValueError("partnerServiceId has 1 to 8 digits")
    if not (customer.isascii() and customer.isdigit() and 0 < len(customer) <= 20):  # noqa: PLR2004 - BI-SNAP's width
        raise ValueError("customerNo has 1 to 20 digits")
    return partner.rjust(8) + customer


def write(payment_id: uuid.UUID, request_id: str, money: Money) -> bytes:
    """Return the body of a callback, in the words of BI-SNAP's payment notification."""
    said = {
        "paymentRequestId": request_id,
        "trxId": str(payment_id),
        "paidAmount": {"value": f"{money.amount}.00", "currency": "IDR"},
        "trxDateTime": money.paid_at.isoformat(timespec="microseconds"),
    }
    return json.dumps(said).encode()


def read(external_id: str, body: bytes) -> Notice:
    """Return what a callback's body says; UnreadableCallback when it is not of `write`'s shape."""
    try:
        said = json.loads(body)
        value, paid_at = said["paidAmount"]["value"], dt.datetime.fromisoformat(said["trxDateTime"])
        whole, _, cents = value.partition(".")
        names = (said["trxId"], said["paymentRequestId"])
        fits = whole.isascii() and whole.isdigit() and len(whole) <= 15 and cents in ("", "0", "00") and paid_at.tzinfo  # noqa: PLR2004
        if not fits or said["paidAmount"]["currency"] != "IDR" or not all(isinstance(name, str) and name for name in names):
            raise UnreadableCallback
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
        raise UnreadableCallback from wrong
    return Notice(external_id, names[0], names[1], Money(int(whole), paid_at))


def simulate(session: Session, *, va_number: str, qris_payload: str, amount: int, deliveries: int) -> tuple[uuid.UUID, int]:
    """Play the person at the bank: take `amount` rupiah (0 = the right one) and queue the callback `deliveries` times."""
    if not 0 <= deliveries <= MAX_DELIVERIES or not 0 <= amount < 10**12:
        raise InvalidFields(fields=[FieldError(
            "deliveries", "out_of_range", f"Jumlah tidak boleh negatif; pengiriman paling banyak {MAX_DELIVERIES}.",
            f"Amounts are not negative; at most {MAX_DELIVERIES} deliveries.",
        )])  # fmt: skip
    order = _found(session, va_number, qris_payload)
    if order.state != OrderState.OPEN.value or order.expires_at <= clock.now():
        raise OrderClosed
    order.state = OrderState.PAID.value
    times = deliveries or 1
    body = write(order.payment_id, uuid.uuid4().hex, Money(amount or order.amount, clock.now()))
    external_id = uuid.uuid4().hex
    session.add_all(
        DeliveryRow(external_id=external_id, body=body, attempts=0, next_at=clock.now(), delivered_at=None) for _ in range(times)
    )
    return order.payment_id, times


def _found(session: Session, va_number: str, qris_payload: str) -> LocalOrderRow:
    digits = "".join(va_number.split()).replace("-", "")
    query = sa.select(LocalOrderRow).with_for_update()
    if digits:
        order = session.scalar(query.where(LocalOrderRow.va_number == digits))
    else:
        order = session.scalar(query.where(LocalOrderRow.payment_id.in_(_scanned(session, qris_payload))))
    if order is None:
        raise NothingToPay
    return order


def _scanned(session: Session, text: str) -> list[uuid.UUID]:
    try:
        label = qris.reference(text)
    except qris.NotQris as wrong:
        raise NothingToPay from wrong
    try:
        # A label holds 25 of the 32 digits of a payment's id: a range of the primary key.
        low, high = uuid.UUID(label.ljust(32, "0")), uuid.UUID(label.ljust(32, "f"))
    except ValueError as wrong:
        raise NothingToPay from wrong
    within = (LocalOrderRow.payment_id.between(low, high), LocalOrderRow.qris_payload == text.strip())
    return list(session.scalars(sa.select(LocalOrderRow.payment_id).where(*within)))


def _order(row: LocalOrderRow) -> Order:
    return Order(row.va_number, BANK if row.va_number else "", row.qris_payload)
