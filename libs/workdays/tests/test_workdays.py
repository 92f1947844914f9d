from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workdays import Calendar, city_calendar

days = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))
counts = st.integers(-60, 60)
calendars = st.sets(days, max_size=300).map(lambda off: Calendar(off.__contains__))


@given(calendars, days, counts)
def test_what_is_added_lies_between(calendar, day, count):
    reached = calendar.add(day, count)
    if count:
        assert calendar.works(reached)
    if count >= 0:
        assert calendar.between(day, reached) == count
    else:
        assert calendar.between(reached, day) == -count


@given(calendars, days, days, days)
def test_working_days_between_add_up(calendar, first, second, third):
    assert calendar.between(first, second) + calendar.between(second, third) == calendar.between(first, third)


@given(calendars, days, st.integers(0, 60))
def test_one_more_working_day_is_the_next_one(calendar, day, count):
    earlier, later = calendar.add(day, count), calendar.add(day, count + 1)
    assert later > earlier
    gap = [earlier + dt.timedelta(days=step) for step in range(1, (later - earlier).days)]
    assert not any(calendar.works(each) for each in gap)


@pytest.mark.parametrize(
    ("day", "limit", "due"),
    [
        ("2026-11-24", 1, "2026-11-25"),
        ("2026-11-27", 1, "2026-11-30"),  # Friday to Monday
        ("2026-11-28", 2, "2026-12-01"),  # handed in on a Saturday
        ("2026-12-23", 1, "2026-12-28"),  # joint leave on the 24th, Christmas, a weekend
        ("2026-03-17", 1, "2026-03-25"),  # Nyepi and Idulfitri with their joint leave
        ("2026-08-14", 1, "2026-08-18"),  # Independence Day on a Monday
    ],
)
def test_the_citys_offices_keep_the_joint_decree(day, limit, due):
    assert city_calendar().add(dt.date.fromisoformat(day), limit) == dt.date.fromisoformat(due)


def test_the_calendar_agrees_with_the_published_decree_of_2026():
    import lokal

    decreed = {dt.date.fromisoformat(each.date) for each in lokal.get_holidays(2026).holidays}
    year = [dt.date(2026, 1, 1) + dt.timedelta(days=step) for step in range(365)]
    assert {day for day in year if city_calendar().off(day)} == decreed
