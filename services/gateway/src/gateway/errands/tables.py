"""Tables of errands and their steps; private to the capability."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.schema import Base


class ErrandRow(Base):
    """A person's errand at one agency, as its facts told it."""

    __tablename__ = "errand"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[uuid.UUID]
    agency: Mapped[str] = mapped_column(Text)  # singo, twuin
    kind: Mapped[str] = mapped_column(Text)  # letter, complaint, new_connection, bill
    subject_id: Mapped[uuid.UUID]  # what the agency knows it by
    reference: Mapped[str] = mapped_column(Text)  # number that a person reads; empty where there is none
    detail: Mapped[str] = mapped_column(Text)  # code of the kind of letter or category, or the period of a bill
    state: Mapped[str] = mapped_column(Text)
    open: Mapped[bool]
    with_whom: Mapped[str] = mapped_column(Text)  # code of who has it; empty for nobody
    due_on: Mapped[str] = mapped_column(Text)  # day until which it is to be done; empty for none
    rank: Mapped[int]  # of the topic that told the state: a later part of the errand outranks an earlier one
    sequence: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    __table_args__ = (
        UniqueConstraint("subject_id", "kind", "citizen_id"),
        Index("ix_errand_page", "citizen_id", "updated_at", "id"),
    )


class StepRow(Base):
    """A step of an errand; a fact of one version of its aggregate is one step, however often it is told."""

    __tablename__ = "errand_step"
    errand_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("errand.id", ondelete="CASCADE"), primary_key=True)
    fact: Mapped[str] = mapped_column(Text, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
