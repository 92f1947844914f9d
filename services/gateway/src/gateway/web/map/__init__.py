"""The schematic map of the city: cells of the 57 kelurahan, drawn from synthetic centres (docs/map). No border on it is official."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec

REACH = 0.02  # degrees from the nearest centre within which a position is still of the city
PICTURE = (280, 356)  # pixels, width and height, at which a form without scripts shows the picture


class Frame(msgspec.Struct, frozen=True):
    """What the drawing shows (degrees), and its size in units."""

    west: float
    east: float
    north: float
    south: float
    width: int
    height: int


class Area(msgspec.Struct, frozen=True):
    """A kelurahan: its centre (degrees, synthetic) and its cell as path data."""

    code: str
    name: str
    kecamatan: str
    latitude: float
    longitude: float
    path: str


class City(msgspec.Struct, frozen=True):
    """The whole map."""

    frame: Frame
    kelurahan: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """Something to show on the map; `tone` is one of "", ok, warn, bad, info. Its title is what a reader hears."""

    latitude: float
    longitude: float
    title: str
    url: str = ""
    tone: str = ""


@cache
def city() -> City:
    """Return the map."""
    return msgspec.json.decode(resources.files("gateway.web.map").joinpath("city.json").read_bytes(), type=City)


@cache
def names() -> dict[str, str]:
    """Return the names of the kelurahan by code."""
    return {each.code: each.name for each in city().kelurahan}


@cache
def choices() -> list[tuple[str, str]]:
    """Return every kelurahan for a list of choices, by name."""
    return sorted(((each.code, f"{each.name} ({each.kecamatan})") for each in city().kelurahan), key=lambda choice: choice[1])


def placed(latitude: float, longitude: float) -> tuple[int, int]:
    """Return where a position (degrees) lies in the drawing, in its units."""
    frame = city().frame
    across = (longitude - frame.west) / (frame.east - frame.west)
    down = (frame.north - latitude) / (frame.north - frame.south)
    return round(across * frame.width), round(down * frame.height)


def pin(latitude: str, longitude: str) -> tuple[int, int, str] | None:
    """Return where a form's pin lies in the drawing, and in which kelurahan; None without a pin in the city."""
    try:
        degrees = float(latitude), float(longitude)
    except ValueError:
        return None
    area = nearest(*degrees) if all(map(math.isfinite, degrees)) else None
    return (*placed(*degrees), area.name) if area else None


def position(x: float, y: float, width: float, height: float) -> tuple[float, float]:
    """Return latitude and longitude of a point of the drawing as it was shown, `width` by `height` large."""
    frame = city().frame
    latitude = frame.north - y / height * (frame.north - frame.south)
    longitude = frame.west + x / width * (frame.east - frame.west)
    return round(latitude, 5), round(longitude, 5)


def nearest(latitude: float, longitude: float) -> Area | None:
    """Return the kelurahan whose cell a position lies in, None outside of the city."""

    def away(area: Area) -> float:
        return math.hypot(latitude - area.latitude, longitude - area.longitude)

    found = min(city().kelurahan, key=away)
    return found if away(found) <= REACH else None
