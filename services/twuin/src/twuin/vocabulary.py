"""Words that every capability of the water utility uses: billing periods and identifiers. Pure."""

from __future__ import annotations

import datetime as dt
import re
import uuid

from chassis.errors import NotFound

_PERIOD = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


def is_period(text: str) -> bool:
    """Tell whether `text` is a billing period, "YYYY-MM"; periods sort as texts."""
    return _PERIOD.fullmatch(text) is not None


def first_day(period: str) -> dt.date:
    """Return the first day of a period."""
    return dt.date.fromisoformat(f"{period}-01")


def period_of(day: dt.date) -> str:
    """Return the period that a day falls in."""
    return f"{day:%Y-%m}"


def shifted(period: str, months: int) -> str:
    """Return the period `months` later (earlier when negative)."""
    year, month = divmod(int(period[:4]) * 12 + int(period[5:]) - 1 + months, 12)
    return f"{year:04}-{month + 1:02}"


def identifier(text: str) -> uuid.UUID:
    """Read the id of a thing; NotFound for what cannot be one, as for one that is not there."""
    try:
        return uuid.UUID(text)
    except ValueError as wrong:
        raise NotFound from wrong
