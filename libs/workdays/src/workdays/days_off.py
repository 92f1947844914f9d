"""The days on which the city's offices are closed."""

from __future__ import annotations

import datetime as dt
from functools import cache

from workdays.counting import Calendar


@cache
def _of_year(year: int) -> frozenset[dt.date]:
    """Return the days off of a year, made whole before anybody sees it: the library's own object fills up while it is read."""
    import holidays

    return frozenset(holidays.country_holidays("ID", years=year, expand=False, categories=("public", "government")))


def city_calendar() -> Calendar:
    """Return the calendar of Indonesian civil servants: national holidays and joint leave (cuti bersama).

    Joint leave is known for years whose joint decree has been published (2027 is the last one today);
    later years have the national holidays, religious ones computed.
    """
    import holidays.countries.indonesia  # noqa: F401 - loaded here, not by the first question, which may come inside a transaction

    return Calendar(lambda day: day in _of_year(day.year))
