"""The days on which the city's offices are closed."""

from __future__ import annotations

import datetime as dt
from functools import cache

from singo.charter.workdays import Calendar


@cache
def city_calendar() -> Calendar:
    """Return the calendar of Indonesian civil servants: national holidays and joint leave (cuti bersama).

    Joint leave is known for years whose joint decree has been published (2027 is the last one today);
    later years have the national holidays, religious ones computed.
    """
    import holidays

    known = holidays.country_holidays("ID", categories=("public", "government"))

    def off(day: dt.date) -> bool:
        return day in known

    return Calendar(off)
