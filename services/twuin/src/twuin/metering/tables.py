"""Meters, the register of each connection, readings, and previews of files with readings."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base

_Instant = sa.DateTime(timezone=True)


class MeterRow(Base):
    """A meter that stands or stood at a connection; its register shows `digits` digits of whole m³."""

    __tablename__ = "meters"
    __table_args__ = (
        sa.UniqueConstraint("serial"),
        sa.CheckConstraint("digits between 4 and 9", name="digits"),
        sa.CheckConstraint("(removed_on is null) = (final_value is null)", name="removed_has_final"),
        sa.Index("ix_meters_standing", "connection_id", unique=True, postgresql_where=sa.text("removed_on is null")),
    )

    meter_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    connection_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    serial: Mapped[str] = mapped_column(sa.Text)
    digits: Mapped[int] = mapped_column(sa.SmallInteger)
    initial_value: Mapped[int] = mapped_column(sa.BigInteger)
    installed_on: Mapped[dt.date] = mapped_column(sa.Date)
    final_value: Mapped[int | None] = mapped_column(sa.BigInteger)
    removed_on: Mapped[dt.date | None] = mapped_column(sa.Date)


class RegisterRow(Base):
    """What the next volume of a connection is counted from; see metering.model.Register."""

    __tablename__ = "registers"

    connection_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    meter_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("meters.meter_id"))
    digits: Mapped[int] = mapped_column(sa.SmallInteger)
    base_value: Mapped[int] = mapped_column(sa.BigInteger)
    carried: Mapped[int] = mapped_column(sa.BigInteger)
    shown_value: Mapped[int] = mapped_column(sa.BigInteger)
    replaced: Mapped[bool] = mapped_column(sa.Boolean)
    last_period: Mapped[str | None] = mapped_column(sa.Text)
    last_day: Mapped[dt.date] = mapped_column(sa.Date)


class ReadingRow(Base):
    """A reading of a connection's meter: one a period, with the volume that follows from it."""

    __tablename__ = "readings"
    __table_args__ = (sa.CheckConstraint("volume >= 0 and value >= 0", name="not_negative"),)

    connection_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    period: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    reading_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    meter_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    previous_value: Mapped[int] = mapped_column(sa.BigInteger)
    value: Mapped[int] = mapped_column(sa.BigInteger)
    volume: Mapped[int] = mapped_column(sa.BigInteger)
    rolled_over: Mapped[bool] = mapped_column(sa.Boolean)
    replaced: Mapped[bool] = mapped_column(sa.Boolean)
    estimated: Mapped[bool] = mapped_column(sa.Boolean)
    read_on: Mapped[dt.date] = mapped_column(sa.Date)
    entered_by: Mapped[str] = mapped_column(sa.Text)
    entered_at: Mapped[dt.datetime] = mapped_column(_Instant)
    warnings: Mapped[int] = mapped_column(sa.SmallInteger)


class PreviewRow(Base):
    """A file with readings that somebody looks at before it is imported."""

    __tablename__ = "readings_previews"

    preview_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    created_by: Mapped[str] = mapped_column(sa.Text)
    file_name: Mapped[str] = mapped_column(sa.Text)
    lines: Mapped[int] = mapped_column(sa.Integer)
    accepted: Mapped[int] = mapped_column(sa.Integer)
    error_count: Mapped[int] = mapped_column(sa.Integer)
    errors: Mapped[list[dict[str, object]]] = mapped_column(JSONB)
    created_at: Mapped[dt.datetime] = mapped_column(_Instant)
    expires_at: Mapped[dt.datetime] = mapped_column(_Instant)
    imported_at: Mapped[dt.datetime | None] = mapped_column(_Instant)


class PreviewLineRow(Base):
    """A well-formed line of such a file, and what became of it: a problem, or a reading to be."""

    __tablename__ = "readings_preview_lines"

    preview_id: Mapped[uuid.UUID] = mapped_column(
        sa.Uuid, sa.ForeignKey("readings_previews.preview_id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    number: Mapped[str] = mapped_column(sa.Text)
    period: Mapped[str] = mapped_column(sa.Text)
    value: Mapped[int] = mapped_column(sa.BigInteger)
    read_on: Mapped[dt.date] = mapped_column(sa.Date)
    estimated: Mapped[bool] = mapped_column(sa.Boolean)
    problem: Mapped[str | None] = mapped_column(sa.Text)
    connection_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    meter_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    previous_value: Mapped[int | None] = mapped_column(sa.BigInteger)
    raw_volume: Mapped[int | None] = mapped_column(sa.BigInteger)
    rolled_over: Mapped[bool | None] = mapped_column(sa.Boolean)
    replaced: Mapped[bool | None] = mapped_column(sa.Boolean)
    warnings: Mapped[int | None] = mapped_column(sa.SmallInteger)
