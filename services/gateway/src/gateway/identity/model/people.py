"""What a person writes about themselves: name, date of birth, phone, e-mail; and the roles of staff."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from chassis.errors import FieldError

from gateway.identity.model.nik import digits_of

STAFF_ROLES = ("officer", "lurah", "water_cs", "cashier", "crew", "operator", "admin")
_NAME = 120  # characters
_OLDEST = 130  # years
_PHONE = re.compile(r"8[0-9]{8,11}")  # what follows +62
_EMAIL = re.compile(r"[^@\s<>\",;]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def check_phone(text: str, field: str = "phone") -> str | list[FieldError]:
    """Return the mobile number in `text` as +62…, or the rule that it breaks."""
    number = digits_of(text).replace("(", "").replace(")", "")
    for lead in ("+62", "62", "0"):
        if number.startswith(lead):
            number = number[len(lead) :]
            break
    if _PHONE.fullmatch(number):
        return f"+62{number}"
    return [
        FieldError(
            field, "format", "Nomor telepon seluler diawali 08 atau +628, misalnya 0812 3456 7890.",
            "A mobile phone number starts with 08 or +628, for example 0812 3456 7890.",
        )
    ]  # fmt: skip


def check_name(text: str) -> str | list[FieldError]:
    """Return the name in `text` with single blanks, or the rule that it breaks."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        return [FieldError("name", "required", "Isi nama sesuai KTP.", "Enter the name as on the identity card.")]
    allowed = all(unicodedata.category(sign)[0] in "LM" or sign in " .,'’`-/()" for sign in name)
    if not allowed or len(name) > _NAME or not any(sign.isalpha() for sign in name):
        return [
            FieldError(
                "name", "format", "Nama memuat huruf, paling banyak 120 karakter.", "A name has letters, at most 120 characters."
            )
        ]
    return name


def comparable_name(name: str) -> str:
    """Return `name` as registries compare it: capitals, letters only, single blanks."""
    plain = "".join(sign if sign.isalpha() or sign == " " else "" for sign in unicodedata.normalize("NFKD", name))
    return " ".join(plain.upper().split())


def check_birth_date(text: str, today: dt.date) -> dt.date | list[FieldError]:
    """Return the date (YYYY-MM-DD or DD-MM-YYYY) in `text`, or the rule that it breaks."""
    for form in ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"):
        try:
            day = dt.datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        if today.replace(year=today.year - _OLDEST, day=1) <= day <= today:
            return day
        break
    return [
        FieldError(
            "birth_date", "format", "Isi tanggal lahir yang benar (TTTT-BB-HH), bukan di masa depan.",
            "Enter a real date of birth (YYYY-MM-DD), not in the future.",
        )
    ]  # fmt: skip


def check_email(text: str) -> str | list[FieldError]:
    """Return the e-mail address in `text` (empty for none), or the rule that it breaks."""
    address = text.strip()
    if not address or (len(address) <= 254 and _EMAIL.fullmatch(address)):  # noqa: PLR2004 - RFC 5321
        return address
    return [FieldError("email", "format", "Alamat surel tidak benar.", "The e-mail address is not valid.")]
