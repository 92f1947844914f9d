"""What happens to letters: reserved with a number, issued once the document is stored, read by the holder, verified by anyone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import msgspec
from chassis import clock, outbox
from chassis.crypto import Vault
from chassis.errors import FieldError, InvalidFields, NotFound
from google.protobuf.timestamp_pb2 import Timestamp
from malang.singo.v1 import letters_events_pb2 as facts
from sqlalchemy.orm import Session

from singo.charter import Charter, Kind
from singo.letters import paging
from singo.letters.model import (
    LetterDraft,
    LetterState,
    Page,
    Produced,
    new_code,
    number_text,
    page_of,
    read_code,
    series_of,
    unprintable,
)
from singo.letters.press import Press
from singo.letters.tables import ISSUED, Letter, lock_series, newest_of, of_application, of_holder


class LetterNotFound(NotFound):
    """There is no such letter for this person."""

    id: ClassVar[str] = "Surat tidak ditemukan."
    en: ClassVar[str] = "The letter was not found."


class CodeNotFound(NotFound):
    """No letter carries this verification code."""

    id: ClassVar[str] = "Tidak ada surat dengan kode verifikasi ini. Periksa kembali kodenya."
    en: ClassVar[str] = "No letter carries this verification code. Check the code again."


def reserve(
    session: Session,
    charter: Charter,
    vault: Vault,
    *,
    application_id: uuid.UUID,
    citizen_id: str,
    kind: Kind,
    kelurahan: str,
    reference: str,
    snapshot: Mapping[str, str],
    fields: Mapping[str, Any],
    signatory: str = "",
) -> LetterDraft:
    """Give the letter of an application its number and code; the same ones at each further try.

    `signatory` is who signs; without it the lurah of the charter. The series stays locked until the transaction ends,
    so a number is neither given twice nor, when the transaction fails, lost. InvalidFields, before any number is given,
    where a letter could not show what somebody typed.
    """
    if (found := session.scalar(of_application(application_id))) is not None:
        return draft_of(found, vault)
    printable(snapshot, fields)
    day = clock.today()
    series = series_of(kind, kelurahan)
    counter = lock_series(session, series, day.year)
    if (found := session.scalar(of_application(application_id))) is not None:
        return draft_of(found, vault)  # another transaction was faster while this one waited for the series
    counter.last += 1
    office, code = charter.office(kelurahan), new_code()
    number = number_text(kind, kelurahan, counter.last, day)
    page = page_of(kind, office, snapshot, fields, number=number, code=code, day=day, signatory=signatory)
    own = uuid.uuid4()
    row = Letter(
        id=own, application_id=application_id, reference=reference, citizen_id=citizen_id, kind=kind.code, kelurahan=kelurahan,
        series=series, year=day.year, ordinal=counter.last, number=number, code=code, state=LetterState.RESERVED.value,
        title=page.title, office=office.name, signatory=page.signatory, valid_until=kind.valid_until(day),
        reserved_at=clock.now(), page=vault.seal(msgspec.json.encode(asdict(page)).decode(), bound=_bound(own)), version=1,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return LetterDraft(str(own), number, code, page)


def printable(snapshot: Mapping[str, str], fields: Mapping[str, Any]) -> None:
    """Raise InvalidFields where a text has signs that no letter can show; better asked at submission than at signature."""
    texts = {f"applicant.{name}": value for name, value in snapshot.items()}
    texts |= {f"fields.{name}": value for name, value in fields.items() if isinstance(value, str)}
    errors = [
        FieldError(
            name,
            "unprintable",
            f"Berisi tanda yang tidak dapat dicetak di surat: {found}",
            f"Has signs that a letter cannot print: {found}",
        )
        for name, value in texts.items()
        if (found := shown(unprintable(value)))
    ]
    if errors:
        raise InvalidFields(fields=errors)


def produce(press: Press, draft: LetterDraft) -> Produced:
    """Make, sign and store the document of a reserved letter; outside of any transaction."""
    return press.produce(draft)


def issue(session: Session, letter_id: str | uuid.UUID, produced: Produced, *, signed_by: str) -> Letter:
    """Declare a letter signed and say so; a letter that is issued stays as it is."""
    row = session.get(Letter, uuid.UUID(str(letter_id)), with_for_update=True, populate_existing=True)
    if row is None:
        raise LetterNotFound
    if row.state == LetterState.ISSUED.value:
        return row
    row.state, row.signed_at, row.signed_by = LetterState.ISSUED.value, clock.now(), signed_by
    row.sha256, row.size, row.path = produced.sha256, produced.size, produced.path
    row.signer, row.certified, row.timestamped = produced.signer, produced.certified, produced.timestamped
    row.version += 1
    session.flush()
    outbox.append(session, issued_fact(row, produced.address_hash), key=str(row.id), sequence=row.version)
    return row


def list_mine(session: Session, citizen_id: str, size: int, token: str) -> tuple[list[Letter], str]:
    """Return a page of a holder's letters, newest first, and the token of the next page."""
    size = paging.size_of(size)
    rows = list(session.scalars(newest_of(citizen_id, paging.opened(token), size)))
    last = rows[size - 1] if len(rows) > size else None
    return rows[:size], paging.token(last.signed_at, last.id) if last and last.signed_at else ""


def mine(session: Session, citizen_id: str, letter_id: str) -> Letter:
    """Return a holder's own letter."""
    try:
        found = session.scalar(of_holder(uuid.UUID(letter_id), citizen_id))
    except ValueError:
        found = None
    if found is None:
        raise LetterNotFound
    return found


def by_code(session: Session, typed: str) -> Letter:
    """Return the issued letter that carries a code, however it was typed."""
    code = read_code(typed)
    found = None if code is None else session.scalar(ISSUED.where(Letter.code == code))
    if found is None:
        raise CodeNotFound
    return found


def shown(signs: str) -> str:
    """Return signs so that a person can find them: the sign itself where it is visible, and its number."""
    return ", ".join(f"{sign if sign.isprintable() else '·'} (U+{ord(sign):04X})" for sign in signs[:5])


def draft_of(row: Letter, vault: Vault) -> LetterDraft:
    """Return what stands on a reserved or issued letter."""
    page = msgspec.json.decode(vault.open(row.page, bound=_bound(row.id)), type=Page)
    return LetterDraft(str(row.id), row.number, row.code, page, issued=row.state == LetterState.ISSUED.value)


def _bound(letter_id: uuid.UUID) -> str:
    return f"letter:{letter_id}:page"


def issued_fact(row: Letter, hashed: str) -> facts.LetterIssued:
    """Return the fact of an issued letter; `hashed` is the keyed hash of the address that it certifies."""
    return facts.LetterIssued(
        letter_id=str(row.id),
        application_id=str(row.application_id),
        citizen_id=row.citizen_id,
        kind=row.kind,
        kelurahan=row.kelurahan,
        sha256=row.sha256,
        signed_at=moment(row.signed_at),
        valid_until=row.valid_until.isoformat() if row.valid_until else "",
        address_hash=hashed,
        reference=row.reference,
    )


def moment(at: dt.datetime | None) -> Timestamp | None:
    """Return an instant as protobuf has it."""
    if at is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
