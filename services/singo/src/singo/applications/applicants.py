"""The personal data that a letter needs, taken over from the gateway at submission."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from chassis.errors import FieldError, InvalidFields

from singo.charter import Charter

MAX_TEXT = 300
NEEDED = ("name", "nik", "kk", "birth_place", "birth_date", "sex", "address", "rt", "rw", "kelurahan")
WORDS: Mapping[str, tuple[str, str]] = {
    "name": ("Nama", "Name"),
    "nik": ("NIK", "NIK"),
    "kk": ("Nomor KK", "Family card number"),
    "birth_place": ("Tempat lahir", "Place of birth"),
    "birth_date": ("Tanggal lahir", "Date of birth"),
    "sex": ("Jenis kelamin", "Sex"),
    "address": ("Alamat", "Address"),
    "rt": ("RT", "RT"),
    "rw": ("RW", "RW"),
    "kelurahan": ("Kelurahan", "Kelurahan"),
}


def checked(applicant: Mapping[str, str], charter: Charter) -> dict[str, str]:
    """Return the trimmed snapshot; InvalidFields where the letter could not certify it."""
    read = {name: unicodedata.normalize("NFC", value).strip() for name, value in applicant.items()}
    if errors := list(_errors(read, charter)):
        raise InvalidFields(fields=errors)
    return read


def _errors(read: Mapping[str, str], charter: Charter) -> Iterator[FieldError]:
    for name in NEEDED:
        if not read.get(name):
            yield _error(name, "required", "wajib ada", "is required")
    for name, value in read.items():
        if len(value) > MAX_TEXT or any(unicodedata.category(each) == "Cc" for each in value):
            yield _error(
                name, "text", "terlalu panjang atau berisi tanda yang tidak boleh", "is too long or has characters not allowed"
            )
    for name, (good, *words) in _rules(charter).items():
        if read.get(name) and not good(read[name]):
            yield _error(name, *words)


def _rules(charter: Charter) -> Mapping[str, tuple[Callable[[str], object], str, str, str]]:
    sixteen = (re.compile(r"[0-9]{16}").fullmatch, "digits", "harus 16 angka", "must have 16 digits")
    up_to_three = (re.compile(r"[0-9]{1,3}").fullmatch, "digits", "harus 1 sampai 3 angka", "must have 1 to 3 digits")
    return {
        "nik": sixteen,
        "kk": sixteen,
        "rt": up_to_three,
        "rw": up_to_three,
        "sex": ({"L", "P"}.__contains__, "enum", "harus L atau P", "must be L or P"),
        "birth_date": (_is_day, "format", "harus tanggal yang benar", "must be a real date"),
        "kelurahan": (charter.offices.__contains__, "enum", "harus kelurahan di Kota Malang", "must be a kelurahan of Malang"),
    }


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _error(name: str, code: str, indonesian: str, english: str) -> FieldError:
    words = WORDS.get(name, (name, name))
    return FieldError(f"applicant.{name}", code, f"{words[0]} {indonesian}.", f"{words[1]} {english}.")
