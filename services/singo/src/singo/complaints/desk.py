"""What the kelurahan's staff do with a complaint within their area. Those of water they can only read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from chassis import clock
from chassis.errors import FieldError, InvalidFields
from chassis.principal import Principal
from malang.singo.v1 import complaints_events_pb2 as facts
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from singo import paging
from singo.complaints import record, words
from singo.complaints.means import Means
from singo.complaints.model import OPEN, Action, Actor, Event, State, WaterUtilityHasIt, as_number
from singo.complaints.service import ComplaintNotFound, identify, page, photo
from singo.complaints.tables import ALL, OF_DESK, Complaint, counted, due_first, locked, of_area, standing
from singo.purposes import purposeful

ROLES = ("officer", "lurah")
LONGEST_ID = 100


def queue(
    session: Session,
    who: Principal,
    states: Collection[State],
    *,
    mine: bool,
    category: str,
    number: str,
    water: bool,
    size: int,
    token: str,
) -> tuple[Sequence[Row[Any]], str, int]:
    """Return a page of the complaints of the caller's area, the next page's token and the number of all (1,000 at most).

    Open ones (all of them when no state is asked for) come as they are due; others newest first.
    """
    if number:
        return _found(session, who, number)
    query = of_area(ALL, who.areas)
    if not water:
        query = query.where(Complaint.water.is_(False))
    if category:
        query = query.where(Complaint.category == words.sought(category))
    if mine:
        query = query.where(Complaint.assigned_to == who.subject)
    asked = set(states) or set(OPEN)
    if asked != OPEN:
        query = query.where(Complaint.state.in_(sorted(asked)))
    return _due(session, query, size, token) if asked <= OPEN else (*page(session, query, size, token), counted(session, query))


def view(session: Session, who: Principal, complaint_id: str, purpose: str) -> Row[Any]:
    """Return a complaint of the caller's area; that its reporter's words were read becomes a fact."""
    row = _read(session, who, complaint_id)
    record.tell(session, row, record.viewed(row, (who.subject, _role(who)), purposeful(purpose), ("complaint", str(row.id))))
    return row


def view_photo(session: Session, who: Principal, complaint_id: str, photo_id: str, purpose: str) -> Row[Any]:
    """Return a photo of a complaint of the caller's area; that it was looked at becomes a fact."""
    row = _read(session, who, complaint_id)
    found = photo(session, row.id, photo_id)
    record.tell(session, row, record.viewed(row, (who.subject, _role(who)), purposeful(purpose), ("photo", str(found.id))))
    return found


def fetch_photo(session: Session, workload: str, complaint_id: str, photo_id: str) -> Row[Any]:
    """Return a photo of a complaint of water to the water utility, whose crew needs it; that is an access, too."""
    row = session.execute(ALL.where(Complaint.id == identify(complaint_id), Complaint.water.is_(True))).first()
    if row is None:
        raise ComplaintNotFound
    found = photo(session, row.id, photo_id)
    record.tell(session, row, record.viewed(row, (workload, record.WORKLOAD), "complaint", ("photo", str(found.id))))
    return found


def assign(session: Session, means: Means, who: Principal, complaint_id: str, staff: str) -> Complaint:
    """Take a complaint, or hand it to another member of staff; the lurah may do so with everybody's."""
    row = _at_desk(session, who, complaint_id, Action.ASSIGN, may_take_over="lurah" in who.roles)
    to = staff.strip() or who.subject
    if len(to) > LONGEST_ID or not to.isprintable():
        raise InvalidFields(fields=[FieldError("staff_id", "format", "Petugas tidak dikenal.", "No such member of staff.")])
    if row.assigned_to == to:
        return row
    record.step(session, means, row, standing(row).assigned(to), Event.ASSIGNED, by=_by(who))
    record.tell(session, row, facts.ComplaintAssigned(**record.names(session, row), water=row.water))
    return row


def answer(session: Session, means: Means, who: Principal, complaint_id: str, text: str) -> Complaint:
    """Answer; work goes on, and the clock until the resolution runs."""
    row, note = _at_desk(session, who, complaint_id, Action.ANSWER), words.said("text", text)
    record.step(session, means, row, standing(row).answered(who.subject), Event.ANSWERED, by=_by(who), note=note)
    record.tell(session, row, facts.ComplaintAnswered(**record.names(session, row)))
    return row


def resolve(session: Session, means: Means, who: Principal, complaint_id: str, text: str) -> Complaint:
    """End well, with a sentence about what was done."""
    row, note = _at_desk(session, who, complaint_id, Action.RESOLVE), words.said("text", text)
    conclude(session, means, row, Event.RESOLVED, _by(who), outcome="answered", note=note)
    return row


def conclude(
    session: Session, means: Means, row: Complaint, event: Event, by: tuple[Actor, str], *, outcome: str, note: str = ""
) -> None:
    """Write down that a locked complaint is resolved, and tell its reporter and followers until when it may be reopened."""
    row.resolved_at = clock.now()
    record.step(session, means, row, standing(row).resolved(row.resolved_at + means.reopen_for), event, by=by, note=note)
    fact = facts.ComplaintResolved(**record.names(session, row), outcome=outcome)
    if row.reopen_until is not None:
        fact.reopen_until.FromDatetime(row.reopen_until)
    record.tell(session, row, fact)


def refuse(session: Session, means: Means, who: Principal, complaint_id: str, reason: str) -> Complaint:
    """End a complaint that is none, or not for this office, with a reason."""
    row, note = _at_desk(session, who, complaint_id, Action.REFUSE), words.said("reason", reason)
    record.step(session, means, row, standing(row).refused(), Event.REFUSED, by=_by(who), note=note)
    record.tell(session, row, facts.ComplaintRefused(**record.names(session, row)))
    return row


def give_back_all_of(session: Session, staff: str) -> int:
    """Give back every open complaint that a member of staff had; return how many."""
    held = select(Complaint).where(Complaint.assigned_to == staff, Complaint.due_on.is_not(None))
    rows = session.scalars(held.order_by(Complaint.id).with_for_update()).all()
    for row in rows:
        row.stand(standing(row).left())
        record.touch(row)
    return len(rows)


def _at_desk(session: Session, who: Principal, complaint_id: str, action: Action, *, may_take_over: bool = False) -> Complaint:
    """Return a complaint of the caller's area, locked, with which the caller may do `action`."""
    area = {"everywhere": "*" in who.areas, "areas": sorted(who.areas)}
    row = locked(session, OF_DESK, complaint=identify(complaint_id), **area)
    if row is None:
        raise ComplaintNotFound
    if row.water:
        raise WaterUtilityHasIt
    standing(row).hold(action, who.subject, may_take_over=may_take_over)
    return row


def _read(session: Session, who: Principal, complaint_id: str) -> Row[Any]:
    row = session.execute(of_area(ALL, who.areas).where(Complaint.id == identify(complaint_id))).first()
    if row is None:
        raise ComplaintNotFound
    return row


def _found(session: Session, who: Principal, number: str) -> tuple[Sequence[Row[Any]], str, int]:
    rows = session.execute(of_area(ALL, who.areas).where(Complaint.number == as_number(number))).all()
    return rows, "", len(rows)


def _due(session: Session, query: Select[Any], size: int, token: str) -> tuple[Sequence[Row[Any]], str, int]:
    size = paging.size_of(size)
    rows = session.execute(due_first(query, paging.opened_on(token), size)).all()
    more = paging.token(rows[size - 1].due_on.isoformat(), rows[size - 1].id) if len(rows) > size else ""
    return rows[:size], more, counted(session, query.where(Complaint.due_on.is_not(None)))


def _role(who: Principal) -> str:
    return next((role for role in ROLES if role in who.roles), min(who.roles, default="staff"))


def _by(who: Principal) -> tuple[Actor, str]:
    return Actor.OFFICER, who.subject
