"""Reads kinds of service and offices from their data files; a file that breaks a rule stops the start with a sentence."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from chassis.errors import NotFound
from msgspec import Meta

from singo.charter import model
from singo.charter.rules import broken

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,39}\Z")]
Words = Annotated[str, Meta(min_length=1, max_length=2000)]


class UnknownKind(NotFound):
    """The charter has no such kind."""

    id: ClassVar[str] = "Jenis layanan {kind} tidak ada."
    en: ClassVar[str] = "There is no kind of service {kind}."


class UnknownOffice(NotFound):
    """The code is of no kelurahan of the city."""

    id: ClassVar[str] = "Kelurahan {code} tidak ada di Kota Malang."
    en: ClassVar[str] = "There is no kelurahan {code} in Malang."


class BadKindError(Exception):
    """A data file of a kind breaks a rule: file, field, rule."""

    def __init__(self, file: str, field: str, rule: str) -> None:
        self.file, self.field, self.rule = file, field, rule
        super().__init__(f"{file}: {field}: {rule}" if field else f"{file}: {rule}")


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    id: Words
    en: Words


class _Requirement(msgspec.Struct, forbid_unknown_fields=True):
    code: Code
    name: _Text
    required: bool = True


class _Step(msgspec.Struct, forbid_unknown_fields=True):
    code: Code
    name: _Text
    role: model.StepRole


class _Letter(msgspec.Struct, forbid_unknown_fields=True):
    title: Words
    classification: Annotated[str, Meta(pattern=r"^[0-9]{3}(\.[0-9]{1,3})*\Z")]
    body: Annotated[str, Meta(min_length=20, max_length=8000)]
    template: Code = "letter"
    certifies_address: bool = False
    number_pattern: Words = model.NUMBER_PATTERN
    series: Literal["kind", "office", "city"] = "kind"


class _Kind(msgspec.Struct, forbid_unknown_fields=True):
    code: Code
    name: _Text
    summary: _Text
    requirements: Annotated[list[_Requirement], Meta(max_length=10)]
    form: dict[str, Any]
    time_limit_days: Annotated[int, Meta(ge=1, le=60)]
    fee: Annotated[int, Meta(ge=0)]
    steps: Annotated[list[_Step], Meta(min_length=2, max_length=10)]
    legal_basis: Words
    validity_days: Annotated[int, Meta(ge=0, le=3660)]
    letter: _Letter


@dataclass(frozen=True, slots=True)
class Charter:
    """All kinds of service by code, and all offices by kelurahan code."""

    kinds: Mapping[str, model.Kind]
    offices: Mapping[str, model.Office]

    def kind(self, code: str) -> model.Kind:
        """Return a kind; UnknownKind where the charter has none."""
        if (found := self.kinds.get(code)) is None:
            raise UnknownKind(kind=code[:40])
        return found

    def office(self, code: str) -> model.Office:
        """Return the office of a kelurahan; UnknownOffice outside of the city."""
        if (found := self.offices.get(code)) is None:
            raise UnknownOffice(code=code[:20])
        return found


def load(further: Iterable[Path] = ()) -> Charter:
    """Read the kinds of this package and those of `further` folders, and the offices."""
    own = sorted(
        (each for each in (files("singo.charter") / "kinds").iterdir() if each.name.endswith(".toml")), key=lambda f: f.name
    )
    texts = [(each.name, each.read_bytes()) for each in own]
    for folder in further:
        if not folder.is_dir():
            raise BadKindError(str(folder), "", "is not a folder")
        texts += [(str(each), each.read_bytes()) for each in sorted(folder.glob("*.toml"))]
    kinds: dict[str, model.Kind] = {}
    for name, raw in texts:
        kind = read_kind(name, raw)
        if kind.code in kinds:
            raise BadKindError(name, "code", f"{kind.code} is already taken by {kinds[kind.code].source}")
        kinds[kind.code] = kind
    return Charter(kinds, _offices())


def read_kind(name: str, raw: bytes) -> model.Kind:
    """Return the kind that a file's bytes describe; BadKindError where they break a rule."""
    try:
        data = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise BadKindError(name, "", f"is no TOML: {wrong}") from wrong
    try:
        read = msgspec.convert(data, _Kind)
    except msgspec.ValidationError as wrong:
        rule, _, where = str(wrong).partition(" - at `$")
        raise BadKindError(name, where.strip(".`"), rule) from wrong
    kind = _kind(read, name)
    if Path(name).stem != kind.code:
        raise BadKindError(name, "code", "must be the name of the file")
    if (wrong_with := broken(kind)) is not None:
        raise BadKindError(name, *wrong_with)
    return kind


def _text(read: _Text) -> model.Text:
    return model.Text(read.id, read.en)


def _kind(read: _Kind, source: str) -> model.Kind:
    return model.Kind(
        code=read.code,
        name=_text(read.name),
        summary=_text(read.summary),
        requirements=tuple(model.Requirement(each.code, _text(each.name), each.required) for each in read.requirements),
        form=read.form,
        time_limit_days=read.time_limit_days,
        fee=read.fee,
        steps=tuple(model.Step(each.code, _text(each.name), each.role) for each in read.steps),
        legal_basis=read.legal_basis,
        validity_days=read.validity_days,
        letter=model.LetterForm(**msgspec.structs.asdict(read.letter)),
        source=source,
    )


def _offices() -> Mapping[str, model.Office]:
    lines = (files("singo.charter") / "offices.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not re.match(r"#", line))
    return {row["code"]: model.Office(**row) for row in rows}
