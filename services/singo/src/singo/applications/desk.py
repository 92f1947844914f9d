"""What the kelurahan's staff do with an application, each within their area and role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from chassis import clock
from chassis.errors import FieldError, InvalidFields
from chassis.principal import Principal
from malang.singo.v1 import applications_events_pb2 as facts
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from singo import paging
from singo.applications import papers, record
from singo.applications.means import Means
from singo.applications.model import Action, Event, State, as_reference
from singo.applications.service import ApplicationNotFound, identify, said
from singo.applications.tables import Application, Attachment, locked, of_area, oldest_due_first
from singo.charter import Kind, StepRole
from singo.purposes import purposeful

WAITING: dict[str, tuple[State, ...]] = {
    StepRole.OFFICER.value: (State.SUBMITTED,),
    StepRole.LURAH.value: (State.APPROVED, State.SIGNING),
}


def queue(
    session: Session, who: Principal, states: Collection[State], *, mine: bool, reference: str, size: int, token: str
) -> tuple[list[Application], str, int]:
    """Return a page of the applications of the caller's area, oldest due first, the next page's token and the number of all."""
    asked = [state.value for state in states] or [state.value for role in WAITING if role in who.roles for state in WAITING[role]]
    query = of_area(who.areas)
    query = (
        query.where(Application.reference == as_reference(reference)) if reference else query.where(Application.state.in_(asked))
    )
    if mine:
        query = query.where(Application.claimed_by == who.subject)
    after, size = paging.opened_on(token), paging.size_of(size)
    rows = list(session.scalars(oldest_due_first(query, after, size)))
    last = rows[size - 1] if len(rows) > size else None
    more = paging.token((last.due_on or dt.date.max).isoformat(), last.id) if last else ""
    return rows[:size], more, session.scalar(select(func.count()).select_from(query.subquery())) or 0


def view(session: Session, who: Principal, application_id: str, purpose: str) -> Application:
    """Return an application of the caller's area; that its applicant was looked at becomes a fact."""
    row = read(session, who, application_id)
    record.tell(session, row, record.viewed(row, who, _role(who), purposeful(purpose), ("application", str(row.id))))
    return row


def view_attachment(session: Session, who: Principal, application_id: str, attachment_id: str, purpose: str) -> Attachment:
    """Return a document of an application of the caller's area; that it was looked at becomes a fact."""
    row = read(session, who, application_id)
    found = papers.find(row, attachment_id)
    record.tell(session, row, record.viewed(row, who, _role(who), purposeful(purpose), ("attachment", str(found.id))))
    return found


def claim(session: Session, who: Principal, application_id: str) -> Application:
    """Take an application out of the queue for oneself; claiming again changes nothing."""
    row, role = _at_desk(session, who, application_id, Action.CLAIM)
    if row.claimed_by != who.subject:
        record.step(row, row.standing.claimed(who.subject), Event.CLAIMED, role, who.subject)
    return row


def release(session: Session, who: Principal, application_id: str) -> Application:
    """Give a claimed application back to the queue; one that nobody has stays there."""
    row, role = _at_desk(session, who, application_id, Action.RELEASE)
    if row.claimed_by:
        record.step(row, row.standing.released(), Event.RELEASED, role, who.subject)
    return row


def release_all_of(session: Session, staff: str) -> int:
    """Give back everything that a member of staff had claimed; return how many."""
    held = select(Application).where(
        Application.claimed_by == staff, Application.state.in_([State.SUBMITTED.value, State.APPROVED.value])
    )
    rows = session.scalars(held.order_by(Application.id).with_for_update()).all()
    for row in rows:
        record.step(row, row.standing.released(), Event.RELEASED, row.standing.desk or StepRole.OFFICER, staff)
    return len(rows)


def give_back(
    session: Session, means: Means, who: Principal, application_id: str, reasons: Sequence[tuple[str, str]]
) -> Application:
    """Return an application to the citizen with reasons: (field or document to mend or "", sentence)."""
    row, role = _at_desk(session, who, application_id, Action.RETURN)
    note = _reasons(means.charter.kind(row.kind), reasons)
    record.step(row, row.standing.returned(clock.today(), means.calendar), Event.RETURNED, role, who.subject, note=note)
    record.tell(session, row, record.plain(facts.ApplicationReturned, row))
    return row


def approve(session: Session, means: Means, who: Principal, application_id: str, note: str) -> Application:
    """Pass the officer's step at which an application stands; after the last one it waits for the lurah."""
    row, role = _at_desk(session, who, application_id, Action.APPROVE)
    standing = row.standing.approved(means.charter.kind(row.kind).checks)
    done = standing.state is State.APPROVED
    record.step(row, standing, Event.APPROVED if done else Event.CHECKED, role, who.subject, note=said("note", note, needed=False))
    if done:
        record.tell(session, row, record.plain(facts.ApplicationApproved, row))
    return row


def refuse(session: Session, who: Principal, application_id: str, reason: str) -> Application:
    """End an application with a reason that the citizen reads."""
    row, role = _at_desk(session, who, application_id, Action.REFUSE)
    record.step(row, row.standing.refused(), Event.REFUSED, role, who.subject, note=said("reason", reason))
    record.tell(session, row, record.plain(facts.ApplicationRefused, row))
    return row


def _at_desk(session: Session, who: Principal, application_id: str, action: Action) -> tuple[Application, StepRole]:
    """Return an application of the caller's area, locked, and the role in which the caller may act on it."""
    row = locked(session, of_area(who.areas).where(Application.id == identify(application_id)))
    if row is None:
        raise ApplicationNotFound
    row.standing.require(action)
    return row, row.standing.at_desk_of(who.subject, who.roles)


def read(session: Session, who: Principal, application_id: str) -> Application:
    """Return an application of the caller's area."""
    row = session.scalar(of_area(who.areas).where(Application.id == identify(application_id)))
    if row is None:
        raise ApplicationNotFound
    return row


def _role(who: Principal) -> str:
    return next((role for role in WAITING if role in who.roles), min(who.roles, default="staff"))


def _reasons(kind: Kind, reasons: Sequence[tuple[str, str]]) -> str:
    if not 1 <= len(reasons) <= 20:  # noqa: PLR2004 - more than a form has fields
        raise InvalidFields(fields=[FieldError("reasons", "count", "Sebutkan satu sampai 20 alasan.", "Give one to 20 reasons.")])
    lines = []
    for place, (field, text) in enumerate(reasons):
        name = field.removeprefix("fields.").removeprefix("attachments.")
        if name and name not in kind.properties and kind.requirement(name) is None:
            raise InvalidFields(
                fields=[
                    FieldError(
                        f"reasons.{place}.field", "enum", "Isian itu tidak ada di layanan ini.", "This service has no such field."
                    )
                ]
            )
        sentence = said(f"reasons.{place}.text", text, most=500)
        lines.append(f"{kind.label(name).id}: {sentence}" if name else sentence)
    return "\n".join(lines)
