"""What a crew does with its orders: list, accept, arrive, note materials, end. Only its own crew's orders are there for it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from chassis import clock
from chassis.errors import FieldError, InvalidFields
from chassis.principal import Principal
from malang.twuin.v1 import work_orders_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import metering
from twuin.work_orders import crews, lists, model
from twuin.work_orders.model import OPEN, Report, State
from twuin.work_orders.service import WorkOrderNotFound, changed, locked, named, tell
from twuin.work_orders.tables import WorkOrderRow

CREW = "crew"  # the role


def list_mine(session: Session, who: Principal, *, completed: bool, size: int, token: str) -> lists.Page:
    """Return a page of the crew's open orders, due first first, or of its completed ones, newest first."""
    if completed:
        done = _of_crew(who).where(WorkOrderRow.state == State.COMPLETED.value, WorkOrderRow.ended_at.is_not(None))
        return lists.newest_first(session, done, size, token)
    return lists.due_first(session, _of_crew(who).where(WorkOrderRow.state.in_([each.value for each in OPEN])), size, token)


def read(session: Session, who: Principal, work_order_id: uuid.UUID) -> WorkOrderRow:
    """Return an order of the caller's crew; WorkOrderNotFound otherwise."""
    row = session.scalar(_of_crew(who).where(WorkOrderRow.work_order_id == work_order_id))
    if row is None:
        raise WorkOrderNotFound
    return row


def own(session: Session, who: Principal, work_order_id: uuid.UUID) -> WorkOrderRow:
    """Return an order of the caller's crew, locked; WorkOrderNotFound otherwise."""
    return locked(session, _of_crew(who).where(WorkOrderRow.work_order_id == work_order_id))


def working(session: Session, who: Principal, work_order_id: uuid.UUID) -> WorkOrderRow:
    """Return an order that the caller has accepted and not ended, locked."""
    row = own(session, who, work_order_id)
    row.standing.require_worked_on_by(who.subject)
    return row


def accept(session: Session, who: Principal, work_order_id: uuid.UUID) -> WorkOrderRow:
    """Take an order as one person of its crew; again changes nothing."""
    row = own(session, who, work_order_id)
    standing = row.standing.accepted(who.subject)
    if standing != row.standing:
        row.stand(standing)
        changed(session, row, "accepted", CREW, who.subject)
        tell(session, row, facts.WorkOrderAccepted(**named(row), staff_id=who.subject, crew=row.crew))
    return row


def arrive(session: Session, who: Principal, work_order_id: uuid.UUID, latitude: float, longitude: float) -> WorkOrderRow:
    """Say that one is there; 0 and 0 tell no position. Again changes nothing."""
    row = own(session, who, work_order_id)
    standing = row.standing.arrived(who.subject)
    told = (latitude, longitude) != (0.0, 0.0)
    if told and not model.within_city(latitude, longitude):
        raise InvalidFields(
            fields=[FieldError("latitude", "position", "Posisi harus di dalam kota.", "The position must lie within the city.")]
        )
    if standing != row.standing:
        row.stand(standing)
        changed(session, row, "arrived", CREW, who.subject, note=f"{latitude:.5f}, {longitude:.5f}" if told else "")
        fact = facts.WorkOrderArrived(**named(row))
        fact.at.FromDatetime(clock.now())
        tell(session, row, fact)
    return row


def set_materials(session: Session, who: Principal, work_order_id: uuid.UUID, used: Sequence[tuple[str, int]]) -> WorkOrderRow:
    """Say which materials the work took; what was said before is replaced."""
    row = working(session, who, work_order_id)
    materials = [list(each) for each in model.checked_materials(used, crews.materials())]
    if materials != row.materials:
        row.materials = materials
        changed(session, row, "materials", CREW, who.subject)
    return row


def complete(session: Session, who: Principal, work_order_id: uuid.UUID, said: Report) -> WorkOrderRow:
    """End an order with what came of it."""
    row = own(session, who, work_order_id)
    standing = row.standing.completed(who.subject)
    report = model.checked(row.kind_of_work, said)
    if report.installation:
        _require_free(session, report.installation.meter_serial)
    found = report.survey or report.installation
    row.outcome, row.note, row.result = report.outcome, report.note, asdict(found) if found else None
    row.stand(standing)
    row.ended_at = clock.now()
    changed(session, row, report.outcome, CREW, who.subject, note=report.note)
    fact = facts.WorkOrderCompleted(**named(row), outcome=report.outcome, staff_id=who.subject)
    fact.at.FromDatetime(row.ended_at)
    tell(session, row, fact)
    return row


def late(row: WorkOrderRow, today: dt.date) -> bool:
    """Tell whether an order is open after its day."""
    return row.due_on < today and row.standing.state in OPEN


def _of_crew(who: Principal) -> sa.Select[WorkOrderRow]:
    """Select the orders of the caller's crew, which is the office that the caller works in; nothing for nobody's office."""
    return sa.select(WorkOrderRow).where(WorkOrderRow.crew == who.claims.get("office", ""), WorkOrderRow.crew != "")


def _require_free(session: Session, serial: str) -> None:
    if metering.serial_taken(session, serial):
        raise InvalidFields(
            fields=[
                FieldError("install.meter_serial", "taken", f"Nomor seri {serial} sudah terpakai.", f"Serial {serial} is in use.")
            ]
        )
