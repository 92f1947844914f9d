"""Selects with named columns that other capabilities compose."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from twuin.tariffs.tables import BlockRow, FixedPartRow, TariffRow


def current(on: dt.date) -> sa.Select[uuid.UUID]:
    """Select tariff_id of the tariff of each group that is in force on a day."""
    return (
        sa.select(TariffRow.tariff_id)
        .ext(distinct_on(TariffRow.group))
        .where(TariffRow.effective_from <= on)
        .order_by(TariffRow.group, TariffRow.effective_from.desc())
    )


def in_force(on: dt.date) -> sa.Select[uuid.UUID, str, int, int, int | None, int]:
    """Select tariff_id, group, block_no, from_m3, to_m3 (null = open), price (rupiah per m³) of the tariffs in force on a day."""
    return (
        sa.select(TariffRow.tariff_id, TariffRow.group, BlockRow.block_no, BlockRow.from_m3, BlockRow.to_m3, BlockRow.price)
        .join(BlockRow, BlockRow.tariff_id == TariffRow.tariff_id)
        .where(TariffRow.tariff_id.in_(current(on)))
    )


def fixed_parts(on: dt.date) -> sa.Select[uuid.UUID, str, int, str, str, str, int]:
    """Select tariff_id, group, position, code, name_id, name_en, amount (rupiah a period) of the tariffs in force on a day."""
    return (
        sa.select(
            TariffRow.tariff_id, TariffRow.group, FixedPartRow.position, FixedPartRow.code,
            FixedPartRow.name_id, FixedPartRow.name_en, FixedPartRow.amount,
        )
        .join(FixedPartRow, FixedPartRow.tariff_id == TariffRow.tariff_id)
        .where(TariffRow.tariff_id.in_(current(on)))
    )  # fmt: skip
