"""Tables of letters and the queries over them; private to this capability."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, Date, DateTime, Integer, LargeBinary, Select, Text, UniqueConstraint, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from singo.letters.model import LetterState
from singo.schema import Base

Moment = DateTime(timezone=True)


class LetterCounter(Base):
    """The last number given in one series in one year. Its row is locked while a number is given."""

    __tablename__ = "letter_counter"

    series: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Letter(Base):
    """One letter. What stands on it is sealed; the signed PDF lies in the file store under `path`."""

    __tablename__ = "letter"
    __table_args__ = (UniqueConstraint("series", "year", "ordinal"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(Text)
    citizen_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    kelurahan: Mapped[str] = mapped_column(Text)
    series: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    ordinal: Mapped[int] = mapped_column(Integer)
    number: Mapped[str] = mapped_column(Text, unique=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    office: Mapped[str] = mapped_column(Text)
    signatory: Mapped[str] = mapped_column(Text)
    page: Mapped[bytes] = mapped_column(LargeBinary)
    reserved_at: Mapped[dt.datetime] = mapped_column(Moment)
    valid_until: Mapped[dt.date | None] = mapped_column(Date)
    signed_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    signed_by: Mapped[str] = mapped_column(Text, default="")
    signer: Mapped[str] = mapped_column(Text, default="")
    certified: Mapped[bool] = mapped_column(default=False)
    timestamped: Mapped[bool] = mapped_column(default=False)
    sha256: Mapped[str] = mapped_column(Text, default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    path: Mapped[str] = mapped_column(Text, default="", index=True)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    revoked_by: Mapped[str] = mapped_column(Text, default="")
    revocation_reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(BigInteger, default=1)


ISSUED = select(Letter).where(Letter.state == LetterState.ISSUED.value)


def lock_series(session: Session, series: str, year: int) -> LetterCounter:
    """Return the counter of a series, made where there is none, locked until the transaction ends."""
    session.execute(insert(LetterCounter).values(series=series, year=year, last=0).on_conflict_do_nothing())
    counted = select(LetterCounter).where(LetterCounter.series == series, LetterCounter.year == year)
    return session.execute(counted.with_for_update().execution_options(populate_existing=True)).scalar_one()


def of_application(application_id: uuid.UUID) -> Select[Letter]:
    """Select the letter of an application, in any state."""
    return select(Letter).where(Letter.application_id == application_id)


def of_holder(letter_id: uuid.UUID, citizen_id: str) -> Select[Letter]:
    """Select one issued letter of its holder."""
    return ISSUED.where(Letter.id == letter_id, Letter.citizen_id == citizen_id)


def newest_of(citizen_id: str, after: tuple[dt.datetime, uuid.UUID] | None, size: int) -> Select[Letter]:
    """Page through a holder's letters from the newest on; one row more than `size` tells that there is a next page."""
    return newest_first(ISSUED.where(Letter.citizen_id == citizen_id), after, size)


def of_area(areas: frozenset[str]) -> Select[Letter]:
    """Select the issued letters of some kelurahan; "*" means all of them."""
    return ISSUED if "*" in areas else ISSUED.where(Letter.kelurahan.in_(sorted(areas)))


def newest_first(query: Select[Letter], after: tuple[dt.datetime, uuid.UUID] | None, size: int) -> Select[Letter]:
    """Page through `query` from the newest on; one row more than `size` tells that there is a next page."""
    if after is not None:
        query = query.where(tuple_(Letter.signed_at, Letter.id) < after)
    return query.order_by(Letter.signed_at.desc(), Letter.id.desc()).limit(size + 1)
