"""Reads what can be reported from its data file; a file that breaks a rule stops the start with a sentence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta

from singo.charter import Text
from singo.complaints.model import Category

Words = Annotated[str, Meta(min_length=1, max_length=300)]
FILE = "categories.toml"


class BadCategoryError(Exception):
    """The data file of categories breaks a rule."""


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    id: Words
    en: Words


class _Category(msgspec.Struct, forbid_unknown_fields=True):
    code: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,39}\Z")]
    name: _Text
    hint: _Text
    respond_days: Annotated[int, Meta(ge=1, le=60)]
    resolve_days: Annotated[int, Meta(ge=1, le=250)]
    water: bool = False
    needs_position: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True):
    category: Annotated[list[_Category], Meta(min_length=1, max_length=50)]


def load() -> Mapping[str, Category]:
    """Return every category by code, in the order of the file."""
    return read((files("singo.complaints") / FILE).read_bytes())


def read(raw: bytes) -> Mapping[str, Category]:
    """Return the categories that a file's bytes describe; BadCategoryError where they break a rule."""
    try:
        said = msgspec.convert(tomllib.loads(raw.decode()), _File)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as wrong:
        raise BadCategoryError(f"{FILE}: {wrong}") from wrong
    found: dict[str, Category] = {}
    for each in said.category:
        if each.code in found:
            raise BadCategoryError(f"{FILE}: {each.code} stands there twice")
        if each.respond_days > each.resolve_days:
            raise BadCategoryError(f"{FILE}: {each.code}: respond_days must not be more than resolve_days")
        found[each.code] = Category(
            each.code, _text(each.name), _text(each.hint), each.respond_days, each.resolve_days, each.water, each.needs_position
        )
    return found


def _text(read: _Text) -> Text:
    return Text(read.id, read.en)
