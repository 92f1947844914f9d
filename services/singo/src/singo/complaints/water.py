"""Where a complaint of water stands at the water utility, as the facts of its leak tell."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable

from chassis import telemetry
from malang.singo.v1 import complaints_events_pb2 as facts
from sqlalchemy import select
from sqlalchemy.orm import Session

from singo.complaints import desk, record
from singo.complaints.means import Means
from singo.complaints.model import OPEN, Actor, Event, State
from singo.complaints.tables import Complaint, standing

BY = (Actor.TWUIN, "twuin")
STEPS = {
    "joined": Event.WATER_JOINED,
    "scheduled": Event.WATER_SCHEDULED,
    "accepted": Event.WATER_ACCEPTED,
    "arrived": Event.WATER_ARRIVED,
}
OUTCOMES = {"repaired": Event.WATER_REPAIRED, "not_found": Event.WATER_NOT_FOUND}

log = telemetry.logger(__name__)


class UnknownWord(ValueError):  # noqa: N818 - named as what it is
    """A fact says a step or an outcome that its contract does not know."""


def progressed(session: Session, means: Means, complaint_ids: Iterable[str], sequence: int, *, step: str, order: str = "") -> None:
    """Write a step of the utility's work (its code, the work order's number) down at each open complaint of a leak."""
    if (event := STEPS.get(step)) is None:
        raise UnknownWord(step)

    def change(row: Complaint) -> None:
        if State(row.state) not in OPEN:
            return
        row.water_reference = order or row.water_reference
        record.step(session, means, row, standing(row).taken_by_water(), event, by=BY)
        fact = facts.ComplaintProgressed(**record.names(session, row), step=step, work_order_number=row.water_reference)
        record.tell(session, row, fact)

    _each(session, complaint_ids, sequence, change)


def taken_up_again(session: Session, means: Means, complaint_ids: Iterable[str], sequence: int) -> None:
    """Write down that the utility begins a new visit, at each complaint of the leak whose reporter asked for one."""

    def change(row: Complaint) -> None:
        if row.state != State.REOPENED.value:
            return
        record.step(session, means, row, standing(row).taken_by_water(), Event.WATER_JOINED, by=BY)
        fact = facts.ComplaintProgressed(**record.names(session, row), step="joined", work_order_number=row.water_reference)
        record.tell(session, row, fact)

    _each(session, complaint_ids, sequence, change)


def closed(
    session: Session, means: Means, complaint_ids: Iterable[str], sequence: int, *, outcome: str, order: str, at: dt.datetime
) -> None:
    """Resolve each open complaint of a leak whose present visit began before the leak was closed."""
    if (event := OUTCOMES.get(outcome)) is None:
        raise UnknownWord(outcome)

    def change(row: Complaint) -> None:
        if State(row.state) not in OPEN or at < row.visit_at:
            return
        row.water_reference = order or row.water_reference
        desk.conclude(session, means, row, event, BY, outcome=outcome)

    _each(session, complaint_ids, sequence, change)


def _each(session: Session, complaint_ids: Iterable[str], sequence: int, change: Callable[[Complaint], None]) -> None:
    """Change the complaints of water that have not seen a later fact of their leak, locked in the order of their ids."""
    wanted = {found for each in complaint_ids if (found := _identified(each)) is not None}
    query = select(Complaint).where(Complaint.id.in_(wanted), Complaint.water.is_(True)).order_by(Complaint.id)
    for row in session.scalars(query.with_for_update()).all():
        if sequence >= row.water_sequence:
            row.water_sequence = sequence
            change(row)


def _identified(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        log.warning("leak_of_no_complaint", complaint_id=text[:60])
        return None
