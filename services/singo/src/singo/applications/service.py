"""What a citizen does with an application. Each use case takes a session, locks the row, and never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import ClassVar

from chassis import clock
from chassis.errors import Conflict, FieldError, InvalidFields, NotFound, Refused
from chassis.principal import Principal
from malang.singo.v1 import applications_events_pb2 as facts
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session

from singo import letters, paging
from singo.applications import applicants, forms, record
from singo.applications.means import Means
from singo.applications.model import Action, Event, State, initials, new_reference
from singo.applications.tables import Application, locked, newest_first, of_citizen
from singo.charter import Kind, StepRole

NEEDED_LOA = 2
MOST_DRAFTS = 20
CITIZEN = StepRole.CITIZEN


class ApplicationNotFound(NotFound):
    """There is no such application for this person."""

    id: ClassVar[str] = "Permohonan tidak ditemukan."
    en: ClassVar[str] = "The application was not found."


class EditedElsewhere(Conflict):
    """The draft was saved from somewhere else since it was read."""

    id: ClassVar[str] = "Draf ini sudah disimpan dari tempat lain. Muat ulang lalu lanjutkan."
    en: ClassVar[str] = "This draft was saved from somewhere else. Reload it and go on."


class AssuranceTooLow(Refused):
    """The person has not been matched with the population registry."""

    id: ClassVar[str] = "Permohonan hanya dapat diajukan setelah NIK dan nomor telepon Anda terbukti."
    en: ClassVar[str] = "An application can be submitted only after your NIK and phone have been proved."


class TooManyDrafts(Refused):
    """The person keeps more drafts than anybody needs."""

    id: ClassVar[str] = "Anda sudah memiliki {most} draf. Ajukan atau hapus salah satu."
    en: ClassVar[str] = "You already have {most} drafts. Submit or discard one of them."


def identify(text: str) -> uuid.UUID:
    """Return an id; what is none names nothing, so ApplicationNotFound."""
    try:
        return uuid.UUID(text)
    except ValueError as wrong:
        raise ApplicationNotFound from wrong


def start_draft(session: Session, means: Means, who: Principal, kind: str, fields: str) -> Application:
    """Begin a draft of `kind` with the fields typed so far (JSON)."""
    known = means.charter.kind(kind)
    values = forms.parse(known, fields)
    drafts = select(func.count()).where(Application.citizen_id == who.subject, Application.state == State.DRAFT.value)
    if (session.scalar(drafts) or 0) >= MOST_DRAFTS:
        raise TooManyDrafts(most=MOST_DRAFTS)
    row = _inserted(session, means, who.subject, known, values)
    record.entry(row, Event.DRAFTED, CITIZEN, who.subject)
    session.flush()
    return row


def _inserted(session: Session, means: Means, citizen: str, kind: Kind, values: Mapping[str, forms.Value]) -> Application:
    now, application_id = clock.now(), uuid.uuid4()
    draft = {
        "id": application_id, "citizen_id": citizen, "kind": kind.code, "state": State.DRAFT.value, "created_at": now,
        "updated_at": now, "fields": means.seal(application_id, "fields", values),
    }  # fmt: skip
    insert = pg.insert(Application).on_conflict_do_nothing(index_elements=["reference"]).returning(Application)
    while True:  # one draw in 600 thousand million meets a given reference; the next draw is free
        row: Application | None = session.scalar(insert.values(**draft, reference=new_reference()))
        if row is not None:
            return row


def save_draft(session: Session, means: Means, who: Principal, application_id: str, *, fields: str, version: int) -> Application:
    """Replace the fields of a draft or of a returned application; `version` 0 compares nothing."""
    row = own(session, who, application_id)
    row.standing.require(Action.EDIT)
    if version not in {0, row.version}:
        raise EditedElsewhere
    row.fields = means.seal(row.id, "fields", forms.parse(means.charter.kind(row.kind), fields))
    record.touch(row)
    return row


def discard_draft(session: Session, who: Principal, application_id: str) -> None:
    """Forget a draft; its files are cleaned up by a job."""
    row = own(session, who, application_id)
    row.standing.require(Action.DISCARD)
    session.delete(row)


def submit(session: Session, means: Means, who: Principal, application_id: str, applicant: Mapping[str, str]) -> Application:
    """Hand in a draft or a corrected application, with the personal data that the gateway took over."""
    row = own(session, who, application_id)
    row.standing.require(Action.SUBMIT)
    if who.loa < NEEDED_LOA:
        raise AssuranceTooLow
    kind, today = means.charter.kind(row.kind), clock.today()
    fields = forms.completed(kind, means.fields(row))
    if errors := forms.check(kind, fields, {each.requirement for each in row.attachments}, today):
        raise InvalidFields(fields=errors)
    snapshot = applicants.checked(applicant, means.charter)
    letters.printable(snapshot, fields)
    row.fields, row.applicant = means.seal(row.id, "fields", fields), means.seal(row.id, "applicant", snapshot)
    row.kelurahan, row.initials = snapshot["kelurahan"], initials(snapshot["name"])
    corrected = row.standing.state is State.RETURNED
    row.submitted_at = row.submitted_at or clock.now()
    standing = row.standing.submitted(checks_needed=kind.checks, limit=kind.time_limit_days, today=today, calendar=means.calendar)
    record.step(row, standing, Event.CORRECTED if corrected else Event.SUBMITTED, CITIZEN, who.subject)
    record.tell(session, row, record.submitted(row, row.due_on, corrected=corrected))
    return row


def withdraw(session: Session, who: Principal, application_id: str, reason: str) -> Application:
    """End an application at the citizen's wish, with or without a reason."""
    row = own(session, who, application_id)
    record.step(row, row.standing.withdrawn(), Event.WITHDRAWN, CITIZEN, who.subject, note=said("reason", reason, needed=False))
    record.tell(session, row, record.plain(facts.ApplicationWithdrawn, row))
    return row


def own(session: Session, who: Principal, application_id: str) -> Application:
    """Return the citizen's own application, locked; ApplicationNotFound otherwise."""
    if (row := locked(session, of_citizen(identify(application_id), who.subject))) is None:
        raise ApplicationNotFound
    return row


def read(session: Session, who: Principal, application_id: str) -> Application:
    """Return the citizen's own application."""
    if (row := session.scalar(of_citizen(identify(application_id), who.subject))) is None:
        raise ApplicationNotFound
    return row


def list_mine(session: Session, who: Principal, size: int, token: str) -> tuple[list[Application], str, int]:
    """Return a page of the citizen's applications, newest first, the next page's token and the number of all."""
    mine = select(Application).where(Application.citizen_id == who.subject)
    after, size = paging.opened_at(token), paging.size_of(size)
    rows = list(session.scalars(newest_first(mine, after, size)))
    more = paging.token(rows[size - 1].created_at.isoformat(), rows[size - 1].id) if len(rows) > size else ""
    return rows[:size], more, session.scalar(select(func.count()).select_from(mine.subquery())) or 0


def said(field: str, text: str, *, needed: bool = True, most: int = 1000) -> str:
    """Return a trimmed sentence that somebody typed; InvalidFields where it is missing, too long or no text."""
    plain = text.strip()
    if needed and not plain:
        raise InvalidFields(fields=[FieldError(field, "required", "Alasan wajib diisi.", "A reason is required.")])
    if len(plain) > most or "\0" in plain:
        raise InvalidFields(fields=[FieldError(field, "too_long", f"Paling banyak {most} huruf.", f"At most {most} characters.")])
    return plain
