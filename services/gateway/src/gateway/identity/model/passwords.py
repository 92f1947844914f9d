"""Rules of passwords: long enough, not known to everybody, not oneself; no rules of composition (ASVS 6.2)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from chassis.errors import FieldError

SHORTEST = 10
LONGEST = 128
_DIGITS_ONLY = 16  # shorter ones without a letter are dates and phone numbers

# Stems that lists of leaked passwords are full of, here and elsewhere; a password that is one of them, padded
# with digits and signs at its ends, is refused.
_STEMS = frozenset(
    [
        "password",
        "passw0rd",
        "passwordku",
        "katasandi",
        "sandi",
        "rahasia",
        "qwerty",
        "qwertyuiop",
        "qwertyui",
        "asdfghjkl",
        "zxcvbnm",
        "letmein",
        "welcome",
        "iloveyou",
        "sayangku",
        "sayang",
        "cintaku",
        "indonesia",
        "merdeka",
        "garuda",
        "malang",
        "arema",
        "aremania",
        "singoedan",
        "bismillah",
        "alhamdulillah",
        "allahuakbar",
        "admin",
        "administrator",
        "bluebird",
        "dragon",
        "monkey",
        "football",
        "baseball",
        "sunshine",
        "princess",
        "superman",
        "batman",
        "pokemon",
        "master",
        "michael",
        "jordan",
        "jakarta",
        "surabaya",
        "persija",
        "persib",
        "jawatimur",
        "kotamalang",
        "doraemon",
        "naruto",
        "abcdefghij",
        "abcdefgh",
        "abcdef",
        "abc",
        "abcd",
        "qazwsx",
        "qazwsxedc",
        "trustno",
        "changeme",
        "default",
        "guest",
        "root",
        "test",
        "testing",
        "user",
        "login",
        "hello",
    ]
)


def check_password(text: str, *, not_like: Iterable[str] = (), field: str = "password") -> list[FieldError]:
    """Return the rules that a new password breaks; `not_like` are words about the person (name, NIK, phone)."""
    if len(text) < SHORTEST:
        return [
            FieldError(
                field,
                "too_short",
                f"Kata sandi paling sedikit {SHORTEST} karakter.",
                f"A password has at least {SHORTEST} characters.",
            )
        ]
    if len(text) > LONGEST:
        return [
            FieldError(
                field, "too_long", f"Kata sandi paling banyak {LONGEST} karakter.", f"A password has at most {LONGEST} characters."
            )
        ]
    if _common(text) or _personal(text, not_like):
        return [
            FieldError(
                field, "too_common", "Kata sandi ini terlalu mudah ditebak. Pilih yang lain.",
                "This password is too easy to guess. Choose another.",
            )
        ]  # fmt: skip
    return []


def _common(text: str) -> bool:
    low = text.casefold()
    stem = low.strip("0123456789!@#$%^&*()-_=+.,?<>[]{}/\\|~` ")
    return stem in _STEMS or (not stem and len(low) < _DIGITS_ONLY) or len(set(low)) <= 3 or _run(low)  # noqa: PLR2004 - aaaaabbbbb


def _run(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    return len(steps) == 1 and steps <= {-1, 0, 1}


def _personal(text: str, words: Iterable[str]) -> bool:
    plain = "".join(text.casefold().split())
    return any(plain in {word, word[::-1]} for raw in words if (word := "".join(raw.casefold().split())))
