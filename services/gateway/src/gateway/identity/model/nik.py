"""NIK and No. KK: 16 digits PPKKCC DDMMYY SSSS, women with day + 40, no check digit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chassis.errors import FieldError

Sex = Literal["L", "P"]
_LENGTH = 16
_WOMEN = 40  # added to a woman's day of birth

# Provinces as numbered by the ministry; a code stays in use after a province is split.
PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "16",
        "17",
        "18",
        "19",
        "21",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "51",
        "52",
        "53",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "72",
        "73",
        "74",
        "75",
        "76",
        "81",
        "82",
        "91",
        "92",
        "93",
        "94",
        "95",
        "96",
    ]
)


@dataclass(frozen=True, slots=True)
class Nik:
    """A NIK that breaks no rule, what it says, and what is odd about it."""

    number: str
    district: str  # PP.KK.CC
    birth_day: int
    birth_month: int
    birth_year: int  # two digits
    sex: Sex
    serial: str
    warnings: tuple[FieldError, ...] = ()

    def born_on(self, day: dt.date) -> bool:
        """Tell whether the number carries this date of birth."""
        return (self.birth_day, self.birth_month, self.birth_year) == (day.day, day.month, day.year % 100)


def digits_of(text: str) -> str:
    """Return `text` without the separators that people type."""
    return "".join(sign for sign in text if sign not in " .-\t\u00a0")


def check_nik(
    text: str, *, birth_date: dt.date | None = None, sex: Sex | None = None, area: Callable[[str], str | None] | None = None
) -> Nik | list[FieldError]:
    """Return the NIK in `text`, or every rule that it breaks; what the person says besides only leads to warnings.

    A NIK is for life and is not issued anew on moving or on correction, hence warnings. `area` names a district code, None when unknown.
    """
    number = digits_of(text)
    if len(number) != _LENGTH or not (number.isascii() and number.isdigit()):
        return [FieldError("nik", "format", "NIK terdiri dari 16 angka.", "A NIK has 16 digits.")]
    errors = [*_area_errors(number), *_date_errors(number)]
    if number[12:] == "0000":
        errors.append(FieldError("nik", "serial", "Empat angka terakhir NIK tidak boleh 0000.", "The NIK must not end in 0000."))
    if errors:
        return errors
    day = int(number[6:8])
    found = Nik(
        number=number, district=f"{number[:2]}.{number[2:4]}.{number[4:6]}", birth_day=day - _WOMEN if day > _WOMEN else day,
        birth_month=int(number[8:10]), birth_year=int(number[10:12]), sex="P" if day > _WOMEN else "L", serial=number[12:],
    )  # fmt: skip
    return Nik(**{**_fields(found), "warnings": tuple(_warnings(found, birth_date, sex, area))})  # type: ignore[arg-type]  # the same fields


def _fields(found: Nik) -> dict[str, object]:
    return {name: getattr(found, name) for name in Nik.__dataclass_fields__}


def _area_errors(number: str) -> list[FieldError]:
    if number[:2] not in PROVINCES:
        return [FieldError("nik", "province", "Kode provinsi pada NIK tidak dikenal.", "The NIK names an unknown province.")]
    if "00" in {number[2:4], number[4:6]}:
        return [
            FieldError("nik", "area", "Kode kota atau kecamatan pada NIK tidak boleh 00.", "The NIK names regency or district 00.")
        ]
    return []


def _date_errors(number: str) -> list[FieldError]:
    day, month, year = int(number[6:8]), int(number[8:10]), int(number[10:12])
    day = day - _WOMEN if day > _WOMEN else day
    # The century is not written: 29 February is possible if it is in one of the two.
    if any(_exists(century + year, month, day) for century in (1900, 2000)):
        return []
    return [
        FieldError("nik", "birth_date", "Tanggal lahir pada NIK tidak mungkin.", "The NIK carries an impossible date of birth.")
    ]


def _exists(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def _warnings(
    found: Nik, birth_date: dt.date | None, sex: Sex | None, area: Callable[[str], str | None] | None
) -> list[FieldError]:
    warnings = []
    if area is not None and area(found.district) is None:
        warnings.append(FieldError("nik", "unknown_area", "Kode wilayah pada NIK tidak dikenal.", "The NIK names an unknown area."))
    if birth_date is not None and not found.born_on(birth_date):
        warnings.append(
            FieldError("nik", "other_birth_date", "NIK memuat tanggal lahir lain.", "The NIK carries another date of birth.")
        )
    if sex is not None and sex != found.sex:
        warnings.append(FieldError("nik", "other_sex", "NIK memuat jenis kelamin lain.", "The NIK carries another sex."))
    return warnings


def check_kk(text: str) -> str | list[FieldError]:
    """Return the No. KK in `text`, or the rule that it breaks."""
    number = digits_of(text)
    if len(number) == _LENGTH and number.isascii() and number.isdigit():
        return number
    return [FieldError("kk", "format", "Nomor Kartu Keluarga terdiri dari 16 angka.", "A family card number has 16 digits.")]
