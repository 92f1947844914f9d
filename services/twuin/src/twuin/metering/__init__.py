"""Meters, their readings, and the volumes that follow."""

from twuin.metering.queries import volumes

__all__ = ["volumes"]
