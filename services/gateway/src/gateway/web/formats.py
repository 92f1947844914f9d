"""How money, numbers, days and instants are written for a person, by the conventions of the request's language."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from chassis import clock
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.web.catalog import language

NO_BREAK = "\u00a0"
MEGA = 1_000_000
Instant = dt.datetime | Timestamp


def number(value: float) -> str:
    """Return a number with its thousands separated."""
    return str(format_decimal(value, locale=language()))


def rupiah(amount: int) -> str:
    """Return integer rupiah, e.g. Rp 110.000."""
    sign = "−" if amount < 0 else ""
    return f"{sign}Rp{NO_BREAK}{number(abs(amount))}"


def cubic(volume: int) -> str:
    """Return whole cubic metres."""
    return f"{number(volume)}{NO_BREAK}m³"


def _as_instant(value: Instant) -> dt.datetime:
    if isinstance(value, Timestamp):
        return value.ToDatetime(tzinfo=dt.UTC)
    return value


def present(value: Instant | None) -> bool:
    """Tell whether an instant of a message was set."""
    return value is not None and _as_instant(value).timestamp() > 0


def day(value: str | dt.date | Instant) -> str:
    """Return a day, e.g. 24 November 2026; instants fall on their day in Asia/Jakarta."""
    if isinstance(value, str):
        if not value:
            return ""
        value = dt.date.fromisoformat(value)
    if isinstance(value, Timestamp | dt.datetime):
        value = clock.day_of(_as_instant(value))
    return str(format_date(value, "d MMMM y", locale=language()))


def instant(value: Instant) -> str:
    """Return an instant in local time, e.g. 24 November 2026, 18.40 WIB."""
    local = _as_instant(value).astimezone(clock.ZONE)
    return f"{day(local)}, {format_time(local, 'HH.mm' if language() == 'id' else 'HH:mm')}{NO_BREAK}WIB"


def iso(value: Instant) -> str:
    """Return an instant for a `datetime` attribute."""
    return _as_instant(value).astimezone(clock.ZONE).isoformat(timespec="seconds")


def period(value: str, width: str = "MMMM y") -> str:
    """Return a month given as YYYY-MM, e.g. Oktober 2026."""
    return str(format_date(dt.date.fromisoformat(f"{value}-01"), width, locale=language()))


def size(count: int) -> str:
    """Return a size in bytes for a person, e.g. 320 kB."""
    if count < MEGA:
        return f"{number(max(1, round(count / 1000)))}{NO_BREAK}kB"
    return f"{number(round(count / MEGA, 1))}{NO_BREAK}MB"
