"""What happens to work orders: made and cancelled by what they are for, given to crews, taken and ended by them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import sqlalchemy as sa
from chassis import clock, outbox
from chassis.crypto import Vault
from chassis.errors import NotFound
from google.protobuf.message import Message
from malang.twuin.v1 import work_orders_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin.work_orders import crews
from twuin.work_orders.model import BEGUN, OPEN, UNBEGUN, Installation, Kind, State, Survey
from twuin.work_orders.tables import WorkOrderRow, WorkPhotoRow, WorkStepRow, work_order_numbers


class WorkOrderNotFound(NotFound):
    """Not of this crew, not in this person's area, or not there at all."""

    id = "Pekerjaan tidak ditemukan."
    en = "There is no such work order."


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A work order as what it is for may see it."""

    work_order_id: uuid.UUID
    number: str
    kind: Kind
    state: State
    subject_id: uuid.UUID
    visit: int
    crew: str
    due_on: dt.date
    outcome: str
    note: str
    survey: Survey | None
    installation: Installation | None
    ended_at: dt.datetime | None

    @property
    def open(self) -> bool:
        """Tell whether it has not ended."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class ReportedPhoto:
    """A photo of a citizen's report, which singo keeps: its id, the complaint's, and when it came."""

    photo_id: str
    complaint_id: uuid.UUID
    at: dt.datetime


def create(
    session: Session, vault: Vault, *, kind: Kind, subject_id: uuid.UUID, subject_number: str, zone: str, kelurahan: str,
    position: tuple[float, float] | None, due_on: dt.date, visit: int = 1, place: str = "", citizen_id: str = "",
) -> WorkOrder:  # fmt: skip
    """Make a work order and give it to the crew that fits. `place`, an address in words, is sealed; `citizen_id`: whose it is.

    Once for each subject, kind and visit: asked again, the first one is returned.
    """
    present = session.scalar(
        sa.select(WorkOrderRow).where(
            WorkOrderRow.subject_id == subject_id, WorkOrderRow.kind == kind.value, WorkOrderRow.visit == visit
        )
    )
    if present is not None:
        return seen(present)
    work_order_id, now = uuid.uuid4(), clock.now()
    latitude, longitude = position or (None, None)
    row = WorkOrderRow(
        work_order_id=work_order_id, number=_number(session), kind=kind.value, state=State.WAITING.value, subject_id=subject_id,
        subject_number=subject_number, citizen_id=citizen_id, zone=zone, kelurahan=kelurahan, latitude=latitude, longitude=longitude,
        place=vault.seal(place, bound=place_bound(work_order_id)) if place else None, crew="", accepted_by="", due_on=due_on,
        visit=visit, reports=0, materials=[], outcome="", note="", created_at=now, version=1,
    )  # fmt: skip
    session.add(row)
    session.flush()
    step(session, row, "created", "system")
    tell(session, row, facts.WorkOrderCreated(**named(row), zone=zone, visit=visit))
    if crew := crews.fitting(session, kind, zone):
        assign(session, row, crew, actor="system")
    return seen(row)


def assign(session: Session, row: WorkOrderRow, crew: str, *, actor: str, actor_id: str = "") -> None:
    """Give a locked order to a crew, whoever had it."""
    row.stand(row.standing.assigned(crew))
    changed(session, row, "assigned", actor, actor_id, note=crew)
    tell(session, row, facts.WorkOrderAssigned(**named(row), crew=crew))


def cancel(session: Session, work_order_id: uuid.UUID, *, even_begun: bool = False) -> bool:
    """End an order whose subject ended otherwise; False where it has ended, or work has begun and `even_begun` is not said."""
    row = locked(session, sa.select(WorkOrderRow).where(WorkOrderRow.work_order_id == work_order_id))
    if row.standing.state not in (OPEN if even_begun else UNBEGUN):
        return False
    row.stand(row.standing.cancelled())
    row.ended_at = clock.now()
    changed(session, row, "cancelled", "system")
    tell(session, row, facts.WorkOrderCancelled(**named(row)))
    return True


def release_all_of(session: Session, staff: str) -> int:
    """Give back to their crews what a former member of staff had accepted; return how many."""
    held = sa.select(WorkOrderRow).where(
        WorkOrderRow.accepted_by == staff, WorkOrderRow.state.in_([state.value for state in BEGUN])
    )
    rows = session.scalars(held.order_by(WorkOrderRow.work_order_id).with_for_update()).all()
    for row in rows:
        row.stand(row.standing.released())
        changed(session, row, "released", "system", staff)
        tell(session, row, facts.WorkOrderAssigned(**named(row), crew=row.crew))
    return len(rows)


def note_reports(session: Session, work_order_id: uuid.UUID, count: int, photos: Sequence[ReportedPhoto]) -> None:
    """Note how many citizens reported what an order is for, and their photos; what was noted before is replaced."""
    row = locked(session, sa.select(WorkOrderRow).where(WorkOrderRow.work_order_id == work_order_id))
    row.reports = count
    session.execute(
        sa.delete(WorkPhotoRow).where(WorkPhotoRow.work_order_id == work_order_id, WorkPhotoRow.complaint_id.is_not(None))
    )
    session.add_all(
        WorkPhotoRow(
            work_order_id=work_order_id, photo_id=photo.photo_id, complaint_id=photo.complaint_id, media_type="", size=0,
            sha256="", path="", at=photo.at,
        )
        for photo in {each.photo_id: each for each in photos}.values()
    )  # fmt: skip
    session.flush()


def get(session: Session, work_order_id: uuid.UUID) -> WorkOrder:
    """Return an order; WorkOrderNotFound where there is none."""
    row = session.get(WorkOrderRow, work_order_id)
    if row is None:
        raise WorkOrderNotFound
    return seen(row)


def hold(session: Session, work_order_id: uuid.UUID) -> WorkOrder:
    """Return an order that stays as it is until this transaction ends; WorkOrderNotFound where there is none."""
    return seen(locked(session, sa.select(WorkOrderRow).where(WorkOrderRow.work_order_id == work_order_id)))


def by_subject(session: Session, subject_id: uuid.UUID) -> list[WorkOrder]:
    """Return all orders of a leak or an application, oldest first."""
    query = sa.select(WorkOrderRow).where(WorkOrderRow.subject_id == subject_id)
    return [seen(row) for row in session.scalars(query.order_by(WorkOrderRow.created_at, WorkOrderRow.number))]


def locked(session: Session, query: sa.Select[WorkOrderRow]) -> WorkOrderRow:
    """Return the order of `query`, locked until the transaction ends and read afresh; WorkOrderNotFound where there is none."""
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise WorkOrderNotFound
    return row


def seen(row: WorkOrderRow) -> WorkOrder:
    """Return an order as what it is for may see it."""
    result = row.result or {}
    return WorkOrder(
        row.work_order_id, row.number, row.kind_of_work, State(row.state), row.subject_id, row.visit, row.crew, row.due_on,
        row.outcome, row.note,
        survey=Survey(**result) if result and row.kind == Kind.SURVEY.value else None,
        installation=Installation(**result) if result and row.kind == Kind.INSTALL.value else None,
        ended_at=row.ended_at,
    )  # fmt: skip


def changed(session: Session, row: WorkOrderRow, event: str, actor: str, actor_id: str = "", *, note: str = "") -> None:
    """Count a change of a locked order and write its step down."""
    row.version += 1
    step(session, row, event, actor, actor_id, note=note)


def step(session: Session, row: WorkOrderRow, event: str, actor: str, actor_id: str = "", *, note: str = "") -> None:
    """Write down what happened."""
    session.add(
        WorkStepRow(work_order_id=row.work_order_id, at=clock.now(), event=event, actor=actor, actor_id=actor_id, note=note)
    )
    session.flush()


def tell(session: Session, row: WorkOrderRow, fact: Message) -> None:
    """Append a fact about an order, in the order of its versions."""
    outbox.append(session, fact, key=str(row.work_order_id), sequence=row.version)


class Named(TypedDict):
    """The fields that every fact about an order has."""

    work_order_id: str
    number: str
    kind: str
    subject_id: str


def named(row: WorkOrderRow) -> Named:
    """Return the fields that every fact about an order has."""
    return {
        "work_order_id": str(row.work_order_id), "number": row.number, "kind": row.kind_of_work.code,
        "subject_id": str(row.subject_id),
    }  # fmt: skip


def place_bound(work_order_id: uuid.UUID) -> str:
    """Return the place that the sealed address of an order is bound to."""
    return f"work_orders:{work_order_id}:place"


def _number(session: Session) -> str:
    """Return the next number; a rolled-back one leaves a gap."""
    return f"WO-{clock.today():%y}-{session.scalar(sa.select(work_order_numbers.next_value())):06}"
