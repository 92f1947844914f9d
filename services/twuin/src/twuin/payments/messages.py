"""Rows to messages of the contract."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import payments_pb2 as pb

from twuin.payments.tables import PaymentRow

_CHANNELS = {1: pb.CHANNEL_VA, 2: pb.CHANNEL_QRIS}
_STATES = {
    1: pb.PAYMENT_STATE_STARTING, 2: pb.PAYMENT_STATE_PENDING, 3: pb.PAYMENT_STATE_PAID, 4: pb.PAYMENT_STATE_EXPIRED,
    5: pb.PAYMENT_STATE_CANCELLED, 6: pb.PAYMENT_STATE_TO_REFUND,
}  # fmt: skip


def payment(row: PaymentRow, bill_ids: Sequence[uuid.UUID], *, demo: bool) -> pb.Payment:
    """Return a payment as its payer sees it."""
    return pb.Payment(
        payment_id=str(row.payment_id), bill_ids=[str(bill_id) for bill_id in bill_ids], channel=_CHANNELS[row.channel],
        state=_STATES[row.state], amount=row.amount, va_number=row.va_number, va_bank=row.va_bank, qris_payload=row.qris_payload,
        created_at=_instant(row.created_at), expires_at=_instant(row.expires_at), paid_at=_instant(row.paid_at),
        receipt_number=row.receipt_number or "", provider=row.provider, demo=demo,
    )  # fmt: skip


def _instant(at: dt.datetime | None) -> Timestamp | None:
    return None if at is None else Timestamp(seconds=int(at.timestamp()), nanos=at.microsecond * 1000)
