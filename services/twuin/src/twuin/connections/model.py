"""Connections as people see them: numbers, masks, and the limits of proving that one is the holder. Pure."""

from __future__ import annotations

import datetime as dt
import re
from enum import IntEnum

WRONG_TRIES = 5  # of one person at one connection number
WRONG_TRIES_ALL = 20  # of one person at all numbers together
CODES_SENT = 10  # to the phone of one connection number, whoever asks
CODE_DIGITS = 6
CODE_LIFE = dt.timedelta(minutes=10)
MEMORY = dt.timedelta(hours=24)  # how long tries are remembered, and how long one waits when they are used up

_SEPARATORS = re.compile(r"[\s.\-/]")
_NUMBER = re.compile(r"[0-9]{6,12}", re.ASCII)


class State(IntEnum):
    """States of a connection, as in the contract."""

    ACTIVE = 1
    CLOSED = 2  # temporarily
    REMOVED = 3
    PLANNED = 4  # applied for: its cost can be paid, no water flows


def number_of(text: str) -> str | None:
    """Return a connection number without its separators, None when it cannot be one (6 to 12 digits)."""
    number = _SEPARATORS.sub("", text)
    return number if _NUMBER.fullmatch(number) else None


def serial_of(text: str) -> str:
    """Return a meter's serial as it is compared: capitals and digits only."""
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def phone_of(text: str) -> str | None:
    """Return an Indonesian mobile number as +62…, None when it cannot be one."""
    digits = re.sub(r"[\s.\-()]", "", text)
    local = re.fullmatch(r"(?:\+?62|0)(8[0-9]{8,11})", digits, re.ASCII)
    return f"+62{local[1]}" if local else None


def masked(text: str, *, keep: int) -> str:
    """Return `text` with all but its last `keep` characters hidden."""
    return "•" * max(len(text) - keep, 0) + text[-keep:]


def masked_phone(last: str) -> str:
    """Return the mask of a phone that shows only its last two digits, whatever its length."""
    return f"+62 8•• •••• ••{last[-2:]}"


def masked_words(text: str) -> str:
    """Return `text` with only the first sign of each word; digits hidden."""
    return " ".join(re.sub(r"\d", "•", word[:1]) + "•" * min(len(word) - 1, 8) for word in text.split())


def initials(name: str) -> str:
    """Return the initials of a name: "B. S."."""
    return " ".join(f"{word[0].upper()}." for word in name.split() if word[0].isalnum())
