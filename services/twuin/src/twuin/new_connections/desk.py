"""What customer service does with applications: its queue, opening one with a purpose, checking and refusing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from chassis import clock, outbox
from chassis.errors import InvalidFields
from chassis.principal import Principal
from malang.twuin.v1.connections_events_pb2 import HolderViewed
from sqlalchemy.orm import Session

from twuin import billing, connections, keyset, work_orders
from twuin.new_connections import endings, errors, flow, forms, letters, record, service
from twuin.new_connections.means import Means
from twuin.new_connections.model import REASONS, REFUSABLE, State
from twuin.new_connections.tables import ApplicationRow, DocumentRow


def queue(
    session: Session, viewer: Principal, *, states: Sequence[State], number: str, size: int, token: str
) -> tuple[list[ApplicationRow], str, int]:
    """Return a page of applications of the viewer's areas, oldest first; without states and number what waits for the desk."""
    what = [_within(viewer)]
    if number.strip():
        what.append(ApplicationRow.number == number.strip().upper())
    if states or not number.strip():
        what.append(ApplicationRow.state.in_([state.value for state in states or (State.APPLIED,)]))
    query = sa.select(ApplicationRow).where(*what)
    if (after := keyset.after(token)) is not None:
        place = (service.instant_of(after[0]), after[1])
        query = query.where(sa.tuple_(ApplicationRow.applied_at, ApplicationRow.application_id) > place)
    rows = list(session.scalars(query.order_by(ApplicationRow.applied_at, ApplicationRow.application_id).limit(size + 1)))
    total = session.execute(sa.select(sa.func.count()).select_from(ApplicationRow).where(*what)).scalar_one()
    return rows[:size], service.more(rows, size), total


def open_file(session: Session, viewer: Principal, application_id: uuid.UUID, purpose: str) -> ApplicationRow:
    """Return an application of the viewer's areas, and let its applicant know who looked and why."""
    checked = connections.checked_purpose(purpose)
    row = _mine(session, viewer, application_id)
    _tell_view(session, viewer, row, checked)
    return row


def open_document(
    session: Session, means: Means, viewer: Principal, application_id: uuid.UUID, document_id: uuid.UUID, *, purpose: str
) -> tuple[DocumentRow, bytes]:
    """Return a document of an application, and let its applicant know who looked and why."""
    checked = connections.checked_purpose(purpose)
    row = _mine(session, viewer, application_id)
    found = service.document(session, means, application_id, document_id)
    _tell_view(session, viewer, row, checked)
    return found


def check(session: Session, means: Means, viewer: Principal, application_id: uuid.UUID, note: str) -> ApplicationRow:
    """Pass an application to the survey. The system itself refuses one whose applicant is behind with bills.

    A letter that no longer holds is not passed: its refusal says which flaw.
    """
    row, note = _mine(session, viewer, application_id), forms.note(note)
    if row.stands is not State.APPLIED:
        raise errors.StepPassed
    if owed := billing.arrears(session, row.citizen_id):
        record.step(session, means, row, "checked", by=record.DESK, note=note)
        endings.refuse(session, means, row, "arrears", actor=record.SYSTEM, text=f"Rp {owed:,}".replace(",", "."))
        return row
    letters.own(session, row.citizen_id, str(row.letter_id))
    record.move(means, row, State.SURVEY)
    flow.send_out(session, means, row, work_orders.Kind.SURVEY)
    record.changed(session, means, row, "checked", by=record.DESK, note=note)
    record.tell_advanced(session, row, "survey")
    return row


def refuse(
    session: Session, means: Means, viewer: Principal, application_id: uuid.UUID, *, reason: str, text: str
) -> ApplicationRow:  # fmt: skip
    """Refuse an application with a reason and its explanation, until a crew is there to install; what was paid is owed back."""
    row = _mine(session, viewer, application_id)
    if reason not in REASONS:
        raise InvalidFields(
            fields=[errors.at_field("reason", "enum", "Pilih alasan penolakan.", "Choose the reason of the refusal.")]
        )
    explained = forms.reason(text, "text")
    _require_refusable(session, row)
    endings.refuse(session, means, row, reason, actor=record.DESK, text=explained)
    return row


def _require_refusable(session: Session, row: ApplicationRow) -> None:
    if row.stands is State.HELD:
        raise errors.MeterInstalled
    if row.stands not in REFUSABLE:
        raise errors.StepPassed
    if row.stands is State.INSTALLATION and row.work_order_id is not None:
        order = work_orders.hold(session, row.work_order_id)
        if order.outcome == "installed" or row.visits > 1:  # a further visit is for the number of a meter that stands
            raise errors.MeterInstalled
        if order.state is work_orders.State.ARRIVED:
            raise errors.CrewOnSite
        if not order.open:
            raise errors.StepPassed


def _mine(session: Session, viewer: Principal, application_id: uuid.UUID) -> ApplicationRow:
    row = record.locked(session, ApplicationRow.application_id == application_id, _within(viewer))
    if row is None:
        raise errors.ApplicationNotFound
    return row


def _within(viewer: Principal) -> sa.ColumnElement[bool]:
    return sa.true() if "*" in viewer.areas else ApplicationRow.kelurahan.in_(sorted(viewer.areas))


def _tell_view(session: Session, viewer: Principal, row: ApplicationRow, purpose: str) -> None:
    row.version += 1
    fact = HolderViewed(
        citizen_id=row.citizen_id, viewer_id=viewer.subject, viewer_role=min(viewer.roles, default=""),
        office=viewer.claims.get("office", ""), purpose=purpose, subject_kind="new_connection", subject_id=str(row.application_id),
    )  # fmt: skip
    fact.at.FromDatetime(clock.now())
    outbox.append(session, fact, key=str(row.application_id), sequence=row.version)
