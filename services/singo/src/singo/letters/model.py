"""What a letter is: its number, its public code, its states, and what stands on it."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter
from typing import Any

from address import Home

from singo.charter import Kind, Office, spoken_date

# 32 signs of which no two look alike (Crockford's base 32): 16 of them are 80 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SIGNS = 16
GROUP = 4
FOLDER = "letters"
PREFIX = "SGO"  # of the reference of an application
# What the typefaces of a letter have: Latin with its marks, punctuation, currencies, simple signs of arithmetic. No control
# and no direction signs: what is printed must be what was read. A letter with any other sign could not be archival.
_UNPRINTABLE = re.compile(
    "[^\\s\u0020-\u007e\u00a1-\u00ac\u00ae-\u024f\u0300-\u036f\u1e00-\u1eff\u2010-\u2027\u2030-\u203a\u20a0-\u20bf\u2116\u2122\u2150-\u2151\u2153-\u215e"
    "\u2190-\u2193\u2200-\u2265]"
)
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
MONTHS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
SEXES = {"L": "Laki-laki", "P": "Perempuan"}
# What a series is counted for, and the part of the printed number that tells two series apart.
_SERIES = {"kind": ("unit", "classification"), "office": ("unit",), "city": ()}


class LetterState(StrEnum):
    """A letter has its number before it exists as a document."""

    RESERVED = "reserved"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that stands on a letter, as plain text; enough to typeset it again, byte for byte the same words."""

    template: str
    title: str
    number: str
    office: str
    kecamatan: str
    office_address: str
    rows: tuple[tuple[str, str], ...] = field(repr=False)
    paragraphs: tuple[str, ...] = field(repr=False)
    dated: str
    valid_until: str
    signatory: str
    nip: str
    code: str
    certifies: Home | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LetterDraft:
    """A reserved letter: number and code are given, the document is still to be made. `issued` says it already was."""

    letter_id: str
    number: str
    code: str
    page: Page
    issued: bool = False


@dataclass(frozen=True, slots=True)
class Produced:
    """A signed PDF that is stored: hash (hex), bytes, path, and who signed it how."""

    sha256: str
    size: int
    path: str
    signer: str
    certified: bool
    timestamped: bool
    address_hash: str = ""


def unprintable(text: str) -> str:
    """Return the signs of `text` that no letter can show, each once; empty for a text that can be printed."""
    return "".join(dict.fromkeys(_UNPRINTABLE.findall(text)))


def plain(text: str) -> str:
    """Return `text` on one line, in composed form, as it stands in a letter."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def series_of(kind: Kind, kelurahan: str) -> str:
    """Return the series that counts a kind's letters of an office.

    Only what the printed number shows parts two series; so kinds that share a classification share a series,
    and no number is printed twice.
    """
    printed = {name for _, name, _, _ in Formatter().parse(kind.letter.number_pattern) if name}
    parts = {"unit": kelurahan, "classification": kind.letter.classification}
    return "/".join(parts[name] for name in _SERIES[kind.letter.series] if name in printed) or "kota"


def number_text(kind: Kind, kelurahan: str, ordinal: int, day: dt.date) -> str:
    """Return a number as printed, such as 470/001/35.73.03.1008/XI/2026."""
    return kind.letter.number_pattern.format(
        classification=kind.letter.classification,
        number=f"{ordinal:03d}",
        unit=kelurahan,
        month=MONTHS[day.month - 1],
        year=day.year,
    )


def new_code() -> str:
    """Return a fresh verification code of 80 random bits, in groups."""
    signs = [secrets.choice(ALPHABET) for _ in range(CODE_SIGNS)]
    return "-".join("".join(signs[at : at + GROUP]) for at in range(0, CODE_SIGNS, GROUP))


def read_code(typed: str) -> str | None:
    """Return the code that a person typed or scanned, None where it is none."""
    signs = re.sub(r"[\s-]", "", typed[:64]).upper().translate(_LOOKALIKES)
    if len(signs) != CODE_SIGNS or not set(signs) <= set(ALPHABET):
        return None
    return "-".join(signs[at : at + GROUP] for at in range(0, CODE_SIGNS, GROUP))


def page_of(
    kind: Kind,
    office: Office,
    applicant: Mapping[str, str],
    fields: Mapping[str, Any],
    *,
    number: str,
    code: str,
    day: dt.date,
    signatory: str,
) -> Page:
    """Return what a letter of this kind says about this applicant."""
    until = kind.valid_until(day)
    applicant = {name: plain(value) for name, value in applicant.items()}
    fields = {name: plain(value) if isinstance(value, str) else value for name, value in fields.items()}
    return Page(
        template=kind.letter.template,
        title=kind.letter.title,
        number=number,
        office=office.name,
        kecamatan=office.kecamatan,
        office_address=office.address,
        rows=rows_of(applicant, office),
        paragraphs=kind.paragraphs(applicant, fields, office),
        dated=spoken_date(day.isoformat()),
        valid_until=spoken_date(until.isoformat()) if until else "",
        signatory=signatory or office.lurah,
        nip=office.nip if signatory in ("", office.lurah) else "",
        code=code,
        certifies=_home(applicant) if kind.letter.certifies_address else None,
    )


def _home(applicant: Mapping[str, str]) -> Home:
    return Home(applicant["kelurahan"], applicant["rw"], applicant["rt"], applicant["address"])


def rows_of(applicant: Mapping[str, str], office: Office) -> tuple[tuple[str, str], ...]:
    """Return the applicant's data as (label, value) lines; what is not known has no line."""
    born = ", ".join(part for part in (applicant.get("birth_place"), spoken_date(applicant.get("birth_date", ""))) if part)
    sex = applicant.get("sex", "")
    rows = (
        ("Nama lengkap", applicant["name"]),
        ("NIK", applicant.get("nik", "")),
        ("Nomor Kartu Keluarga", applicant.get("kk", "")),
        ("Tempat, tanggal lahir", born),
        ("Jenis kelamin", SEXES.get(sex, sex)),
        ("Kewarganegaraan", applicant.get("nationality", "")),
        ("Agama", applicant.get("religion", "")),
        ("Status perkawinan", applicant.get("marital_status", "")),
        ("Pekerjaan", applicant.get("occupation", "")),
        ("Alamat", _address_line(applicant, office)),
    )
    return tuple(row for row in rows if row[1].strip())


def _address_line(applicant: Mapping[str, str], office: Office) -> str:
    if not (street := applicant.get("address", "").strip()):
        return ""
    return (
        f"{street} RT {applicant.get('rt', '')} RW {applicant.get('rw', '')}, Kelurahan {office.name}, Kecamatan {office.kecamatan}"
    )


def file_name(title: str, number: str) -> str:
    """Return the name under which a person saves the letter."""
    plain = unicodedata.normalize("NFKD", f"{title} {number}").encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.]+", "-", plain).strip("-.") + ".pdf"


def path_of(letter_id: str, sha256: str) -> str:
    """Return where the signed PDF of a letter is kept."""
    return f"{FOLDER}/{letter_id[:2]}/{letter_id}/{sha256}"
