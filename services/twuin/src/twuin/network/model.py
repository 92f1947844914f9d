"""Zones of the network. Which kelurahan belong to which zone is synthetic (zones.csv): the real division is not public."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the network with a code, a name, and the codes of the kelurahan that it supplies."""

    code: str
    name: str
    kelurahan: tuple[str, ...]


@cache
def zones() -> tuple[Zone, ...]:
    """Return all zones in the order of their codes."""
    table = resources.files("twuin.network").joinpath("zones.csv").read_text("utf-8")
    supplied: dict[tuple[str, str], list[str]] = {}
    for row in csv.DictReader(table.splitlines()):
        supplied.setdefault((row["zone"], row["name"]), []).append(row["kelurahan_code"])
    return tuple(Zone(code, name, tuple(kelurahan)) for (code, name), kelurahan in sorted(supplied.items()))


@cache
def zone_of(kelurahan: str) -> Zone | None:
    """Return the zone that supplies a kelurahan (code), None for one outside the city."""
    return next((zone for zone in zones() if kelurahan in zone.kelurahan), None)
