"""The file of prices and promises of new connections, read once and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from twuin.new_connections.model import Prices, Promises

_DIAMETERS = {20, 25, 32, 50}  # mm, those that a survey may find


class PriceFileWrong(Exception):  # noqa: N818 - named as what the file is
    """The file of prices cannot be used."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a connection costs, how long each step may take; `demo`: invented."""

    prices: Prices
    promises: Promises
    demo: bool


def read(path: str = "") -> PriceList:
    """Read the prices of a file, the labelled demo's without one; PriceFileWrong with the reason."""
    place = Path(path) if path else resources.files("twuin.new_connections").joinpath("costs.toml")
    try:
        table = tomllib.loads(place.read_text("utf-8"))
        prices, days = dict(table["prices"]), dict(table["days"])
        pipe = {int(diameter): _whole(price) for diameter, price in prices.pop("pipe").items()}
        found = PriceList(
            Prices(**{name: _whole(price) for name, price in prices.items()}, pipe=pipe),
            Promises(**{name: _whole(count) for name, count in days.items()}), demo=bool(table.get("demo", False)),
        )  # fmt: skip
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise PriceFileWrong(f"{place}: {wrong}") from wrong
    if set(pipe) != _DIAMETERS:
        raise PriceFileWrong(f"{place}: pipe needs a price for each of {sorted(_DIAMETERS)} mm")
    return found


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no whole number from 0")
    return value
