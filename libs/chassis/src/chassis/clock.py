"""The only place that reads the time: instants are UTC, days are Asia/Jakarta."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Jakarta")
_frozen: dt.datetime | None = None
_off = dt.timedelta()


def now() -> dt.datetime:
    """Return the present instant, aware, in UTC."""
    return _frozen or dt.datetime.now(dt.UTC) + _off


def today() -> dt.date:
    """Return the present day in Asia/Jakarta."""
    return day_of(now())


def day_of(instant: dt.datetime) -> dt.date:
    """Return the day in Asia/Jakarta on which an aware instant falls."""
    return instant.astimezone(ZONE).date()


def step(seconds: float) -> None:
    """Let this process's clock be off by `seconds`, as the fault drill wants it."""
    global _off  # noqa: PLW0603 - one process, one clock
    _off = dt.timedelta(seconds=seconds)


@contextmanager
def frozen(instant: dt.datetime) -> Iterator[None]:
    """Hold the clock at an aware instant, in every thread, for a test."""
    global _frozen  # noqa: PLW0603 - one process, one clock
    before, _frozen = _frozen, instant.astimezone(dt.UTC)
    try:
        yield
    finally:
        _frozen = before
