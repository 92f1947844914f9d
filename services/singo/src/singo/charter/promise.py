"""The time that a charter promises: a clock that counts working days and stands still while the citizen has the file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from workdays import Calendar


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
