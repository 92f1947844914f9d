"""The register of an office's letters, and letters that the lurah takes back."""

from __future__ import annotations

import unicodedata
import uuid
from typing import ClassVar

from chassis import clock, outbox
from chassis.errors import Conflict, FieldError, InvalidFields
from chassis.principal import Principal
from malang.singo.v1 import letters_events_pb2 as facts
from sqlalchemy import or_
from sqlalchemy.orm import Session

from singo import references
from singo.letters import paging
from singo.letters.model import PREFIX, plain, read_code, unprintable
from singo.letters.service import LetterNotFound, moment, shown
from singo.letters.tables import Letter, newest_first, of_area

SHORTEST, LONGEST = 10, 300
LINE_BREAKS = "\n\r\t"


class AlreadyRevoked(Conflict):
    """The letter was taken back before."""

    id: ClassVar[str] = "Surat ini sudah dicabut."
    en: ClassVar[str] = "This letter has already been revoked."


def register(session: Session, who: Principal, typed: str, size: int, token: str) -> tuple[list[Letter], str]:
    """Return a page of the issued letters of the caller's area, newest first, and the next page's token.

    `typed` is a number, a verification code or the reference of an application, however it was written; empty = all.
    """
    query, size = of_area(who.areas), paging.size_of(size)
    if wanted := plain(typed.replace("\0", " "))[:200]:
        said = [Letter.number == wanted.upper(), Letter.reference == references.read(PREFIX, wanted)]
        if code := read_code(wanted):
            said.append(Letter.code == code)
        query = query.where(or_(*said))
    rows = list(session.scalars(newest_first(query, paging.opened(token), size)))
    last = rows[size - 1] if len(rows) > size else None
    return rows[:size], paging.token(last.signed_at, last.id) if last and last.signed_at else ""


def revoke(session: Session, who: Principal, letter_id: str, reason: str) -> Letter:
    """Take an issued letter of the caller's area back, with a reason for everybody, and say so."""
    said = reason_of(reason)
    query = of_area(who.areas).where(Letter.id == _identified(letter_id))
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise LetterNotFound
    if row.revoked_at is not None:
        raise AlreadyRevoked
    row.revoked_at, row.revoked_by, row.revocation_reason = clock.now(), who.subject, said
    row.version += 1
    session.flush()
    outbox.append(session, revoked_fact(row), key=str(row.id), sequence=row.version)
    return row


def reason_of(text: str) -> str:
    """Return a reason on one line; InvalidFields where it is too short, too long or has signs that hide what it says."""
    said = plain(text)
    controls = "".join(sign for sign in text if unicodedata.category(sign) == "Cc" and sign not in LINE_BREAKS)
    if not SHORTEST <= len(said) <= LONGEST:
        raise _bad(
            "length",
            f"Alasan harus {SHORTEST} sampai {LONGEST} huruf.",
            f"The reason must have {SHORTEST} to {LONGEST} characters.",
        )
    if found := shown(controls + unprintable(said)):
        raise _bad("unprintable", f"Alasan berisi tanda yang tidak boleh: {found}", f"The reason has signs not allowed: {found}")
    return said


def _bad(code: str, indonesian: str, english: str) -> InvalidFields:
    return InvalidFields(fields=[FieldError("reason", code, indonesian, english)])


def _identified(letter_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(letter_id)
    except ValueError as wrong:
        raise LetterNotFound from wrong


def revoked_fact(row: Letter) -> facts.LetterRevoked:
    """Return the fact of a letter that was taken back."""
    return facts.LetterRevoked(
        letter_id=str(row.id),
        application_id=str(row.application_id),
        citizen_id=row.citizen_id,
        kind=row.kind,
        revoked_at=moment(row.revoked_at),
        reference=row.reference,
    )
