"""Pictures that a form already took while something else on it is still to be mended; encrypted, for two hours, of one person."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from chassis import clock
from chassis.crypto import Vault
from sqlalchemy import Index, Text, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from gateway.schema import Base

KEEP = dt.timedelta(hours=2)
MOST = 12  # of one person at once; the oldest go first


class KeptPicture(Base):
    """A picture as it was chosen, unchecked: the service that takes the form checks it."""

    __tablename__ = "kept_picture"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    content_sealed: Mapped[bytes]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    __table_args__ = (Index("ix_kept_picture_person", "person", "created_at"),)


@dataclass(frozen=True, slots=True)
class Picture:
    """A kept picture; size in bytes."""

    id: str
    name: str
    size: int
    content: bytes


def keep(session: Session, vault: Vault, person: str, name: str, content: bytes) -> Picture:
    """Keep a picture of `person` (kind:id); what is beyond the number of pictures kept goes, the oldest first."""
    identity = uuid.uuid4()
    session.execute(
        insert(KeptPicture).values(
            id=identity, person=person, name=name, size=len(content), created_at=clock.now(),
            content_sealed=vault.seal_bytes(content, bound=_bound(identity)),
        )
    )  # fmt: skip
    stale = select(KeptPicture.id).where(KeptPicture.person == person).order_by(KeptPicture.created_at.desc()).offset(MOST)
    session.execute(delete(KeptPicture).where(KeptPicture.id.in_(stale.scalar_subquery())))
    return Picture(str(identity), name, len(content), content)


def kept(session: Session, vault: Vault, person: str, ids: Sequence[str]) -> list[Picture]:
    """Return those of `ids` that are kept for `person`, in the order asked for."""
    wanted = [identity for each in ids if (identity := _uuid(each))]
    query = select(KeptPicture).where(
        KeptPicture.id.in_(wanted), KeptPicture.person == person, KeptPicture.created_at > clock.now() - KEEP
    )
    found = {row.id: row for row in session.scalars(query)}
    rows = [found[identity] for identity in dict.fromkeys(wanted) if identity in found]
    return [Picture(str(row.id), row.name, row.size, vault.open_bytes(row.content_sealed, bound=_bound(row.id))) for row in rows]


def forget(session: Session, person: str, ids: Sequence[str]) -> None:
    """Forget pictures of `person`."""
    wanted = [identity for each in ids if (identity := _uuid(each))]
    session.execute(delete(KeptPicture).where(KeptPicture.id.in_(wanted), KeptPicture.person == person))


def purge(session: Session) -> None:
    """Forget pictures whose form never came right."""
    session.execute(delete(KeptPicture).where(KeptPicture.created_at < clock.now() - KEEP))


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _bound(identity: uuid.UUID) -> str:
    return f"kept_picture:{identity}:content"
