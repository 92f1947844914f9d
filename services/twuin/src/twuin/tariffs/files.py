"""Tariffs as data files: one a phase, with the groups, blocks and fixed parts that are in force from a day on."""

from __future__ import annotations

import datetime as dt
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from twuin.tariffs.model import Block, FixedPart, Tariff

_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_Rupiah = Annotated[int, Meta(ge=0, le=10_000_000)]


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    price: _Rupiah
    to: Annotated[int, Meta(ge=1)] | None = None


class _Fixed(msgspec.Struct, forbid_unknown_fields=True):
    code: Annotated[str, Meta(pattern="^[a-z][a-z_]{1,30}$")]
    name_id: _Text
    name_en: _Text
    amount: _Rupiah


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    group: Annotated[str, Meta(pattern="^[A-Z0-9-]{1,10}$")]
    name_id: _Text
    name_en: _Text
    blocks: Annotated[list[_Block], Meta(min_length=1, max_length=20)]
    fixed_parts: list[_Fixed] | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    effective_from: dt.date
    source: _Text
    groups: Annotated[list[_Group], Meta(min_length=1)]
    demo: bool = False
    fixed_parts: list[_Fixed] = []


class TariffFileWrong(Exception):  # noqa: N818 - named as what is wrong
    """A tariff file breaks a rule; says which file and which rule."""


def read(folder: str) -> list[Tariff]:
    """Return the tariffs of all *.toml files of a folder ("" = the demo tariff of this package), in the order of file names."""
    place: Traversable = Path(folder) if folder else resources.files("twuin.tariffs").joinpath("demo")
    if not place.is_dir():
        raise TariffFileWrong(f"{folder} is not a folder")
    found = sorted((entry for entry in place.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    if not found:
        raise TariffFileWrong(f"there is no *.toml in {folder}")
    return [tariff for entry in found for tariff in parse(entry.name, entry.read_text("utf-8"))]


def parse(name: str, text: str) -> list[Tariff]:
    """Return the tariffs of one file's text; TariffFileWrong names the file and the rule."""
    try:
        content = msgspec.convert(tomllib.loads(text), _File)
        tariffs = [_tariff(content, group) for group in content.groups]
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as wrong:
        raise TariffFileWrong(f"{name}: {wrong}") from wrong
    names = [tariff.group for tariff in tariffs]
    if twice := {group for group in names if names.count(group) > 1}:
        raise TariffFileWrong(f"{name}: group {min(twice)} stands there twice")
    return tariffs


def _tariff(content: _File, group: _Group) -> Tariff:
    blocks, start = [], 1
    for block in group.blocks:
        blocks.append(Block(start, block.to, block.price))
        start = (block.to or start) + 1
    fixed = content.fixed_parts if group.fixed_parts is None else group.fixed_parts
    if len({part.code for part in fixed}) < len(fixed):
        raise ValueError(f"group {group.group} has a fixed part twice")
    return Tariff(
        group=group.group, effective_from=content.effective_from, name_id=group.name_id, name_en=group.name_en,
        blocks=tuple(blocks), demo=content.demo, source=content.source,
        fixed_parts=tuple(FixedPart(part.code, part.name_id, part.name_en, part.amount) for part in fixed),
    )  # fmt: skip
