"""Counting working days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

ONE = dt.timedelta(days=1)
FRIDAY = 4  # the civil service works five days a week (Perpres 21/2023)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Monday to Friday without the days that `off` names."""

    off: Callable[[dt.date], bool]

    def works(self, day: dt.date) -> bool:
        """Tell whether offices work on `day`."""
        return day.weekday() <= FRIDAY and not self.off(day)

    def add(self, day: dt.date, working_days: int) -> dt.date:
        """Return the working day that is `working_days` after `day` (before it, if negative); `day` itself for 0."""
        if working_days < 0:
            return self._back(day, -working_days)
        for _ in range(working_days):
            day += ONE
            while not self.works(day):
                day += ONE
        return day

    def _back(self, day: dt.date, working_days: int) -> dt.date:
        passed = 0
        while passed < working_days or not self.works(day):
            passed += self.works(day)
            day -= ONE
        return day

    def between(self, start: dt.date, end: dt.date) -> int:
        """Return how many working days lie after `start` up to and with `end`; negative where `end` is the earlier."""
        if end < start:
            return -self.between(end, start)
        return sum(self.works(start + ONE * step) for step in range(1, (end - start).days + 1))
