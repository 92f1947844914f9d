"""What a kelurahan promises: kinds of service with their documents, form, steps, time limit and letter."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

APPLICANT = (
    "name", "nik", "kk", "birth_place", "birth_date", "sex", "address", "rt", "rw",
    "kelurahan", "religion", "occupation", "marital_status", "nationality",
)  # fmt: skip
"""What the gateway hands over about an applicant, by name."""

PLACEHOLDER = re.compile(r"\{([a-z_]+)\.([a-z0-9_]+)\}")
NUMBER_PATTERN = "{classification}/{number}/{unit}/{month}/{year}"
OFFICE = ("code", "name", "kecamatan", "postcode", "address", "lurah", "nip")
MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the two languages of the portal."""

    id: str
    en: str


class StepRole(StrEnum):
    """Who does a step."""

    CITIZEN = "citizen"
    OFFICER = "officer"
    LURAH = "lurah"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A document that the applicant attaches."""

    code: str
    name: Text
    required: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the procedure."""

    code: str
    name: Text
    role: StepRole


@dataclass(frozen=True, slots=True)
class LetterForm:
    """The letter that a kind ends in. `body` is plain text with placeholders: {applicant.name}, {fields.purpose}, {office.name}.

    Blank lines part paragraphs. Number pattern: {classification}, {number}, {unit}, {month} (roman), {year}.
    """

    title: str
    classification: str
    body: str
    template: str = "letter"
    certifies_address: bool = False
    number_pattern: str = NUMBER_PATTERN
    series: Literal["kind", "office", "city"] = "kind"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of service. Fee in rupiah; time limit in working days; validity in calendar days, 0 = without end."""

    code: str
    name: Text
    summary: Text
    requirements: tuple[Requirement, ...]
    form: Mapping[str, Any]
    time_limit_days: int
    fee: int
    steps: tuple[Step, ...]
    legal_basis: str
    validity_days: int
    letter: LetterForm
    source: str = field(default="", compare=False)

    def requirement(self, code: str) -> Requirement | None:
        """Return the document named `code`, if the kind asks for it."""
        return next((each for each in self.requirements if each.code == code), None)

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The form's fields by name."""
        found: Mapping[str, Mapping[str, Any]] = self.form["properties"]
        return found

    @property
    def checks(self) -> int:
        """How many officer's steps stand between submission and the lurah."""
        return sum(step.role is StepRole.OFFICER for step in self.steps)

    def label(self, name: str) -> Text:
        """Return what a person calls the field or document `name`."""
        if (document := self.requirement(name)) is not None:
            return document.name
        label = self.properties.get(name, {}).get("x-label")
        return Text(label["id"], label["en"]) if label else Text(name, name)

    def valid_until(self, signed_on: dt.date) -> dt.date | None:
        """Return the last day of validity of a letter signed on a day, None = without end."""
        return signed_on + dt.timedelta(days=self.validity_days) if self.validity_days else None

    def paragraphs(self, applicant: Mapping[str, str], fields: Mapping[str, Any], office: Office) -> tuple[str, ...]:
        """Return what the letter says, filled in, paragraph by paragraph; plain text, never markup."""
        return tuple(
            PLACEHOLDER.sub(lambda found: self._value(found, applicant, fields, office), " ".join(part.split()))
            for part in re.split(r"\n\s*\n", self.letter.body.strip())
        )

    def _value(self, found: re.Match[str], applicant: Mapping[str, str], fields: Mapping[str, Any], office: Office) -> str:
        space, name = found.groups()
        if space == "office":
            return str(getattr(office, name))
        if space == "applicant":
            return spoken_date(applicant[name]) if name == "birth_date" else str(applicant[name])
        return self.spoken(name, fields.get(name))

    def spoken(self, name: str, value: Any) -> str:
        """Return a form value as a letter says it: dates with the month's name, amounts in rupiah, choices by label."""
        rule = self.properties.get(name, {})
        if value is None:
            return "-"
        if rule.get("format") == "date":
            return spoken_date(str(value))
        if options := rule.get("x-options"):
            return str(options.get(str(value), {}).get("id", value))
        if rule.get("x-unit") == "rupiah":
            return "Rp" + f"{int(value):,}".replace(",", ".")
        return str(value)


@dataclass(frozen=True, slots=True)
class Office:
    """The office of one kelurahan. `lurah` and `nip` are made up and say so in the data file."""

    code: str
    name: str
    kecamatan: str
    postcode: str
    address: str
    lurah: str
    nip: str


def spoken_date(day: str) -> str:
    """Return an ISO day as a letter says it, such as 24 November 2026; anything else as it is."""
    try:
        parsed = dt.date.fromisoformat(day)
    except ValueError:
        return day
    return f"{parsed.day} {MONTHS[parsed.month - 1]} {parsed.year}"


def placeholders(text: str) -> Sequence[tuple[str, str]]:
    """Return the (space, name) pairs that `text` wants filled in."""
    return PLACEHOLDER.findall(text)
