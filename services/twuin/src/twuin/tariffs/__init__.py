"""Tariffs by group with effective dates: blocks, fixed parts, and what a volume costs."""

from twuin.tariffs.queries import fixed_parts, in_force

__all__ = ["fixed_parts", "in_force"]
