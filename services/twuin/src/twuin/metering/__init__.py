"""Meters, their readings, and the volumes that follow."""

from twuin.metering.errors import MeterNotFound, ReadingExists
from twuin.metering.queries import volumes
from twuin.metering.service import Taken, enter, install, recent, replace, serials

__all__ = ["MeterNotFound", "ReadingExists", "Taken", "enter", "install", "recent", "replace", "serials", "volumes"]
