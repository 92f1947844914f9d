"""What people type: trimmed, composed, without signs that hide or turn around what is read."""

from __future__ import annotations

import unicodedata

from chassis.errors import FieldError, InvalidFields

LEAST, MOST = 3, 1000  # signs of an answer or a reason
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS = "\n\t"


def checked(field: str, text: str, *, least: int = LEAST, most: int = MOST) -> tuple[str, list[FieldError]]:
    """Return the trimmed text and what is wrong with it; `least` 0 lets it be empty."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if least and not plain:
        return plain, [FieldError(field, "required", "Wajib diisi.", "This is required.")]
    if len(plain) < least:
        return plain, [FieldError(field, "too_short", f"Paling sedikit {least} huruf.", f"At least {least} characters.")]
    if len(plain) > most:
        return plain, [FieldError(field, "too_long", f"Paling banyak {most} huruf.", f"At most {most} characters.")]
    if any(_hidden(sign) for sign in plain):
        return plain, [FieldError(field, "not_text", "Berisi tanda yang tidak boleh.", "Has characters that are not allowed.")]
    return plain, []


def said(field: str, text: str, *, least: int = LEAST, most: int = MOST) -> str:
    """Return the trimmed text; InvalidFields where something is wrong with it."""
    plain, errors = checked(field, text, least=least, most=most)
    if errors:
        raise InvalidFields(fields=errors)
    return plain


def sought(text: str) -> str:
    """Return what somebody looks for, without the sign that no column can hold."""
    return text.replace("\0", "")[:100]


def _hidden(sign: str) -> bool:
    return sign in _TURNING or (unicodedata.category(sign) in {"Cc", "Cs", "Co", "Cn"} and sign not in _BREAKS)
