"""Says again what happened to applications, for projections of them that are rebuilt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from chassis.outbox import Again
from google.protobuf.message import Message
from malang.twuin.v1 import new_connections_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin.new_connections import record, service
from twuin.new_connections.tables import ApplicationRow, StepRow

_PAGE = 200  # applications of one query
_ADVANCES = {"checked": "survey", "paid": "installation", "serial_taken": "installation"}


def state(session: Session) -> Iterator[Again]:
    """Yield the fact of every step that was told, with the version that the step made and its time."""
    last = uuid.UUID(int=0)
    query = sa.select(ApplicationRow).order_by(ApplicationRow.application_id).limit(_PAGE)
    while rows := session.scalars(query.where(ApplicationRow.application_id > last)).all():
        for row in rows:
            for step in service.steps(session, row.application_id):
                if step.version and (fact := _fact(row, step)) is not None:
                    yield Again(fact, str(row.application_id), step.version, step.at)
        last = rows[-1].application_id


def _fact(row: ApplicationRow, step: StepRow) -> Message | None:
    """Return the fact that a step was told by, None for one that was not."""
    names, due_on = record.named(row), step.due_on.isoformat() if step.due_on else ""
    fact: Message | None = None
    match step.event:
        case "applied":
            fact = facts.NewConnectionApplied(**names, letter_id=str(row.letter_id), due_on=due_on)
        case "checked" | "paid" | "serial_taken":
            fact = facts.NewConnectionAdvanced(**names, step=_ADVANCES[step.event], with_whom=record.CREW, due_on=due_on)
        case "offered":
            fact = facts.NewConnectionOffered(**names, amount=row.amount, bill_id=str(row.bill_id), due_on=due_on)
        case "held":
            fact = facts.NewConnectionHeld(**names, reason=step.reason)
        case "refused":
            fact = facts.NewConnectionRefused(**names, reason=step.reason)
        case "activated":
            fact = facts.NewConnectionActivated(**names, connection_id=str(row.connection_id))
        case "withdrawn":
            fact = facts.NewConnectionWithdrawn(**names)
        case "lapsed":
            fact = facts.NewConnectionLapsed(**names)
    return fact
