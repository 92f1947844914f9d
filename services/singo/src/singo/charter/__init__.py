"""The citizen charter: what each kind of service asks for and promises, and the offices that give it."""

from singo.charter.loading import BadKindError, Charter, load
from singo.charter.model import Kind, LetterForm, Office, Requirement, Step, StepRole, Text, spoken_date
from singo.charter.promise import Clock

__all__ = [
    "BadKindError",
    "Charter",
    "Clock",
    "Kind",
    "LetterForm",
    "Office",
    "Requirement",
    "Step",
    "StepRole",
    "Text",
    "load",
    "spoken_date",
]
