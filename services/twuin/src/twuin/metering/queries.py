"""Selects with named columns that other capabilities compose."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from twuin.metering.tables import ReadingRow


def volumes(period: str) -> sa.Select[uuid.UUID, str, int, int, int, bool, bool, bool]:
    """Select connection_id, period, previous_value, current_value, volume (m³), estimated, replaced, rolled_over of a period."""
    return sa.select(
        ReadingRow.connection_id, ReadingRow.period, ReadingRow.previous_value, ReadingRow.value.label("current_value"),
        ReadingRow.volume, ReadingRow.estimated, ReadingRow.replaced, ReadingRow.rolled_over,
    ).where(ReadingRow.period == period)  # fmt: skip
