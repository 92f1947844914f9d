"""Tables of applications and the queries over them; private to this capability."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Select,
    Text,
    UniqueConstraint,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from singo.applications.model import Standing, State
from singo.charter import Clock
from singo.schema import Base

Moment = DateTime(timezone=True)


class Application(Base):
    """One application. What a person typed or is (fields, applicant) is sealed."""

    __tablename__ = "application"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(Text, unique=True)
    citizen_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    kelurahan: Mapped[str] = mapped_column(Text, server_default="")
    state: Mapped[str] = mapped_column(Text)
    checks: Mapped[int] = mapped_column(Integer, server_default="0")
    claimed_by: Mapped[str] = mapped_column(Text, server_default="")
    due_on: Mapped[dt.date | None]
    days_left: Mapped[int | None] = mapped_column(Integer)
    fields: Mapped[bytes] = mapped_column(LargeBinary)
    applicant: Mapped[bytes | None] = mapped_column(LargeBinary)
    initials: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    updated_at: Mapped[dt.datetime] = mapped_column(Moment)
    submitted_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    letter_id: Mapped[uuid.UUID | None]
    signer_id: Mapped[str] = mapped_column(Text, server_default="")
    signer_name: Mapped[str] = mapped_column(Text, server_default="")
    signing_until: Mapped[dt.datetime | None] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")

    attachments: Mapped[list[Attachment]] = relationship(order_by="Attachment.created_at", cascade="all, delete-orphan")
    timeline: Mapped[list[TimelineEntry]] = relationship(order_by="TimelineEntry.id", cascade="all, delete-orphan")

    @property
    def standing(self) -> Standing:
        """The state machine's view of this row."""
        return Standing(State(self.state), self.checks, self.claimed_by, Clock(self.due_on, self.days_left))

    def stand(self, standing: Standing) -> None:
        """Take over what the state machine said."""
        self.state, self.checks, self.claimed_by = standing.state.value, standing.checks, standing.claimed_by
        self.due_on, self.days_left = standing.clock.due_on, standing.clock.left


# What is paused has no day; it comes last.
QUEUE_DAY = func.coalesce(Application.due_on, literal(dt.date.max))


class Attachment(Base):
    """A document of an application; its bytes lie sealed in the file store under `path`."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("application_id", "requirement", "sha256", name="uq_attachment_document"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"), index=True)
    requirement: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text, index=True)
    created_at: Mapped[dt.datetime] = mapped_column(Moment)


class TimelineEntry(Base):
    """What happened to an application; never changed."""

    __tablename__ = "timeline_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"), index=True)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    event: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")  # of the application after it; 0: not kept yet then
    due_on: Mapped[dt.date | None]


def of_citizen(application_id: uuid.UUID, citizen_id: str) -> Select[Application]:
    """Select one application of its owner."""
    return select(Application).where(Application.id == application_id, Application.citizen_id == citizen_id)


def of_area(areas: frozenset[str]) -> Select[Application]:
    """Select the handed-in applications of some kelurahan; "*" means all of them."""
    handed_in = select(Application).where(Application.state != State.DRAFT.value, Application.kelurahan != "")
    return handed_in if "*" in areas else handed_in.where(Application.kelurahan.in_(sorted(areas)))


def locked(session: Session, query: Select[Application]) -> Application | None:
    """Return the row of `query`, locked until the transaction ends and read afresh."""
    return session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()


def newest_first(query: Select[Application], after: tuple[dt.datetime, uuid.UUID] | None, size: int) -> Select[Application]:
    """Page through `query` from the newest on; one row more than `size` tells that there is a next page."""
    if after is not None:
        query = query.where(tuple_(Application.created_at, Application.id) < after)
    return query.order_by(Application.created_at.desc(), Application.id.desc()).limit(size + 1)


def oldest_due_first(query: Select[Application], after: tuple[dt.date, uuid.UUID] | None, size: int) -> Select[Application]:
    """Page through `query` from what is due first on; one row more than `size` tells that there is a next page."""
    if after is not None:
        query = query.where(tuple_(QUEUE_DAY, Application.id) > after)
    return query.order_by(QUEUE_DAY, Application.id).limit(size + 1)
