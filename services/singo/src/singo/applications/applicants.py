"""The personal data that a letter needs, taken over from the gateway at submission."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping

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
            yield _error(name, "text", "terlalu panjang atau berisi tanda yang tidak boleh", "is too long or has characters not allowed")
    for name in ("nik", "kk"):
        if read.get(name) and not re.fullmatch(r"[0-9]{16}", read[name]):
            yield _error(name, "digits", "harus 16 angka", "must have 16 digits")
    for name in ("rt", "rw"):
        if read.get(name) and not re.fullmatch(r"[0-9]{1,3}", read[name]):
            yield _error(name, "digits", "harus 1 sampai 3 angka", "must have 1 to 3 digits")
    if read.get("sex") and read["sex"] not in {"L", "P"}:
        yield _error("sex", "enum", "harus L atau P", "must be L or P")
    if read.get("birth_date") and not _is_day(read["birth_date"]):
        yield _error("birth_date", "format", "harus tanggal yang benar", "must be a real date")
    if read.get("kelurahan") and read["kelurahan"] not in charter.offices:
        yield _error("kelurahan", "enum", "harus kelurahan di Kota Malang", "must be a kelurahan of Malang")


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _error(name: str, code: str, indonesian: str, english: str) -> FieldError:
    words = WORDS.get(name, (name, name))
    return FieldError(f"applicant.{name}", code, f"{words[0]} {indonesian}.", f"{words[1]} {english}.")
