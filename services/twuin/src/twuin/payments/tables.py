"""Payments with their bills, and the money that came for them."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base

_Instant = sa.DateTime(timezone=True)

receipt_numbers = sa.Sequence("receipt_numbers", metadata=Base.metadata)


class PaymentRow(Base):
    """A payment of one or several bills by one person through one channel."""

    __tablename__ = "payments"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="amount_positive"),
        sa.CheckConstraint("(state = 3) = (receipt_number is not null)", name="paid_has_receipt"),
        sa.Index("ix_payments_citizen_id_created_at", "citizen_id", "created_at", "payment_id"),
        sa.Index("ix_payments_waiting", "state", "created_at", postgresql_where=sa.text("state in (1, 2)")),
    )

    payment_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    citizen_id: Mapped[str] = mapped_column(sa.Text)
    channel: Mapped[int] = mapped_column(sa.SmallInteger)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    provider: Mapped[str] = mapped_column(sa.Text)
    va_number: Mapped[str] = mapped_column(sa.Text, default="")
    va_bank: Mapped[str] = mapped_column(sa.Text, default="")
    qris_payload: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[dt.datetime] = mapped_column(_Instant)
    expires_at: Mapped[dt.datetime] = mapped_column(_Instant)
    paid_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
    receipt_number: Mapped[str | None] = mapped_column(sa.Text, unique=True)
    version: Mapped[int] = mapped_column(sa.BigInteger)


class PaymentBillRow(Base):
    """A bill in a payment. While the payment waits, `holder` is its payer: a bill waits once for each payer."""

    __tablename__ = "payment_bills"
    __table_args__ = (sa.UniqueConstraint("bill_id", "holder"),)

    payment_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("payments.payment_id"), primary_key=True)
    bill_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    holder: Mapped[str | None] = mapped_column(sa.Text)


class MoneyRow(Base):
    """Money that a provider says it took: once for each of its request ids, whatever is delivered again."""

    __tablename__ = "payment_money"
    __table_args__ = (sa.UniqueConstraint("provider", "request_id"),)

    money_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    provider: Mapped[str] = mapped_column(sa.Text)
    request_id: Mapped[str] = mapped_column(sa.Text)
    payment_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("payments.payment_id"), index=True)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    paid_at: Mapped[dt.datetime] = mapped_column(_Instant)
    received_at: Mapped[dt.datetime] = mapped_column(_Instant)
    reason: Mapped[str | None] = mapped_column(sa.Text)  # why it goes back; null = it paid the bills


class CallbackRow(Base):
    """A callback that was taken: its id is unique for a provider, so a replay changes nothing."""

    __tablename__ = "payment_callbacks"

    provider: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    received_at: Mapped[dt.datetime] = mapped_column(_Instant)
    body_sha256: Mapped[bytes] = mapped_column(sa.LargeBinary)
