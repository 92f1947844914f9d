"""The local provider's own books: orders it opened and callbacks it still has to deliver."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base

_Instant = sa.DateTime(timezone=True)

customer_numbers = sa.Sequence("local_customer_numbers", metadata=Base.metadata)


class OrderState(enum.IntEnum):
    """States of an order at the local bank."""

    OPEN = 1
    PAID = 2
    CLOSED = 3


class LocalOrderRow(Base):
    """An order: what the local bank takes money for."""

    __tablename__ = "local_orders"
    __table_args__ = (sa.Index("ix_local_orders_va_number", "va_number", unique=True, postgresql_where=sa.text("va_number <> ''")),)

    payment_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    channel: Mapped[int] = mapped_column(sa.SmallInteger)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    va_number: Mapped[str] = mapped_column(sa.Text)
    qris_payload: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    created_at: Mapped[dt.datetime] = mapped_column(_Instant)
    expires_at: Mapped[dt.datetime] = mapped_column(_Instant)


class DeliveryRow(Base):
    """A callback to deliver until it is taken."""

    __tablename__ = "local_deliveries"
    __table_args__ = (sa.Index("ix_local_deliveries_waiting", "next_at", postgresql_where=sa.text("delivered_at is null")),)

    delivery_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    external_id: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    attempts: Mapped[int] = mapped_column(sa.Integer)
    next_at: Mapped[dt.datetime] = mapped_column(_Instant)
    delivered_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
