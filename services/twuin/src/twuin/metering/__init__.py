"""Meters, their readings, and the volumes that follow."""

from twuin.metering.errors import MeterNotFound, ReadingExists
from twuin.metering.intake import Standing, invent_history, take_in
from twuin.metering.queries import volumes
from twuin.metering.service import Taken, enter, install, recent, replace, serial_taken, serials

__all__ = [
    "MeterNotFound",
    "ReadingExists",
    "Standing",
    "Taken",
    "enter",
    "install",
    "invent_history",
    "recent",
    "replace",
    "serial_taken",
    "serials",
    "take_in",
    "volumes",
]
