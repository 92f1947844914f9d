"""Says again what happened to complaints, for projections of them that are rebuilt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from chassis.outbox import Again
from google.protobuf.message import Message
from malang.singo.v1 import complaints_events_pb2 as facts
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from singo.complaints import record
from singo.complaints.model import Event
from singo.complaints.tables import Complaint, photos_of, steps_of
from singo.complaints.water import OUTCOMES, STEPS

_PAGE = 200  # complaints of one query
_PLAIN: dict[Event, type[Message]] = {
    Event.ASSIGNED: facts.ComplaintAssigned,
    Event.ANSWERED: facts.ComplaintAnswered,
    Event.REFUSED: facts.ComplaintRefused,
    Event.WITHDRAWN: facts.ComplaintWithdrawn,
}  # kinds that name a complaint, and at most whether it is about water
_WORK = {event: step for step, event in STEPS.items()}
_ENDS = {Event.RESOLVED: "answered"} | {event: outcome for outcome, event in OUTCOMES.items()}


def state(session: Session) -> Iterator[Again]:
    """Yield a fact for every step of every complaint, with the version that the step made and its time."""
    last = uuid.UUID(int=0)
    while rows := session.scalars(select(Complaint).where(Complaint.id > last).order_by(Complaint.id).limit(_PAGE)).all():
        for row in rows:
            visit = 1
            for step in steps_of(session, row.id):
                visit += step.event == Event.REOPENED.value
                yield Again(_fact(session, row, step, visit), str(row.id), step.ordinal, step.at)
        last = rows[-1].id


def _fact(session: Session, row: Complaint, step: Row[Any], visit: int) -> Message:
    event, names = Event(step.event), record.names(session, row)
    if event == Event.FILED:
        return record.filed(row, [str(photo.id) for photo in photos_of(session, row.id)])
    if (plain := _PLAIN.get(event)) is not None:
        about = {"water": row.water} if "water" in plain.DESCRIPTOR.fields_by_name else {}
        return plain(**names, **about)
    if event in _WORK:
        return facts.ComplaintProgressed(**names, step=_WORK[event], work_order_number=row.water_reference)
    if event in _ENDS:
        resolved = facts.ComplaintResolved(**names, outcome=_ENDS[event])
        if row.reopen_until is not None:
            resolved.reopen_until.FromDatetime(row.reopen_until)
        return resolved
    if event == Event.REOPENED:
        return facts.ComplaintReopened(**names, water=row.water, visit=visit, resolve_by=row.resolve_by.isoformat())
    return facts.ComplaintRated(
        complaint_id=str(row.id), citizen_id=row.reporter_id, number=row.number, category=row.category, rating=row.rating, water=row.water
    )  # fmt: skip
