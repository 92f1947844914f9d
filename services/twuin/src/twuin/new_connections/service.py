"""What an applicant does: apply with a letter, look, withdraw, give another letter."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from chassis import clock
from chassis.errors import FieldError
from chassis.principal import Principal
from malang.twuin.v1 import new_connections_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import keyset, network
from twuin.new_connections import endings, errors, flow, forms, letters, model, record
from twuin.new_connections.forms import Form, Paper
from twuin.new_connections.means import Means
from twuin.new_connections.model import OPEN, State
from twuin.new_connections.tables import ApplicationRow, DocumentRow, LetterRow, StepRow, new_connection_numbers

NEEDED_LOA = 2
_OPEN = [state.value for state in OPEN]


def apply(
    session: Session, means: Means, who: Principal, form: Form, papers: Sequence[Paper], *, wrong: Sequence[FieldError] = ()
) -> ApplicationRow:
    """Take an application whose letter is the person's own, holds today, and certifies the home that is applied for."""
    if who.loa < NEEDED_LOA:
        raise errors.AssuranceTooLow
    forms.check(session, form, wrong)
    letter = letters.own(session, who.subject, form.letter_id)
    wanted = means.address_hash(form.kelurahan, form.place)
    if letter.address_hash != wanted:
        raise errors.ProofOtherAddress(reference=letter.reference)
    _alone(session, who.subject, wanted)
    row = _written(session, means, who, form, letter)
    session.add(row)
    session.flush()
    for paper in papers:
        _keep(session, means, row, paper)
    record.changed(session, means, row, "applied", by=record.APPLICANT)
    assert row.due_on is not None
    fact = facts.NewConnectionApplied(**record.named(row), letter_id=str(letter.letter_id), due_on=row.due_on.isoformat())
    record.tell(session, row, fact)
    return row


def mine(session: Session, citizen_id: str, *, size: int, token: str) -> tuple[list[ApplicationRow], str, int]:
    """Return a page of a person's applications, newest first, the next page's token, and how many there are."""
    whose = ApplicationRow.citizen_id == citizen_id
    query = sa.select(ApplicationRow).where(whose)
    if (after := keyset.after(token)) is not None:
        query = query.where(sa.tuple_(ApplicationRow.applied_at, ApplicationRow.application_id) < (instant_of(after[0]), after[1]))
    newest = query.order_by(ApplicationRow.applied_at.desc(), ApplicationRow.application_id.desc())
    rows = list(session.scalars(newest.limit(size + 1)))
    total = session.execute(sa.select(sa.func.count()).select_from(ApplicationRow).where(whose)).scalar_one()
    return rows[:size], more(rows, size), total


def get(session: Session, citizen_id: str, application_id: uuid.UUID) -> ApplicationRow:
    """Return an application of the person's own; ApplicationNotFound otherwise."""
    row = session.scalar(
        sa.select(ApplicationRow).where(ApplicationRow.application_id == application_id, ApplicationRow.citizen_id == citizen_id)
    )
    if row is None:
        raise errors.ApplicationNotFound
    return row


def withdraw(session: Session, means: Means, citizen_id: str, application_id: uuid.UUID, reason: str) -> ApplicationRow:
    """Take an application back, with a reason, until it is paid."""
    row = record.owned(session, citizen_id, application_id)
    if row.stands in (State.INSTALLATION, State.HELD):
        raise errors.AlreadyPaid
    endings.withdraw(session, means, row, forms.reason(reason) if reason.strip() else "")
    return row


def replace_proof(session: Session, means: Means, citizen_id: str, application_id: uuid.UUID, letter_id: str) -> ApplicationRow:
    """Give another letter of the same home, before the check or while held; one that was held becomes active."""
    row = record.owned(session, citizen_id, application_id)
    if row.stands not in (State.APPLIED, State.HELD):
        raise errors.StepPassed
    letter = letters.own(session, citizen_id, letter_id)
    if letter.address_hash != row.address_hash:
        raise errors.ProofOtherAddress(reference=letter.reference)
    row.letter_id, row.letter_reference = letter.letter_id, letter.reference
    if row.stands is State.HELD:
        record.step(session, means, row, "proof_replaced", by=record.APPLICANT, note=letter.reference)
        flow.activate(session, means, row)
    else:
        record.changed(session, means, row, "proof_replaced", by=record.APPLICANT, note=letter.reference)
    return row


def steps(session: Session, application_id: uuid.UUID) -> list[StepRow]:
    """Return what happened to an application, oldest first."""
    query = sa.select(StepRow).where(StepRow.application_id == application_id).order_by(StepRow.position)
    return list(session.scalars(query))


def documents(session: Session, application_id: uuid.UUID) -> list[DocumentRow]:
    """Return an application's documents, without their bytes."""
    query = sa.select(DocumentRow).where(DocumentRow.application_id == application_id).order_by(DocumentRow.kind)
    return list(session.scalars(query))


def document(session: Session, means: Means, application_id: uuid.UUID, document_id: uuid.UUID) -> tuple[DocumentRow, bytes]:
    """Return a document of an application with its bytes; DocumentNotFound otherwise."""
    row = session.scalar(
        sa.select(DocumentRow).where(DocumentRow.document_id == document_id, DocumentRow.application_id == application_id)
    )
    if row is None:
        raise errors.DocumentNotFound
    return row, means.vault.open_bytes(row.content, bound=_document_bound(document_id))


def more(rows: Sequence[ApplicationRow], size: int) -> str:
    """Return the token of the page after `size` of these rows, empty when there is none."""
    if len(rows) <= size:
        return ""
    last = rows[size - 1]
    return keyset.token_of(last.applied_at.isoformat(), last.application_id)


def instant_of(text: str) -> dt.datetime:
    """Return the instant in a page token; InvalidFields for what is none."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError as wrong:
        raise keyset.unknown() from wrong
    if read.tzinfo is None:
        raise keyset.unknown()
    return read


def _alone(session: Session, citizen_id: str, address_hash: str) -> None:
    """Refuse a second application of a person for one home, also one that comes at the same moment."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"new_connections:{citizen_id}", 0))))
    number = session.scalar(
        sa.select(ApplicationRow.number).where(
            ApplicationRow.citizen_id == citizen_id, ApplicationRow.address_hash == address_hash, ApplicationRow.state.in_(_OPEN)
        )
    )
    if number is not None:
        raise errors.AlreadyApplied(number=number)


def _written(session: Session, means: Means, who: Principal, form: Form, letter: LetterRow) -> ApplicationRow:
    application_id, now, today = uuid.uuid4(), clock.now(), clock.today()
    zone = network.zone_of(form.kelurahan)
    assert zone is not None
    latitude, longitude = form.position or (None, None)
    return ApplicationRow(
        application_id=application_id,
        number=f"SB-{today:%y}-{session.scalar(sa.select(new_connection_numbers.next_value())):06}",
        citizen_id=who.subject, state=State.APPLIED.value, version=0, letter_id=letter.letter_id,
        letter_reference=letter.reference, address_hash=letter.address_hash, kelurahan=form.kelurahan, zone=zone.code,
        home=means.seal(application_id, "home", form.place), applicant=means.seal(application_id, "applicant", form.applicant),
        initials=model.initials(form.applicant.name), latitude=latitude, longitude=longitude,
        main_distance_m=_main_distance(form.position), tariff_group=form.tariff_group,
        due_on=means.due(State.APPLIED), reason="", work_order_number="", visits=0, cost=[], amount=0,
        connection_number="", applied_at=now, updated_at=now,
    )  # fmt: skip


def _main_distance(position: tuple[float, float] | None) -> int:
    return -1 if position is None else round(network.nearest_main(*position)[1])


def _keep(session: Session, means: Means, row: ApplicationRow, paper: Paper) -> None:
    document_id = uuid.uuid4()
    session.add(
        DocumentRow(
            document_id=document_id, application_id=row.application_id, kind=paper.kind, file_name=paper.file_name,
            media_type=paper.media_type, size=len(paper.content),
            content=means.vault.seal_bytes(paper.content, bound=_document_bound(document_id)),
        )
    )  # fmt: skip


def _document_bound(document_id: uuid.UUID) -> str:
    return f"new_connection_documents:{document_id}:content"
