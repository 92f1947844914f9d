"""Write, list and read notices."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chassis import clock
from chassis.errors import Language, NotFound
from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway import keyset
from gateway.inbox.tables import NoticeRow
from gateway.inbox.texts import NoticeText, text
from gateway.keyset import Page

_KEEP = dt.timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of a person."""

    id: str
    code: str
    params: dict[str, Any]
    link: str
    at: dt.datetime
    read: bool

    def text(self, language: Language) -> NoticeText:
        """Return its words."""
        return text(self.code, self.params, language)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many notices a person has not read; `etag` changes whenever anything in the inbox does."""

    unread: int
    etag: str


class NoSuchNotice(NotFound):
    """No notice of that id, of this person."""

    id = "Pemberitahuan tidak ditemukan."
    en = "Notice not found."


def notify(
    session: Session, citizens: Iterable[str], code: str, *, fact_id: uuid.UUID, at: dt.datetime, link: str, params: dict[str, Any]
) -> dict[str, uuid.UUID]:
    """Write a notice for each person; one that this fact has made already is left alone. Return the ids of the new ones by person."""
    rows = [
        {
            "id": uuid.uuid4(),
            "citizen_id": uuid.UUID(each),
            "fact_id": fact_id,
            "code": code,
            "params": params,
            "link": link,
            "at": at,
        }
        for each in sorted(set(citizens))
    ]
    if not rows:
        return {}
    made = insert(NoticeRow).values(rows).on_conflict_do_nothing(index_elements=["fact_id", "citizen_id"])
    return {str(row.citizen_id): row.id for row in session.execute(made.returning(NoticeRow.citizen_id, NoticeRow.id))}


def page(session: Session, citizen_id: str, *, page_token: str = "", page_size: int = 0, unread_only: bool = False) -> Page[Notice]:
    """Return a page of a citizen's notices, newest first."""
    size = keyset.size_of(page_size)
    query = select(NoticeRow).where(NoticeRow.citizen_id == uuid.UUID(citizen_id))
    if unread_only:
        query = query.where(NoticeRow.read_at.is_(None))
    if (last := keyset.after(page_token)) is not None:
        query = query.where(tuple_(NoticeRow.at, NoticeRow.id) < last)
    rows = session.scalars(query.order_by(NoticeRow.at.desc(), NoticeRow.id.desc()).limit(size + 1)).all()
    more = keyset.token_of(rows[size - 1].at, rows[size - 1].id) if len(rows) > size else ""
    return Page([_notice(row) for row in rows[:size]], more)


def summary(session: Session, citizen_id: str) -> Summary:
    """Return what the badge in the navigation shows."""
    row = session.execute(
        select(
            func.count().filter(NoticeRow.read_at.is_(None)), func.count(), func.max(NoticeRow.at), func.max(NoticeRow.read_at)
        ).where(NoticeRow.citizen_id == uuid.UUID(citizen_id))
    ).one()
    stamp = "-".join(str(int(each.timestamp() * 1_000_000)) if each else "0" for each in (row[2], row[3]))
    return Summary(unread=row[0], etag=f"{row[0]}-{row[1]}-{stamp}")


def mark_read(session: Session, citizen_id: str, notice_ids: Iterable[str] | None = None) -> int:
    """Mark notices of a citizen as read, all of them by default; return how many were unread. NoSuchNotice for another's."""
    unread = update(NoticeRow).where(NoticeRow.citizen_id == uuid.UUID(citizen_id), NoticeRow.read_at.is_(None))
    if notice_ids is not None:
        wanted = _known(session, citizen_id, notice_ids)
        unread = unread.where(NoticeRow.id.in_(wanted))
    return len(session.execute(unread.values(read_at=clock.now()).returning(NoticeRow.id)).all())


def export(session: Session, citizen_id: str) -> list[dict[str, Any]]:
    """Return all notices of a citizen as plain values."""
    rows = session.scalars(select(NoticeRow).where(NoticeRow.citizen_id == uuid.UUID(citizen_id)).order_by(NoticeRow.at))
    return [{"at": row.at.isoformat(), "code": row.code, "params": row.params, "read": row.read_at is not None} for row in rows]


def purge(session: Session) -> None:
    """Forget notices of two years ago."""
    session.execute(delete(NoticeRow).where(NoticeRow.at < clock.now() - _KEEP))


def _known(session: Session, citizen_id: str, notice_ids: Iterable[str]) -> set[uuid.UUID]:
    try:
        wanted = {uuid.UUID(each) for each in notice_ids}
    except ValueError:
        raise NoSuchNotice from None
    own = set(session.scalars(select(NoticeRow.id).where(NoticeRow.citizen_id == uuid.UUID(citizen_id), NoticeRow.id.in_(wanted))))
    if own != wanted:
        raise NoSuchNotice
    return wanted


def _notice(row: NoticeRow) -> Notice:
    return Notice(str(row.id), row.code, dict(row.params), row.link, row.at, row.read_at is not None)
