"""The documents that a citizen attaches. Bytes are stored before their row; a row never names what is not there."""

from __future__ import annotations

import hashlib
import uuid
from typing import ClassVar

from chassis import clock
from chassis.errors import FieldError, InvalidFields, NotFound, Refused
from chassis.principal import Principal
from sqlalchemy import select
from sqlalchemy.orm import Session

from singo.applications import record
from singo.applications.contents import Document, recognise
from singo.applications.means import Means
from singo.applications.model import Action
from singo.applications.service import own, read
from singo.applications.tables import Application, Attachment

MOST = 10


class AttachmentNotFound(NotFound):
    """There is no such document for this person."""

    id: ClassVar[str] = "Lampiran tidak ditemukan."
    en: ClassVar[str] = "The attachment was not found."


class TooManyAttachments(Refused):
    """An application has as many documents as it may have."""

    id: ClassVar[str] = "Paling banyak {most} lampiran untuk satu permohonan."
    en: ClassVar[str] = "At most {most} attachments for one application."


def examine(session: Session, means: Means, who: Principal, application_id: str, requirement: str) -> uuid.UUID:
    """Return the id of the citizen's own application if its kind asks for `requirement`; nothing is stored for strangers."""
    row = read(session, who, application_id)
    if means.charter.kind(row.kind).requirement(requirement) is None:
        raise InvalidFields(
            fields=[
                FieldError(
                    "requirement", "enum", "Dokumen itu tidak diminta layanan ini.", "This service does not ask for that document."
                )
            ]
        )
    return row.id


def store(means: Means, application_id: uuid.UUID, file_name: str, content: bytes) -> tuple[Document, str, str]:
    """Recognise a document and store what is kept of it, outside of any transaction; return it, its path and its SHA-256."""
    document = recognise(file_name, content)
    path, sha256 = means.store(application_id, document.content)
    return document, path, sha256


def attach(
    session: Session,
    means: Means,
    who: Principal,
    application_id: str,
    *,
    requirement: str,
    stored: tuple[Document, str, str],
) -> Application:
    """Add a stored document to a draft or a returned application; the same document again changes nothing."""
    row, (document, path, sha256) = own(session, who, application_id), stored
    row.standing.require(Action.EDIT)
    if any((each.requirement, each.sha256) == (requirement, sha256) for each in row.attachments):
        return row
    if len(row.attachments) >= MOST:
        raise TooManyAttachments(most=MOST)
    if not means.files.exists(path):  # the job that cleans up took it just before the row was locked
        means.store(row.id, document.content)
    row.attachments.append(
        Attachment(
            id=uuid.uuid4(), requirement=requirement, file_name=document.file_name, media_type=document.media_type,
            size=len(document.content), sha256=sha256, path=path, created_at=clock.now(),
        )
    )  # fmt: skip
    record.touch(row)
    session.flush()
    return row


def remove(session: Session, who: Principal, application_id: str, attachment_id: str) -> Application:
    """Take a document out of a draft or a returned application; its bytes are cleaned up by a job."""
    row = own(session, who, application_id)
    row.standing.require(Action.EDIT)
    row.attachments.remove(find(row, attachment_id))
    record.touch(row)
    session.flush()
    return row


def mine(session: Session, who: Principal, application_id: str, attachment_id: str) -> Attachment:
    """Return a document of the citizen's own application."""
    return find(read(session, who, application_id), attachment_id)


def find(application: Application, attachment_id: str) -> Attachment:
    """Return one of an application's documents; AttachmentNotFound otherwise."""
    found = [each for each in application.attachments if str(each.id) == attachment_id]
    if not found:
        raise AttachmentNotFound
    return found[0]


def unused(session: Session, application_id: uuid.UUID, path: str) -> bool:
    """Tell whether no row names a stored file, with the application locked so that none comes to."""
    session.execute(select(Application.id).where(Application.id == application_id).with_for_update())
    return session.scalar(select(Attachment.id).where(Attachment.path == path).limit(1)) is None


def verify(attachment: Attachment, content: bytes) -> bytes:
    """Return `content` if it is what was attached; a store that lies is an error, not a document."""
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise ValueError(f"attachment {attachment.id} is not what was stored")
    return content
