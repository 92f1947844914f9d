"""Says again what happened to applications, for projections of them that are rebuilt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from chassis.outbox import Again
from google.protobuf.message import Message
from malang.singo.v1 import applications_events_pb2 as facts
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from singo.applications import record
from singo.applications.model import Event
from singo.applications.tables import Application, TimelineEntry

_PAGE = 200  # applications of one query
_PLAIN: dict[Event, record.Plain] = {
    Event.RETURNED: facts.ApplicationReturned,
    Event.APPROVED: facts.ApplicationApproved,
    Event.REFUSED: facts.ApplicationRefused,
    Event.WITHDRAWN: facts.ApplicationWithdrawn,
}


def state(session: Session) -> Iterator[Again]:
    """Yield the fact of every step that was told, with the version that the step made and its time."""
    last = uuid.UUID(int=0)
    told = select(Application).where(Application.submitted_at.is_not(None)).options(selectinload(Application.timeline))
    while rows := session.scalars(told.where(Application.id > last).order_by(Application.id).limit(_PAGE)).all():
        for row in rows:
            for step in row.timeline:
                if step.version and (fact := _fact(row, step)) is not None:
                    yield Again(fact, str(row.id), step.version, step.at)
        last = rows[-1].id


def _fact(row: Application, step: TimelineEntry) -> Message | None:
    """Return the fact that a step was told by, None for one that was not."""
    event = Event(step.event)
    if event in (Event.SUBMITTED, Event.CORRECTED):
        return record.submitted(row, step.due_on, corrected=event is Event.CORRECTED)
    return record.plain(_PLAIN[event], row) if event in _PLAIN else None
