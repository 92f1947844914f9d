"""Leaks, the citizens' reports of each, and what happened; private to this capability."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base

_Instant = sa.DateTime(timezone=True)
_IS_OPEN = sa.text("state in (1, 2)")

leak_numbers = sa.Sequence("leak_numbers", metadata=Base.metadata)


class LeakRow(Base):
    """A leak; without latitude its position is not known. `work_*` and `crew` are of the visit that runs or was last."""

    __tablename__ = "leaks"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.CheckConstraint("(state in (1, 2)) = (closed_at is null)", name="closed_has_instant"),
        sa.Index("ix_leaks_open", "zone", "opened_at", "leak_id", postgresql_where=_IS_OPEN),
        sa.Index("ix_leaks_closed_at", "closed_at", postgresql_where=sa.text("closed_at is not null")),
    )

    leak_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    zone: Mapped[str] = mapped_column(sa.Text)
    kelurahan: Mapped[str] = mapped_column(sa.Text)
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    opened_at: Mapped[dt.datetime] = mapped_column(_Instant)
    closed_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
    resolve_by: Mapped[dt.date] = mapped_column(sa.Date)
    progress: Mapped[str] = mapped_column(sa.Text)  # scheduled, accepted, arrived
    work_order_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    work_order_number: Mapped[str] = mapped_column(sa.Text)
    crew: Mapped[str] = mapped_column(sa.Text, default="")
    visits: Mapped[int] = mapped_column(sa.Integer)
    changed_at: Mapped[dt.datetime] = mapped_column(_Instant)
    version: Mapped[int] = mapped_column(sa.BigInteger)


class LeakReportRow(Base):
    """A complaint of singo that reported a leak. `visit`: the one that this report waits for, or last waited for."""

    __tablename__ = "leak_reports"

    complaint_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    leak_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("leaks.leak_id"), index=True)
    complaint_number: Mapped[str] = mapped_column(sa.Text)
    photo_ids: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    at: Mapped[dt.datetime] = mapped_column(_Instant)
    visit: Mapped[int] = mapped_column(sa.Integer)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(_Instant)


class LeakStepRow(Base):
    """What happened to a leak; never changed."""

    __tablename__ = "leak_steps"

    step_id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    leak_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("leaks.leak_id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(_Instant)
    event: Mapped[str] = mapped_column(sa.Text)
    note: Mapped[str] = mapped_column(sa.Text, default="")
