"""Working days: how they are counted, and on which days the city's offices are closed."""

from workdays.counting import Calendar
from workdays.days_off import city_calendar

__all__ = ["Calendar", "city_calendar"]
