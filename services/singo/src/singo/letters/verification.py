"""Holds a stored or an uploaded document against the letter that was issued."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache

from chassis import telemetry
from chassis.crypto import Unreadable
from chassis.errors import FieldError, InvalidFields

from singo.letters.checking import INVALID, LARGEST, Finding, Trust, check
from singo.letters.press import Press

log = telemetry.logger(__name__)
REMEMBERED = 1024  # findings about stored letters; their content never changes


class Verification:
    """Checks signatures; touches no database."""

    def __init__(self, press: Press, trust: Trust) -> None:
        """Take where letters are kept and whom their signatures are believed."""
        self._press, self._trust = press, trust
        self._remembered = lru_cache(REMEMBERED)(self._intact)

    def of_stored(self, path: str, sha256: str, signed_at: dt.datetime) -> Finding:
        """Return what the signature of a stored letter is worth; one that is lost or altered is INVALID."""
        try:
            return self._remembered(path, sha256, signed_at)
        except (_AlteredError, Unreadable, FileNotFoundError) as wrong:
            log.error("stored_letter_damaged", path=path, reason=type(wrong).__name__)  # noqa: TRY400 - a trace would say no more
            return INVALID

    def of_upload(self, content: bytes, signed_at: dt.datetime) -> tuple[str, Finding]:
        """Return hash and finding of an uploaded document; InvalidFields for none or one that is too large."""
        if not content:
            raise _bad("required", "Pilih berkas PDF yang akan diperiksa.", "Choose the PDF file to check.")
        if len(content) > LARGEST:
            raise _bad("too_large", "Berkas paling besar 10 MiB.", "The file may have at most 10 MiB.")
        return hashlib.sha256(content).hexdigest(), check(content, self._trust, at=signed_at)

    def _intact(self, path: str, sha256: str, signed_at: dt.datetime) -> Finding:
        content = self._press.read(path)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise _AlteredError
        return check(content, self._trust, at=signed_at)


class _AlteredError(Exception):
    """A stored letter is not the one that was issued."""


def _bad(code: str, indonesian: str, english: str) -> InvalidFields:
    return InvalidFields(fields=[FieldError("content", code, indonesian, english)])
