"""Keeps identity numbers and phone numbers out of the logs."""

from __future__ import annotations

import re
from collections.abc import Mapping

# NIK and No. KK have 16 digits, often grouped; a phone is 8 and 8 to 11 more digits behind 0, 62 or +62.
_NUMBER = re.compile(
    r"(?<!\d)(?:\d(?:[ .-]?\d){15}|(?:\+?62[ .-]?|0)8(?:[ .-]?\d){8,11})(?!\d)",
)
_SIXTEEN = (10**15, 10**16)
_DEPTH = 8


def mask(text: str) -> str:
    """Return `text` with all but the last three digits of every 16-digit and phone number starred."""
    return _NUMBER.sub(lambda found: _starred(found[0]), text)


def masked(value: object, depth: int = 0) -> object:
    """Return `value` with every text inside it masked, keys of mappings too."""
    if isinstance(value, str):
        return mask(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return _starred(str(value)) if _SIXTEEN[0] <= value < _SIXTEEN[1] else value
    if depth < _DEPTH and isinstance(value, Mapping):
        return {masked(key, depth + 1): masked(inner, depth + 1) for key, inner in value.items()}
    if depth < _DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [masked(inner, depth + 1) for inner in value]
    return mask(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _starred(number: str) -> str:
    digits = [sign for sign in number if sign.isdigit()]
    return "*" * (len(digits) - 3) + "".join(digits[-3:])
