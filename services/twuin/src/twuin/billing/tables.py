"""Bills with their lines, and the runs that issue them."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base

_Instant = sa.DateTime(timezone=True)


class BillRow(Base):
    """A bill: one a connection and period. What it explains about readings is a snapshot of the day it was issued."""

    __tablename__ = "bills"
    __table_args__ = (
        sa.UniqueConstraint("connection_id", "period"),
        sa.CheckConstraint("amount >= 0 and volume >= 0", name="not_negative"),
        sa.CheckConstraint("(state = 2) = (paid_at is not null)", name="paid_has_instant"),
    )

    bill_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    connection_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    run_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)  # null: of a new connection, which no run issues
    tariff_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)  # null: of a new connection, which no tariff prices
    connection_number: Mapped[str] = mapped_column(sa.Text)
    period: Mapped[str] = mapped_column(sa.Text)
    tariff_group: Mapped[str] = mapped_column(sa.Text)
    volume: Mapped[int] = mapped_column(sa.BigInteger)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    previous_value: Mapped[int] = mapped_column(sa.BigInteger)
    current_value: Mapped[int] = mapped_column(sa.BigInteger)
    version: Mapped[int] = mapped_column(sa.BigInteger)
    issued_at: Mapped[dt.datetime] = mapped_column(_Instant)
    paid_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
    payment_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    due_on: Mapped[dt.date] = mapped_column(sa.Date)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    estimated: Mapped[bool] = mapped_column(sa.Boolean)
    replaced: Mapped[bool] = mapped_column(sa.Boolean)
    rolled_over: Mapped[bool] = mapped_column(sa.Boolean)


class LineRow(Base):
    """A line of a bill, in the order in which it is read. No foreign key: lines are born with their bill, in one statement."""

    __tablename__ = "bill_lines"
    __table_args__ = (sa.CheckConstraint("quantity > 0 and unit_price >= 0", name="quantity_and_price"),)

    bill_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    position: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    code: Mapped[str] = mapped_column(sa.Text)
    quantity: Mapped[int] = mapped_column(sa.BigInteger)
    unit_price: Mapped[int] = mapped_column(sa.BigInteger)
    from_m3: Mapped[int] = mapped_column(sa.BigInteger)
    to_m3: Mapped[int] = mapped_column(sa.BigInteger)


class RunRow(Base):
    """A run over a period; surcharges are kept so that a resumed run goes on by the rules it began with."""

    __tablename__ = "billing_runs"
    __table_args__ = (
        # One run of a period goes at a time.
        sa.Index("ix_billing_runs_unfinished", "period", unique=True, postgresql_where=sa.text("state <> 2")),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    period: Mapped[str] = mapped_column(sa.Text)
    due_on: Mapped[dt.date] = mapped_column(sa.Date)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    penalty: Mapped[int] = mapped_column(sa.BigInteger)
    stamp_duty: Mapped[int] = mapped_column(sa.BigInteger)
    stamp_duty_above: Mapped[int] = mapped_column(sa.BigInteger)
    started_by: Mapped[str] = mapped_column(sa.Text)
    started_at: Mapped[dt.datetime] = mapped_column(_Instant)
    issued_at: Mapped[dt.datetime] = mapped_column(_Instant)
    finished_at: Mapped[dt.datetime | None] = mapped_column(_Instant)


class BatchRow(Base):
    """A part of a run: the connections with `low` <= id < `high` (null = no end); done in one transaction or not at all."""

    __tablename__ = "billing_batches"

    run_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("billing_runs.run_id"), primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    low: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    high: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    expected: Mapped[int] = mapped_column(sa.BigInteger)
    issued: Mapped[int] = mapped_column(sa.BigInteger)
    skipped: Mapped[int] = mapped_column(sa.BigInteger)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    done_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
