"""Where the mains lie: lines of a file (mains.json, synthetic in the demo), and how far a place is from the nearest of them."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

METRES = 111_195.0  # of a degree of latitude

Position = tuple[float, float]  # latitude and longitude, degrees, WGS 84


@dataclass(frozen=True, slots=True)
class Main:
    """A main: its code, zone, diameter in mm, and the positions that its line goes through."""

    code: str
    zone: str
    diameter_mm: int
    line: tuple[Position, ...]


@cache
def mains() -> tuple[Main, ...]:
    """Return all mains in the order of the file."""
    return tuple(
        Main(each["code"], each["zone"], each["diameter_mm"], tuple(zip(*[iter(each["coordinates"])] * 2, strict=True)))
        for each in _file()["mains"]
    )


def synthetic() -> bool:
    """Tell whether the mains are invented."""
    return bool(_file()["synthetic"])


@cache
def centre_of(kelurahan: str) -> Position | None:
    """Return the synthetic middle of a kelurahan (code), None for one outside the city."""
    table = resources.files("twuin.network").joinpath("centres.csv").read_text("utf-8")
    for row in csv.DictReader(table.splitlines()):
        if row["code"] == kelurahan:
            return float(row["latitude"]), float(row["longitude"])
    return None


def nearest_main(latitude: float, longitude: float) -> tuple[str, float]:
    """Return the code of the main that is nearest to a position, and the metres to it in a straight line."""
    place = (latitude, longitude)
    return min(((main.code, distance_to(place, main)) for main in mains()), key=lambda each: each[1])


def distance_to(place: Position, main: Main) -> float:
    """Return the metres from a position to a main."""
    flat = [_flat(place, point) for point in main.line]
    return min(_from_origin(start, end) for start, end in pairwise(flat))


def metres_between(one: Position, other: Position) -> float:
    """Return the metres between two positions of one city; the earth is flat enough for that."""
    return math.hypot(*_flat(one, other))


def _flat(origin: Position, point: Position) -> tuple[float, float]:
    """Return how many metres north and east of `origin` a position lies."""
    east = (point[1] - origin[1]) * math.cos(math.radians(origin[0]))
    return (point[0] - origin[0]) * METRES, east * METRES


def _from_origin(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the distance of a segment from the origin."""
    along = (end[0] - start[0], end[1] - start[1])
    length = along[0] ** 2 + along[1] ** 2
    share = 0.0 if length == 0 else -(start[0] * along[0] + start[1] * along[1]) / length
    share = min(1.0, max(0.0, share))
    return math.hypot(start[0] + share * along[0], start[1] + share * along[1])


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resources.files("twuin.network").joinpath("mains.json").read_text("utf-8"))
    return loaded
