"""References that a person can read out on the telephone, such as SGO-7K3M-92QF: random, and written in any way."""

from __future__ import annotations

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is read as something else: no 0 O, 1 I L, U V
SIGNS = 8


def new(prefix: str) -> str:
    """Return a random reference with this prefix; 40 bits, so not to be guessed one after the other."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(SIGNS))
    return f"{prefix}-{drawn[:4]}-{drawn[4:]}"


def read(prefix: str, text: str) -> str:
    """Return what a person typed in the form of a reference: case, blanks and dashes do not matter."""
    plain = "".join(each for each in text[:100].upper() if each.isalnum()).removeprefix(prefix)
    return f"{prefix}-{plain[:4]}-{plain[4:]}"
