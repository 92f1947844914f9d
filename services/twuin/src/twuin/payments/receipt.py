"""Receipts: what was paid for what, typeset as an accessible PDF (PDF/UA-1, PDF/A-3a)."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from chassis import clock
from chassis.errors import Conflict
from malang.twuin.v1 import billing_pb2
from sqlalchemy.orm import Session

from twuin import billing
from twuin.payments.model import Channel, State
from twuin.payments.service import bills_of, get
from twuin.payments.tables import PaymentRow

_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
_CHANNELS = {Channel.VA: "Virtual account", Channel.QRIS: "QRIS"}
DEMO_NOTE = "Kuitansi contoh: pembayaran lewat penyedia demo, bukan uang sungguhan. · Specimen: paid through the demo's provider, no real money."


class NotPaidYet(Conflict):
    """Only what is paid has a receipt."""

    id = "Pembayaran ini belum lunas, jadi belum ada kuitansinya."
    en = "This payment is not paid, so it has no receipt yet."


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt shows; read in a transaction, typeset after it."""

    number: str
    channel: Channel
    amount: int
    paid_at: dt.datetime
    reference: str
    demo: bool
    bills: Sequence[billing_pb2.Bill]

    @property
    def file_name(self) -> str:
        """Return the name under which it is saved."""
        return f"kuitansi-{self.number}.pdf"


def collect(session: Session, citizen_id: str, payment_id: uuid.UUID, *, demo: bool) -> Receipt:
    """Return the receipt of a person's own payment; NotPaidYet while there is none."""
    payment = get(session, citizen_id, payment_id)
    if payment.state != State.PAID.value:
        raise NotPaidYet
    return _of(payment, billing.explained(session, bills_of(session, [payment_id])[payment_id]), demo=demo)


def _of(payment: PaymentRow, bills: Sequence[billing_pb2.Bill], *, demo: bool) -> Receipt:
    assert payment.paid_at is not None
    assert payment.receipt_number is not None
    reference = payment.va_number or str(payment.payment_id)
    return Receipt(payment.receipt_number, Channel(payment.channel), payment.amount, payment.paid_at, reference, demo, bills)


def typeset(receipt: Receipt) -> bytes:
    """Return the PDF; the same receipt gives the same bytes."""
    import typst

    return bytes(
        typst.compile(
            _template(), format="pdf", sys_inputs={"receipt": json.dumps(_said(receipt))}, pdf_standards=["a-3a", "ua-1"],
            timestamp=int(receipt.paid_at.timestamp()),
        )
    )  # fmt: skip


@cache
def _template() -> bytes:
    return resources.files("twuin.payments").joinpath("receipt.typ").read_bytes()


def _said(receipt: Receipt) -> dict[str, object]:
    facts = (
        ("Nomor kuitansi", receipt.number), ("Dibayar pada", moment(receipt.paid_at)), ("Cara bayar", _CHANNELS[receipt.channel]),
        ("Nomor VA" if receipt.channel is Channel.VA else "Referensi", receipt.reference),
    )  # fmt: skip
    return {
        "title": f"Kuitansi {receipt.number}",
        "facts": [{"name": name, "value": value} for name, value in facts],
        "bills": [_bill(bill) for bill in receipt.bills],
        "amount": rupiah(receipt.amount),
        "note": DEMO_NOTE if receipt.demo else "",
        "footer": f"Kuitansi {receipt.number} · dibuat oleh sistem dan sah tanpa tanda tangan basah.",
    }


def _bill(bill: billing_pb2.Bill) -> dict[str, object]:
    return {
        "number": bill.number,
        "about": " · ".join(_notes(bill)),
        "amount": rupiah(bill.amount),
        "lines": [
            {
                "name": line.name_id,
                "quantity": f"{line.quantity} m³" if line.code == billing.BLOCK else str(line.quantity),
                "unit_price": rupiah(line.unit_price),
                "amount": rupiah(line.amount),
            }
            for line in bill.lines
        ],
    }


def _notes(bill: billing_pb2.Bill) -> list[str]:
    if bill.kind == billing.CONNECTION:
        return [f"Sambungan baru {bill.connection_number}", "biaya pemasangan"]
    notes = [
        f"Sambungan {bill.connection_number}", f"periode {month(bill.period)}",
        f"meter {bill.previous_value} → {bill.current_value}", f"pemakaian {bill.volume} m³",
    ]  # fmt: skip
    return notes + (
        ["perkiraan"] * bill.estimated + ["meter diganti"] * bill.replaced + ["angka meter berputar dari awal"] * bill.rolled_over
    )


def rupiah(amount: int) -> str:
    """Return an amount as it is written: Rp 110.000, with a space that does not break."""
    return f"Rp\u00a0{amount:,}".replace(",", ".")


def month(period: str) -> str:
    """Return a period as it is said: November 2026."""
    return f"{_MONTHS[int(period[5:]) - 1]} {period[:4]}"


def moment(at: dt.datetime) -> str:
    """Return an instant as it is said in Malang: 24 November 2026 pukul 18.30 WIB."""
    here = at.astimezone(clock.ZONE)
    return f"{here.day} {_MONTHS[here.month - 1]} {here.year} pukul {here:%H.%M} WIB"
