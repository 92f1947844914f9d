"""Tariffs by group and effective date, with their blocks and fixed parts."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base


class TariffRow(Base):
    """The prices of a group from a day on, until a later phase of the same group takes over."""

    __tablename__ = "tariffs"
    __table_args__ = (sa.UniqueConstraint("group", "effective_from"),)

    tariff_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    group: Mapped[str] = mapped_column(sa.Text)
    effective_from: Mapped[dt.date] = mapped_column(sa.Date)
    name_id: Mapped[str] = mapped_column(sa.Text)
    name_en: Mapped[str] = mapped_column(sa.Text)
    demo: Mapped[bool] = mapped_column(sa.Boolean)
    source: Mapped[str] = mapped_column(sa.Text)


class BlockRow(Base):
    """m³ number `from_m3` to number `to_m3` (null = and all above) cost `price` rupiah each."""

    __tablename__ = "tariff_blocks"
    __table_args__ = (
        sa.CheckConstraint("price >= 0", name="price_not_negative"),
        sa.CheckConstraint("from_m3 >= 1 and to_m3 >= from_m3", name="range"),
    )

    tariff_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("tariffs.tariff_id"), primary_key=True)
    block_no: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    from_m3: Mapped[int] = mapped_column(sa.BigInteger)
    to_m3: Mapped[int | None] = mapped_column(sa.BigInteger)
    price: Mapped[int] = mapped_column(sa.BigInteger)


class FixedPartRow(Base):
    """A part of a bill that does not depend on use, rupiah a period."""

    __tablename__ = "tariff_fixed_parts"
    __table_args__ = (sa.CheckConstraint("amount >= 0", name="amount_not_negative"),)

    tariff_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("tariffs.tariff_id"), primary_key=True)
    position: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    code: Mapped[str] = mapped_column(sa.Text)
    name_id: Mapped[str] = mapped_column(sa.Text)
    name_en: Mapped[str] = mapped_column(sa.Text)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
