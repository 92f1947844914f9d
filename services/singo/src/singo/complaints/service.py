"""What a reporter, citizen or guest, does with their own complaint. Each use case locks the row and never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from chassis import clock
from chassis.db import Database
from chassis.errors import FieldError, InvalidFields, NotFound
from chassis.principal import Principal
from malang.singo.v1 import complaints_events_pb2 as facts
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from singo import paging
from singo.complaints import record, words
from singo.complaints.means import Means
from singo.complaints.model import RATINGS, Actor, Event
from singo.complaints.tables import ALL, MINE, OF_REPORTER, Complaint, Photo, counted, locked, newest_first, standing

MOST_RATING_TEXT = 500


class ComplaintNotFound(NotFound):
    """There is no such complaint for this person."""

    id: ClassVar[str] = "Laporan tidak ditemukan."
    en: ClassVar[str] = "The report was not found."


class PhotoNotFound(NotFound):
    """There is no such photo for this person."""

    id: ClassVar[str] = "Foto tidak ditemukan."
    en: ClassVar[str] = "The photo was not found."


def identify(text: str) -> uuid.UUID:
    """Return an id; what is none names nothing, so ComplaintNotFound."""
    try:
        return uuid.UUID(text)
    except ValueError as wrong:
        raise ComplaintNotFound from wrong


def own(session: Session, who: Principal, complaint_id: str) -> Complaint:
    """Return the caller's own complaint, locked; ComplaintNotFound otherwise."""
    if (row := locked(session, OF_REPORTER, complaint=identify(complaint_id), reporter=who.subject)) is None:
        raise ComplaintNotFound
    return row


def found(db: Database, who: Principal, complaint_id: str) -> Any:
    """Return the caller's own complaint as a row, in a single round trip."""
    rows = db.read(MINE, complaint=identify(complaint_id), reporter=who.subject)
    if not rows:
        raise ComplaintNotFound
    return rows[0]


def list_mine(session: Session, who: Principal, size: int, token: str) -> tuple[Sequence[Row[Any]], str, int]:
    """Return a page of the caller's complaints, newest first, the next page's token and the number of all."""
    mine = ALL.where(Complaint.reporter_id == who.subject)
    rows, more = page(session, mine, size, token)
    return rows, more, counted(session, mine)


def page(session: Session, query: Any, size: int, token: str) -> tuple[Sequence[Row[Any]], str]:
    """Return a page of complaints from the newest on, and the next page's token."""
    size = paging.size_of(size)
    rows = session.execute(newest_first(query, paging.opened_at(token), size)).all()
    more = paging.token(rows[size - 1].filed_at.isoformat(), rows[size - 1].id) if len(rows) > size else ""
    return rows[:size], more


def photo(session: Session, complaint_id: uuid.UUID, photo_id: str) -> Row[Any]:
    """Return a photo of a complaint that the caller may see; PhotoNotFound otherwise."""
    try:
        wanted = select(*Photo.__table__.c).where(Photo.id == uuid.UUID(photo_id), Photo.complaint_id == complaint_id)
    except ValueError as wrong:
        raise PhotoNotFound from wrong
    if (found := session.execute(wanted).first()) is None:
        raise PhotoNotFound
    return found


def withdraw(session: Session, means: Means, who: Principal, complaint_id: str, reason: str) -> Complaint:
    """End a complaint at the reporter's wish, with or without a reason."""
    row, note = own(session, who, complaint_id), words.said("reason", reason, least=0)
    record.step(session, means, row, standing(row).withdrawn(), Event.WITHDRAWN, by=_by(who), note=note)
    record.tell(session, row, facts.ComplaintWithdrawn(**record.names(session, row), water=row.water))
    return row


def reopen(session: Session, means: Means, who: Principal, complaint_id: str, reason: str) -> Complaint:
    """Begin a new visit of a resolved complaint, within the time for that, with a reason."""
    row, note = own(session, who, complaint_id), words.said("reason", reason)
    again = standing(row).reopened(means.category(row.category), clock.now(), clock.today(), means.calendar)
    row.visit_at, row.resolved_at, row.rating_text = clock.now(), None, None
    record.step(session, means, row, again, Event.REOPENED, by=_by(who), note=note)
    fact = facts.ComplaintReopened(
        **record.names(session, row), water=row.water, visit=row.visit, resolve_by=row.resolve_by.isoformat()
    )  # fmt: skip
    record.tell(session, row, fact)
    return row


def rate(session: Session, means: Means, who: Principal, complaint_id: str, *, rating: int, text: str) -> Complaint:
    """Say how satisfied the reporter is, 1 to 5 and a sentence, once a visit."""
    row = own(session, who, complaint_id)
    sentence, errors = words.checked("text", text, least=0, most=MOST_RATING_TEXT)
    if rating not in RATINGS:
        errors.insert(0, FieldError("rating", "range", "Pilih nilai 1 sampai 5.", "Choose a rating of 1 to 5."))
    if errors:
        raise InvalidFields(fields=errors)
    rated = standing(row).rated(rating)
    row.rating_text = means.seal(row.id, "rating_text", sentence)
    record.step(session, means, row, rated, Event.RATED, by=_by(who))
    fact = facts.ComplaintRated(
        complaint_id=str(row.id), citizen_id=row.reporter_id, number=row.number, category=row.category, rating=rating, water=row.water
    )  # fmt: skip
    record.tell(session, row, fact)
    return row


def _by(who: Principal) -> tuple[Actor, str]:
    return Actor(who.kind), who.subject
