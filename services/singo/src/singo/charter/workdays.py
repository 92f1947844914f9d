"""Working days, and a clock that counts them and stands still while the citizen has the file."""

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


@dataclass(frozen=True, slots=True)
class Clock:
    """The time a charter promises: it runs towards `due_on`, or is paused with `left` working days (negative = late)."""

    due_on: dt.date | None = None
    left: int | None = None

    @classmethod
    def started(cls, today: dt.date, limit: int, calendar: Calendar) -> Clock:
        """Start with `limit` working days, the first of which is the next one."""
        return cls(due_on=calendar.add(today, limit))

    def paused(self, today: dt.date, calendar: Calendar) -> Clock:
        """Stand still: what is left stays."""
        return self if self.due_on is None else Clock(left=calendar.between(today, self.due_on))

    def resumed(self, today: dt.date, calendar: Calendar) -> Clock:
        """Run again with what was left."""
        return self if self.left is None else Clock(due_on=calendar.add(today, self.left))

    def remaining(self, today: dt.date, calendar: Calendar) -> int:
        """Return the working days left, negative when late; 0 for a clock that never started."""
        if self.left is not None:
            return self.left
        return 0 if self.due_on is None else calendar.between(today, self.due_on)

    def promised(self, today: dt.date, calendar: Calendar) -> dt.date | None:
        """Return the day of the promise; while paused, the day it would be if the file came back today."""
        return self.resumed(today, calendar).due_on
