"""Rows to messages of the contract, and back."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import new_connections_pb2 as pb
from sqlalchemy.orm import Session

from twuin.new_connections import forms, service
from twuin.new_connections.forms import Form, Upload
from twuin.new_connections.means import Applicant, Means, Place
from twuin.new_connections.model import CostLine, Proof, with_whom
from twuin.new_connections.tables import ApplicationRow, DocumentRow


def form(request: pb.ApplyRequest) -> Form:
    """Return what was sent, on one line each."""
    position = None if request.latitude == request.longitude == 0 else (request.latitude, request.longitude)
    return Form(
        letter_id=request.letter_id,
        place=Place(forms.tidied(request.address), request.rt.strip(), request.rw.strip()),
        kelurahan=request.kelurahan.strip(), position=position, tariff_group=request.tariff_group.strip(),
        applicant=Applicant(forms.tidied(request.applicant.name), request.applicant.phone.strip()),
    )  # fmt: skip


def uploads(request: pb.ApplyRequest) -> list[Upload]:
    """Return the pictures that were sent."""
    return [Upload(each.kind, each.file_name, each.content) for each in request.documents]


def line(row: ApplicationRow) -> pb.NewConnection:
    """Return an application as it stands in a list: without home, documents and steps."""
    return pb.NewConnection(
        application_id=str(row.application_id), number=row.number, state=row.state,  # type: ignore[arg-type]  # the enum's number
        letter_id=str(row.letter_id), letter_reference=row.letter_reference, kelurahan=row.kelurahan, zone=row.zone,
        tariff_group=row.tariff_group, with_whom=with_whom(row.stands), due_on=row.due_on.isoformat() if row.due_on else "",
        amount=row.amount, bill_id=str(row.bill_id or ""), connection_number=row.connection_number, reason=row.reason,
        connection_id=str(row.connection_id or ""), applied_at=instant(row.applied_at), updated_at=instant(row.updated_at),
        late=row.due_on is not None and row.due_on < clock.today(), version=row.version, applicant_initials=row.initials,
        work_order_number=row.work_order_number, main_distance_m=row.main_distance_m,
    )  # fmt: skip


def own_line(row: ApplicationRow, means: Means) -> pb.NewConnection:
    """Return an application as it stands in its applicant's list: with its home."""
    message, place = line(row), means.place(row)
    message.address, message.rt, message.rw = place.address, place.rt, place.rw
    return message


def whole(session: Session, row: ApplicationRow, means: Means) -> pb.NewConnection:
    """Return all of an application but who applied."""
    message = own_line(row, means)
    message.latitude, message.longitude = row.latitude or 0, row.longitude or 0
    message.reason_text = means.text(row, "reason_text", row.reason_text)
    for each in (CostLine(*part) for part in row.cost):
        message.cost.add(code=each.code, quantity=each.quantity, unit_price=each.unit_price, amount=each.amount)
    for step in service.steps(session, row.application_id):
        note = means.text(row, "note", step.note)
        message.steps.add(at=instant(step.at), event=step.event, actor=step.actor, note=note)
    message.documents.extend(document(each) for each in service.documents(session, row.application_id))
    return message


def document(row: DocumentRow) -> pb.Document:
    """Return a document without its bytes."""
    return pb.Document(
        document_id=str(row.document_id), kind=row.kind, file_name=row.file_name, media_type=row.media_type, size=row.size
    )


def proof(found: Proof | None) -> pb.Proof | None:
    """Return a letter and what stands against it."""
    if found is None:
        return None
    return pb.Proof(
        letter_id=str(found.letter_id), kind=found.kind, reference=found.reference,
        valid_until=found.valid_until.isoformat() if found.valid_until else "", revoked=found.revoked,
        usable=found.flaw is None, reason=found.flaw or "", signed_at=instant(found.signed_at) if found.signed_at else None,
    )  # fmt: skip


def instant(at: dt.datetime) -> Timestamp:
    """Return an aware instant as a message."""
    message = Timestamp()
    message.FromDatetime(at)
    return message
