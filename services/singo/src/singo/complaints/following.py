"""What everyone may see of complaints, and citizens who follow one that somebody else filed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from chassis import clock
from chassis.errors import Refused
from chassis.principal import Principal
from sqlalchemy import Row, delete, tuple_
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session

from singo import paging
from singo.complaints import words
from singo.complaints.model import State, as_number
from singo.complaints.service import ComplaintNotFound, page
from singo.complaints.tables import ALL, NUMBERED, OPEN, Complaint, Follower, followed_by, locked

MOST = 1000  # followers of one complaint: each is named in its facts


class YourOwn(Refused):
    """Who filed a complaint is told of it anyway."""

    id: ClassVar[str] = "Ini laporan Anda sendiri; kabarnya sudah otomatis sampai kepada Anda."
    en: ClassVar[str] = "This is your own report; you are told about it anyway."


class TooManyFollowers(Refused):
    """A complaint is followed by as many as can be told."""

    id: ClassVar[str] = "Laporan ini sudah diikuti {most} warga. Kabarnya tetap dapat dibaca di halaman ini."
    en: ClassVar[str] = "{most} citizens follow this report already. You can still read about it on this page."


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at public complaints, and which of those they follow."""

    subject: str
    followed: frozenset[uuid.UUID]


def look(session: Session, who: Principal | None, rows: Sequence[Row[Any] | Complaint]) -> Look:
    """Return what the caller has to do with some complaints."""
    if who is None or who.kind not in {"citizen", "guest"}:
        return Look("", frozenset())
    among = [row.id for row in rows if row.followers] if who.kind == "citizen" else []
    return Look(who.subject, frozenset(followed_by(session, who.subject, among)))


def list_public(
    session: Session, *, category: str, kelurahan: str, open_only: bool, size: int, token: str
) -> tuple[Sequence[Row[Any]], str]:
    """Return a page of complaints, newest first, and the next page's token; what was withdrawn is not listed."""
    query = ALL.where(Complaint.state != State.WITHDRAWN.value)
    if category:
        query = query.where(Complaint.category == words.sought(category))
    if kelurahan:
        query = query.where(Complaint.kelurahan == words.sought(kelurahan))
    if open_only:
        query = query.where(OPEN)
    return page(session, query, size, token)


def by_number(session: Session, typed: str) -> Row[Any]:
    """Return the complaint with a number, however it was typed."""
    if (row := session.execute(ALL.where(Complaint.number == as_number(typed))).first()) is None:
        raise ComplaintNotFound
    return row


def list_followed(session: Session, who: Principal, size: int, token: str) -> tuple[Sequence[Row[Any]], str]:
    """Return a page of what a citizen follows, last followed first, and the next page's token."""
    query = ALL.add_columns(Follower.since).join(Follower, Follower.complaint_id == Complaint.id)
    query = query.where(Follower.citizen_id == who.subject)
    if (after := paging.opened_at(token)) is not None:
        query = query.where(tuple_(Follower.since, Follower.complaint_id) < after)
    size = paging.size_of(size)
    rows = session.execute(query.order_by(Follower.since.desc(), Follower.complaint_id.desc()).limit(size + 1)).all()
    more = paging.token(rows[size - 1].since.isoformat(), rows[size - 1].id) if len(rows) > size else ""
    return rows[:size], more


def follow(session: Session, who: Principal, number: str) -> Complaint:
    """Be told what happens to a complaint of somebody else; following again changes nothing."""
    row = _numbered(session, number)
    if row.reporter_id == who.subject:
        raise YourOwn
    if row.followers >= MOST and not followed_by(session, who.subject, [row.id]):
        raise TooManyFollowers(most=MOST)
    new = pg.insert(Follower).values(complaint_id=row.id, citizen_id=who.subject, since=clock.now())
    if session.execute(new.on_conflict_do_nothing().returning(Follower.citizen_id)).first() is not None:
        row.followers += 1
    return row


def unfollow(session: Session, who: Principal, number: str) -> Complaint:
    """Be told no longer; where one did not follow, nothing changes."""
    row = _numbered(session, number)
    gone = delete(Follower).where(Follower.complaint_id == row.id, Follower.citizen_id == who.subject)
    if session.execute(gone.returning(Follower.citizen_id)).first() is not None:
        row.followers -= 1
    return row


def _numbered(session: Session, number: str) -> Complaint:
    row = locked(session, NUMBERED, number=as_number(number))
    if row is None:
        raise ComplaintNotFound
    return row
