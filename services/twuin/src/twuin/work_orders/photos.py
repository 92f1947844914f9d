"""Photos of the work, kept sealed; and those of citizens' reports, which singo keeps and hands out one at a time."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from chassis import clock, telemetry
from chassis.crypto import Vault
from chassis.errors import NotFound, Refused
from chassis.files import FileStore
from chassis.pictures import Picture, cleaned
from chassis.principal import Principal
from chassis.rpc import Failure, Upstream
from malang.singo.v1.complaints_pb2 import FetchPhotoRequest
from malang.singo.v1.complaints_pb2_grpc import ComplaintsStub
from sqlalchemy.orm import Session

from twuin.work_orders import field
from twuin.work_orders.service import changed
from twuin.work_orders.tables import WorkOrderRow, WorkPhotoRow

FOLDER = "work"
MOST = 6

log = telemetry.logger(__name__)


class WorkPhotoNotFound(NotFound):
    """There is no such photo of this order."""

    id = "Foto tidak ditemukan."
    en = "There is no such photo."


class TooManyPhotos(Refused):
    """An order has as many photos as it may have."""

    id = "Paling banyak {most} foto untuk satu pekerjaan."
    en = "At most {most} photos for one work order."


class Content(NamedTuple):
    """A photo's media type and bytes."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Album:
    """Where photos lie, the keys that seal them, and how singo is asked (None: it is not)."""

    vault: Vault
    files: FileStore
    singo: Callable[[], Upstream] | None = None

    def store(self, work_order_id: uuid.UUID, content: bytes) -> tuple[Picture, str, str]:
        """Make a photo anew and store it, outside of any transaction; return it with its path and SHA-256."""
        picture = cleaned(content)
        sha256 = hashlib.sha256(picture.content).hexdigest()
        path = f"{FOLDER}/{work_order_id}/{sha256}"
        self.put(path, picture)
        return picture, path, sha256

    def put(self, path: str, picture: Picture) -> None:
        """Store a photo's bytes sealed."""
        self.files.put(path, self.vault.seal_bytes(picture.content, bound=f"file:{path}"))

    def content(self, photo: WorkPhotoRow) -> Content:
        """Return the bytes of a photo, wherever it is kept."""
        return self.kept(photo) if photo.complaint_id is None else self.reported(photo.complaint_id, photo.photo_id)

    def kept(self, photo: WorkPhotoRow) -> Content:
        """Return the bytes of a photo that is kept here; a store that lies is an error, not a photo."""
        content = self.vault.open_bytes(self.files.get(photo.path), bound=f"file:{photo.path}")
        if hashlib.sha256(content).hexdigest() != photo.sha256:
            raise ValueError(f"photo {photo.photo_id} is not what was stored")
        return Content(photo.media_type, content)

    def reported(self, complaint_id: uuid.UUID, photo_id: str) -> Content:
        """Return a photo of a citizen's report from singo; a sentence that says so while singo is away."""
        if self.singo is None:
            raise _away()
        try:
            answer = (
                self.singo().stub(ComplaintsStub).FetchPhoto(FetchPhotoRequest(complaint_id=str(complaint_id), photo_id=photo_id))
            )
        except Failure as failure:
            if failure.kind == "not_found":
                raise WorkPhotoNotFound from failure
            log.warning("photo_away", kind=failure.kind, code=failure.code)
            raise _away(failure.retry_after) from failure
        return Content(answer.photo.media_type, answer.content)


def add(session: Session, album: Album, who: Principal, work_order_id: uuid.UUID, stored: tuple[Picture, str, str]) -> WorkOrderRow:
    """Add a stored photo to an order that one has accepted; the same photo again changes nothing."""
    row, (picture, path, sha256) = field.working(session, who, work_order_id), stored
    present = [photo for photo in of(session, work_order_id) if photo.complaint_id is None]
    if any(photo.sha256 == sha256 for photo in present):
        return row
    if len(present) >= MOST:
        raise TooManyPhotos(most=MOST)
    if not album.files.exists(path):  # the job that cleans up took it just before the row was locked
        album.put(path, picture)
    session.add(
        WorkPhotoRow(
            work_order_id=work_order_id, photo_id=str(uuid.uuid4()), complaint_id=None, media_type=picture.media_type,
            size=len(picture.content), sha256=sha256, path=path, at=clock.now(),
        )
    )  # fmt: skip
    changed(session, row, "photo", field.CREW, who.subject)
    return row


def of(session: Session, work_order_id: uuid.UUID) -> list[WorkPhotoRow]:
    """Return the photos of an order, oldest first."""
    query = sa.select(WorkPhotoRow).where(WorkPhotoRow.work_order_id == work_order_id)
    return list(session.scalars(query.order_by(WorkPhotoRow.at, WorkPhotoRow.photo_id)))


def find(session: Session, work_order_id: uuid.UUID, photo_id: str) -> WorkPhotoRow:
    """Return one photo of an order; WorkPhotoNotFound otherwise."""
    row = session.get(WorkPhotoRow, (work_order_id, photo_id))
    if row is None:
        raise WorkPhotoNotFound
    session.expunge(row)
    return row


def unused(session: Session, work_order_id: uuid.UUID, path: str) -> bool:
    """Tell whether no row names a stored file, with the order locked so that none comes to."""
    session.execute(sa.select(WorkOrderRow.work_order_id).where(WorkOrderRow.work_order_id == work_order_id).with_for_update())
    return session.scalar(sa.select(WorkPhotoRow.photo_id).where(WorkPhotoRow.path == path).limit(1)) is None


def _away(retry_after: float | None = None) -> Failure:
    return Failure(
        "unavailable", "photo_away",
        "Foto warga ada di Singo, yang sedang tidak dapat dihubungi. Pekerjaan tetap dapat dilanjutkan.",
        "The citizen's photo is kept by Singo, which cannot be reached now. The work can go on without it.",
        retry_after=retry_after,
    )  # fmt: skip
