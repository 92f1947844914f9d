"""The address of a house, in the one form in which two agencies compare it: a keyed hash, equal for every way of writing it."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Home", "address_hash", "street"]

_SAID = {"jl": "jalan", "jln": "jalan", "gg": "gang", "no": "", "nomor": "", "nmr": "", "blk": "blok", "kav": "kavling"}


@dataclass(frozen=True, slots=True)
class Home:
    """The address of a house, as a letter certifies it; `kelurahan` is the code."""

    kelurahan: str
    rw: str
    rt: str
    address: str


def address_hash(key: bytes, home: Home) -> str:
    """Return the keyed hash (HMAC-SHA256, hex) of a house's address: equal for the ways in which people write the same one."""
    parts = (home.kelurahan.strip(), home.rw.strip().lstrip("0"), home.rt.strip().lstrip("0"), street(home.address))
    return hmac.digest(key, "\0".join(parts).encode(), hashlib.sha256).hex()


def street(address: str) -> str:
    """Return a street line without the differences that do not matter: case, punctuation, Jl./Jalan, No./Nomor."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", address).casefold())
    return " ".join(kept for word in words if (kept := _SAID.get(word, word)))
