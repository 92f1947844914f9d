"""What the operator and customer service do with work orders, each within their areas; and what a view of a place is told to its person."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from chassis import clock, outbox
from chassis.crypto import Vault
from chassis.principal import Principal
from malang.twuin.v1.connections_events_pb2 import HolderViewed
from sqlalchemy.orm import Session

from twuin.work_orders import crews, lists, service
from twuin.work_orders.model import BEGUN, OPEN, Kind, State
from twuin.work_orders.service import WorkOrderNotFound, locked, place_bound
from twuin.work_orders.tables import WorkOrderRow

OPERATOR = "operator"


def list_all(
    session: Session, who: Principal, *, kind: Kind | None, state: State | None, crew: str, size: int, token: str
) -> lists.Page:
    """Return a page of the orders of the caller's areas: all that are open, or those in one state."""
    query = _within(who)
    if kind is not None:
        query = query.where(WorkOrderRow.kind == kind.value)
    if crew:
        query = query.where(WorkOrderRow.crew == crew)
    if state is None:
        return lists.due_first(session, query.where(WorkOrderRow.state.in_([each.value for each in OPEN])), size, token)
    query = query.where(WorkOrderRow.state == state.value)
    if state in OPEN:
        return lists.due_first(session, query, size, token)
    return lists.newest_first(session, query.where(WorkOrderRow.ended_at.is_not(None)), size, token)


def read(session: Session, who: Principal, work_order_id: uuid.UUID) -> WorkOrderRow:
    """Return an order of the caller's areas; WorkOrderNotFound otherwise."""
    row = session.scalar(_within(who).where(WorkOrderRow.work_order_id == work_order_id))
    if row is None:
        raise WorkOrderNotFound
    return row


def assign_crew(session: Session, who: Principal, work_order_id: uuid.UUID, crew: str) -> WorkOrderRow:
    """Give an open order to a crew that can do it; whoever had accepted it has it no more."""
    row = locked(session, _within(who).where(WorkOrderRow.work_order_id == work_order_id))
    row.standing.require_open()
    service.assign(session, row, crews.able(session, crew, row.kind_of_work), actor=OPERATOR, actor_id=who.subject)
    return row


def place_of(session: Session, vault: Vault, who: Principal, row: WorkOrderRow, *, role: str) -> str:
    """Return the address of an order, and tell the person whose it is that it was read."""
    if row.place is None:
        return ""
    row = locked(session, sa.select(WorkOrderRow).where(WorkOrderRow.work_order_id == row.work_order_id))
    if row.citizen_id:
        row.version += 1
        fact = HolderViewed(
            citizen_id=row.citizen_id, viewer_id=who.subject, viewer_role=role, office=who.claims.get("office", ""),
            purpose="work_order", subject_kind="work_order", subject_id=str(row.work_order_id),
        )  # fmt: skip
        fact.at.FromDatetime(clock.now())
        outbox.append(session, fact, key=str(row.work_order_id), sequence=row.version)
    assert row.place is not None
    return vault.open(row.place, bound=place_bound(row.work_order_id))


def sees_place(who: Principal, row: WorkOrderRow) -> bool:
    """Tell whether a member of a crew needs the address: once accepted, until it is done, and nobody else of the crew."""
    return row.accepted_by == who.subject and row.standing.state in BEGUN


def _within(who: Principal) -> sa.Select[WorkOrderRow]:
    every = sa.select(WorkOrderRow)
    return every if "*" in who.areas else every.where(WorkOrderRow.kelurahan.in_(sorted(who.areas)))
