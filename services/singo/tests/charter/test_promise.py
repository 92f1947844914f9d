from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st
from singo.charter import Clock
from workdays import Calendar, city_calendar

days = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))
calendars = st.sets(days, max_size=300).map(lambda off: Calendar(off.__contains__))


@given(calendars, days, st.integers(1, 20), st.integers(0, 60), st.integers(0, 200))
def test_a_pause_of_any_length_costs_nothing(calendar, start, limit, worked, pause):
    clock = Clock.started(start, limit, calendar)
    paused_on = start + dt.timedelta(days=worked)
    back_on = paused_on + dt.timedelta(days=pause)
    left = clock.remaining(paused_on, calendar)
    paused = clock.paused(paused_on, calendar)
    assert paused.remaining(back_on, calendar) == left
    resumed = paused.resumed(back_on, calendar)
    if left >= 0:
        assert resumed.remaining(back_on, calendar) == left
    else:
        assert resumed.due_on < back_on  # late stays late
    assert paused.promised(back_on, calendar) == resumed.due_on


@given(calendars, days, st.integers(1, 20))
def test_pausing_twice_and_resuming_twice_change_nothing_more(calendar, start, limit):
    clock = Clock.started(start, limit, calendar)
    paused = clock.paused(start, calendar)
    assert paused.paused(start, calendar) == paused
    assert clock.resumed(start, calendar) == clock


def test_a_clock_that_never_started_promises_nothing():
    calendar = city_calendar()
    assert Clock().promised(dt.date(2026, 11, 24), calendar) is None
    assert Clock().remaining(dt.date(2026, 11, 24), calendar) == 0
