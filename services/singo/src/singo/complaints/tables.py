"""Tables of complaints and the queries over them; private to this capability."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any, TypeAlias, cast

from chassis.db import Read
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    Select,
    Table,
    Text,
    UniqueConstraint,
    any_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from singo.complaints.model import Standing, State
from singo.schema import Base

Moment = DateTime(timezone=True)
COUNTED = 1000  # rows of a queue that are counted; a person needs no exact number beyond


class Complaint(Base):
    """One complaint. What its reporter wrote (text, address, rating_text) is sealed; `due_on` is of the clock that runs."""

    __tablename__ = "complaint"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    reporter_id: Mapped[str] = mapped_column(Text)
    reporter_kind: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    kelurahan: Mapped[str] = mapped_column(Text)
    water: Mapped[bool]
    state: Mapped[str] = mapped_column(Text)
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    text: Mapped[bytes] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    photos: Mapped[int] = mapped_column(Integer, server_default="0")
    assigned_to: Mapped[str] = mapped_column(Text, server_default="")
    responded: Mapped[bool] = mapped_column(server_default="false")
    respond_by: Mapped[dt.date]
    resolve_by: Mapped[dt.date]
    due_on: Mapped[dt.date | None]
    visit: Mapped[int] = mapped_column(Integer, server_default="1")
    visit_at: Mapped[dt.datetime] = mapped_column(Moment)
    followers: Mapped[int] = mapped_column(Integer, server_default="0")
    rating: Mapped[int] = mapped_column(Integer, server_default="0")
    rating_text: Mapped[bytes | None] = mapped_column(LargeBinary)
    water_reference: Mapped[str] = mapped_column(Text, server_default="")
    water_sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    filed_at: Mapped[dt.datetime] = mapped_column(Moment)
    updated_at: Mapped[dt.datetime] = mapped_column(Moment)
    resolved_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    reopen_until: Mapped[dt.datetime | None] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")

    def stand(self, standing: Standing) -> None:
        """Take over what the state machine said."""
        self.state, self.assigned_to, self.responded = standing.state.value, standing.assigned_to, standing.responded
        self.respond_by, self.resolve_by, self.due_on = standing.respond_by, standing.resolve_by, standing.due_on
        self.visit, self.rating, self.reopen_until = standing.visit, standing.rating, standing.reopen_until


Seen: TypeAlias = Complaint | Row[Any]  # a row to be changed, or one that is only read


class Photo(Base):
    """A photo of a complaint, made anew without metadata; its bytes lie sealed in the file store under `path`."""

    __tablename__ = "complaint_photo"
    __table_args__ = (UniqueConstraint("complaint_id", "ordinal"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id", ondelete="CASCADE"))
    ordinal: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)


class Step(Base):
    """What happened to a complaint; never changed. `ordinal` is the version that it made; the note is sealed."""

    __tablename__ = "complaint_step"

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    event: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str] = mapped_column(Text)
    note: Mapped[bytes | None] = mapped_column(LargeBinary)


class Follower(Base):
    """A citizen who is told what happens to somebody else's complaint."""

    __tablename__ = "complaint_follower"

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id", ondelete="CASCADE"), primary_key=True)
    citizen_id: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[dt.datetime] = mapped_column(Moment)


ALL = select(*Complaint.__table__.c)
PHOTOS, STEPS = cast("Table", Photo.__table__), cast("Table", Step.__table__)
_STEPS_OF = select(*STEPS.c).where(STEPS.c.complaint_id == bindparam("complaint")).order_by(STEPS.c.ordinal)
_PHOTOS_OF = select(*PHOTOS.c).where(PHOTOS.c.complaint_id == bindparam("complaint")).order_by(PHOTOS.c.ordinal)
# What a reporter reads most: statements of the driver alone, each a single round trip.
MINE = Read(ALL.where(Complaint.id == bindparam("complaint"), Complaint.reporter_id == bindparam("reporter")))
READ_STEPS, READ_PHOTOS = Read(_STEPS_OF), Read(_PHOTOS_OF)
OPEN = Complaint.due_on.is_not(None)


def standing(row: Seen) -> Standing:
    """Return the state machine's view of a row."""
    return Standing(
        State(row.state), row.respond_by, row.resolve_by, row.assigned_to, row.responded, row.visit, row.rating, row.reopen_until
    )  # fmt: skip


# What a desk and a reporter change: one row, locked and read afresh; `areas` is an array, `everywhere` lifts it.
_ONE = select(Complaint).with_for_update().execution_options(populate_existing=True)
_BY_ID = _ONE.where(Complaint.id == bindparam("complaint"))
OF_DESK = _BY_ID.where(
    or_(bindparam("everywhere", type_=Boolean), Complaint.kelurahan == any_(bindparam("areas", type_=ARRAY(Text))))
)
OF_REPORTER = _BY_ID.where(Complaint.reporter_id == bindparam("reporter"))
NUMBERED = _ONE.where(Complaint.number == bindparam("number"))


def of_area(query: Select[Any], areas: frozenset[str]) -> Select[Any]:
    """Narrow a query to some kelurahan; "*" means all of them."""
    return query if "*" in areas else query.where(Complaint.kelurahan.in_(sorted(areas)))


def locked(session: Session, one: Select[Complaint], **values: object) -> Complaint | None:
    """Return the row of OF_DESK, OF_REPORTER or NUMBERED, locked until the transaction ends and read afresh."""
    return session.execute(one, values).scalar_one_or_none()


def newest_first(query: Select[Any], after: tuple[dt.datetime, uuid.UUID] | None, size: int) -> Select[Any]:
    """Page through `query` from the newest on; one row more than `size` tells that there is a next page."""
    if after is not None:
        query = query.where(tuple_(Complaint.filed_at, Complaint.id) < after)
    return query.order_by(Complaint.filed_at.desc(), Complaint.id.desc()).limit(size + 1)


def due_first(query: Select[Any], after: tuple[dt.date, uuid.UUID] | None, size: int) -> Select[Any]:
    """Page through the open ones of `query` from what is due first on."""
    query = query.where(OPEN)
    if after is not None:
        query = query.where(tuple_(Complaint.due_on, Complaint.id) > after)
    return query.order_by(Complaint.due_on, Complaint.id).limit(size + 1)


def counted(session: Session, query: Select[Any]) -> int:
    """Return how many rows `query` has, COUNTED at most."""
    few = query.with_only_columns(Complaint.id).order_by(None).limit(COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def steps_of(session: Session, complaint_id: uuid.UUID) -> Sequence[Row[Any]]:
    """Return the steps of a complaint, in order."""
    return session.execute(_STEPS_OF, {"complaint": complaint_id}).all()


def photos_of(session: Session, complaint_id: uuid.UUID) -> Sequence[Row[Any]]:
    """Return the photos of a complaint, in order."""
    return session.execute(_PHOTOS_OF, {"complaint": complaint_id}).all()


def followers_of(session: Session, complaint_id: uuid.UUID) -> Sequence[str]:
    """Return who follows a complaint."""
    return session.scalars(select(Follower.citizen_id).where(Follower.complaint_id == complaint_id).order_by(Follower.since)).all()


def followed_by(session: Session, citizen: str, among: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of some complaints a citizen follows."""
    if not among:
        return set()
    query = select(Follower.complaint_id).where(Follower.citizen_id == citizen, Follower.complaint_id.in_(among))
    return set(session.scalars(query))
