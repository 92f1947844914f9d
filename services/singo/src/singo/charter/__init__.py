"""The citizen charter: what each kind of service asks for and promises, the offices that give it, and their working days."""

from singo.charter.days_off import city_calendar
from singo.charter.loading import BadKindError, Charter, load
from singo.charter.model import Kind, LetterForm, Office, Requirement, Step, StepRole, Text, spoken_date
from singo.charter.workdays import Calendar, Clock

__all__ = [
    "BadKindError",
    "Calendar",
    "Charter",
    "Clock",
    "Kind",
    "LetterForm",
    "Office",
    "Requirement",
    "Step",
    "StepRole",
    "Text",
    "city_calendar",
    "load",
    "spoken_date",
]
