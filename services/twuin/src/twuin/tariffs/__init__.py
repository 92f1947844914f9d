"""Tariffs by group with effective dates: blocks, fixed parts, and what a volume costs."""

from twuin.tariffs.files import TariffFileWrong, read
from twuin.tariffs.model import Block, FixedPart, Line, Tariff, explain, total, use_lines
from twuin.tariffs.queries import current, fixed_parts, in_force
from twuin.tariffs.service import Calculation, TariffNotFound, by_id, calculate, load, tariffs_on

__all__ = [
    "Block",
    "Calculation",
    "FixedPart",
    "Line",
    "Tariff",
    "TariffFileWrong",
    "TariffNotFound",
    "by_id",
    "calculate",
    "current",
    "explain",
    "fixed_parts",
    "in_force",
    "load",
    "read",
    "tariffs_on",
    "total",
    "use_lines",
]
