"""Write and read the log."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chassis import clock
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway import keyset
from gateway.access_log.tables import ViewRow
from gateway.keyset import Page

if TYPE_CHECKING:
    from gateway.identity.sessions import Staff


@dataclass(frozen=True, slots=True)
class View:
    """A view as its person reads it: the viewer by role and office, never by name."""

    at: dt.datetime
    viewer_role: str
    office: str
    purpose: str
    subject_kind: str
    subject_id: str


def keep(session: Session, citizen_id: str, viewer_id: str, view: View, *, fact_id: uuid.UUID) -> None:
    """Write a view that a fact tells; once for each fact and person."""
    values = {"id": uuid.uuid4(), "citizen_id": uuid.UUID(citizen_id), "fact_id": fact_id, "viewer_id": viewer_id, **asdict(view)}
    session.execute(insert(ViewRow).values(**values).on_conflict_do_nothing(index_elements=["fact_id", "citizen_id"]))


def record(session: Session, citizen_id: str, viewer: Staff, *, purpose: str, subject_kind: str, subject_id: str) -> None:
    """Write that a page of the gateway itself showed a person's data to a member of staff."""
    role = min(viewer.roles, default="")
    view = View(clock.now(), role, viewer.office, purpose, subject_kind, subject_id)
    keep(session, citizen_id, viewer.id, view, fact_id=uuid.uuid4())


def views_of(session: Session, citizen_id: str, *, page_token: str = "", page_size: int = 0) -> Page[View]:
    """Return a page of the views of a citizen's data, newest first."""
    size = keyset.size_of(page_size)
    query = select(ViewRow).where(ViewRow.citizen_id == uuid.UUID(citizen_id))
    if (last := keyset.after(page_token)) is not None:
        query = query.where(tuple_(ViewRow.at, ViewRow.id) < last)
    rows = session.scalars(query.order_by(ViewRow.at.desc(), ViewRow.id.desc()).limit(size + 1)).all()
    more = keyset.token_of(rows[size - 1].at, rows[size - 1].id) if len(rows) > size else ""
    return Page([_view(row) for row in rows[:size]], more)


def export(session: Session, citizen_id: str) -> list[dict[str, Any]]:
    """Return all views of a citizen's data as plain values."""
    rows = session.scalars(select(ViewRow).where(ViewRow.citizen_id == uuid.UUID(citizen_id)).order_by(ViewRow.at))
    return [asdict(_view(row)) | {"at": row.at.isoformat()} for row in rows]


def _view(row: ViewRow) -> View:
    return View(row.at, row.viewer_role, row.office, row.purpose, row.subject_kind, row.subject_id)
