"""How an application changes: locked, moved along its states, its step written down, and told as a fact."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from chassis import clock, outbox
from google.protobuf.message import Message
from malang.twuin.v1 import new_connections_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin.new_connections import errors, model
from twuin.new_connections.means import Means
from twuin.new_connections.model import State
from twuin.new_connections.tables import ApplicationRow, StepRow

APPLICANT, DESK, CREW, SYSTEM = "applicant", "customer_service", "crew", "system"


def locked(session: Session, *conditions: sa.ColumnElement[bool]) -> ApplicationRow | None:
    """Return the application of these conditions, locked until the transaction ends and read afresh."""
    query = sa.select(ApplicationRow).where(*conditions).with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def owned(session: Session, citizen_id: str, application_id: uuid.UUID) -> ApplicationRow:
    """Return an application of the person's own, locked; ApplicationNotFound otherwise."""
    row = locked(session, ApplicationRow.application_id == application_id, ApplicationRow.citizen_id == citizen_id)
    if row is None:
        raise errors.ApplicationNotFound
    return row


def move(means: Means, row: ApplicationRow, after: State) -> None:
    """Move a locked application along; StepPassed where it cannot go there. What it was due for begins anew."""
    if not model.may(row.stands, after):
        raise errors.StepPassed
    row.state, row.visits = after.value, 0
    row.due_on = means.due(after)


def changed(session: Session, means: Means, row: ApplicationRow, event: str, *, by: str, note: str = "") -> None:
    """Count a change and write its step down."""
    row.version += 1
    row.updated_at = clock.now()
    _write(session, means, row, StepRow(event=event, actor=by, version=row.version, due_on=row.due_on, reason=row.reason), note)


def step(session: Session, means: Means, row: ApplicationRow, event: str, *, by: str, note: str = "") -> None:
    """Write down a part of what happens, before the change that it leads to."""
    _write(session, means, row, StepRow(event=event, actor=by, version=0, due_on=None, reason=""), note)


def _write(session: Session, means: Means, row: ApplicationRow, step: StepRow, note: str) -> None:
    last = sa.select(sa.func.coalesce(sa.func.max(StepRow.position), 0)).where(StepRow.application_id == row.application_id)
    step.application_id, step.position, step.at = row.application_id, session.execute(last).scalar_one() + 1, clock.now()
    step.note = means.seal(row.application_id, "note", note) if note else None
    session.add(step)
    session.flush()


def tell(session: Session, row: ApplicationRow, fact: Message) -> None:
    """Append a fact about an application, in the order of its versions."""
    outbox.append(session, fact, key=str(row.application_id), sequence=row.version)


def tell_advanced(session: Session, row: ApplicationRow, step_code: str) -> None:
    """Say that the next step began, who has it and until when."""
    due_on = row.due_on.isoformat() if row.due_on else ""
    fact = facts.NewConnectionAdvanced(**named(row), step=step_code, with_whom=model.with_whom(row.stands), due_on=due_on)
    tell(session, row, fact)


def named(row: ApplicationRow) -> dict[str, str]:
    """Return the fields that every fact about an application has."""
    return {"application_id": str(row.application_id), "citizen_id": row.citizen_id, "number": row.number}
