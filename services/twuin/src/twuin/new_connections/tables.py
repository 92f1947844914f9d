"""Applications for new connections with their steps and documents, and the letters that prove a home."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from twuin.new_connections.model import Letter, Proof, State
from twuin.schema import Base

_Instant = sa.DateTime(timezone=True)
_IS_OPEN = sa.text("state <= 5")

new_connection_numbers = sa.Sequence("new_connection_numbers", metadata=Base.metadata)


class LetterRow(Base):
    """What singo's facts said of a letter. One that is only known as revoked has no `signed_at` yet."""

    __tablename__ = "proof_letters"
    __table_args__ = (sa.Index("ix_proof_letters_citizen_id", "citizen_id"),)

    letter_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    citizen_id: Mapped[str] = mapped_column(sa.Text)  # holder
    kind: Mapped[str] = mapped_column(sa.Text)
    reference: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.Text)
    signed_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
    valid_until: Mapped[dt.date | None] = mapped_column(sa.Date)
    address_hash: Mapped[str] = mapped_column(sa.Text)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(_Instant)
    sequence: Mapped[int] = mapped_column(sa.BigInteger)

    @property
    def letter(self) -> Letter:
        """The rules' view of this row."""
        return Letter(self.kind, self.valid_until, self.address_hash, revoked=self.revoked_at is not None)

    def proof(self, today: dt.date) -> Proof:
        """Return the letter as its holder and the desk see it."""
        return Proof(
            self.letter_id,
            self.kind,
            self.reference,
            self.valid_until,
            self.signed_at,
            self.letter.revoked,
            self.letter.flaw(today),
        )


class ApplicationRow(Base):
    """An application for a new connection; home and applicant are sealed, bound to "new_connections:<id>:<column>"."""

    __tablename__ = "new_connections"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.CheckConstraint("state between 1 and 9", name="known_state"),
        sa.CheckConstraint("(state <= 5) = (due_on is not null)", name="open_has_due_day"),
        sa.Index("ix_new_connections_citizen", "citizen_id", "applied_at", "application_id"),
        sa.Index("ix_new_connections_queue", "state", "applied_at", "application_id", postgresql_where=_IS_OPEN),
        sa.Index("uq_new_connections_home", "citizen_id", "address_hash", unique=True, postgresql_where=_IS_OPEN),
        sa.Index("ix_new_connections_bill_id", "bill_id", postgresql_where=sa.text("bill_id is not null")),
    )

    application_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(sa.Text)
    citizen_id: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    version: Mapped[int] = mapped_column(sa.BigInteger)
    letter_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    letter_reference: Mapped[str] = mapped_column(sa.Text)
    address_hash: Mapped[str] = mapped_column(sa.Text)
    kelurahan: Mapped[str] = mapped_column(sa.Text)
    zone: Mapped[str] = mapped_column(sa.Text)
    home: Mapped[bytes] = mapped_column(sa.LargeBinary)
    applicant: Mapped[bytes] = mapped_column(sa.LargeBinary)
    initials: Mapped[str] = mapped_column(sa.Text)
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    main_distance_m: Mapped[int] = mapped_column(sa.Integer)  # -1 = not known
    tariff_group: Mapped[str] = mapped_column(sa.Text)
    due_on: Mapped[dt.date | None] = mapped_column(sa.Date)
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    reason_text: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    work_order_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    work_order_number: Mapped[str] = mapped_column(sa.Text, default="")
    visits: Mapped[int] = mapped_column(sa.Integer, default=0)  # of the present step
    cost: Mapped[list[list[Any]]] = mapped_column(JSONB)  # code, quantity, rupiah each
    amount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    bill_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    connection_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)  # planned, then active
    connection_number: Mapped[str] = mapped_column(sa.Text, default="")
    meter: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # what the installation left behind
    applied_at: Mapped[dt.datetime] = mapped_column(_Instant)
    updated_at: Mapped[dt.datetime] = mapped_column(_Instant)

    @property
    def stands(self) -> State:
        """Where it stands."""
        return State(self.state)


class StepRow(Base):
    """What happened to an application; never changed. `actor` is a role's code: nobody's name."""

    __tablename__ = "new_connection_steps"

    application_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("new_connections.application_id"), primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(_Instant)
    event: Mapped[str] = mapped_column(sa.Text)
    actor: Mapped[str] = mapped_column(sa.Text)
    note: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    version: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # that it made; 0: a part of the step after it
    due_on: Mapped[dt.date | None] = mapped_column(sa.Date)
    reason: Mapped[str] = mapped_column(sa.Text, default="")


class DocumentRow(Base):
    """A picture that came with an application, made anew and sealed."""

    __tablename__ = "new_connection_documents"
    __table_args__ = (sa.UniqueConstraint("application_id", "kind"),)

    document_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("new_connections.application_id"))
    kind: Mapped[str] = mapped_column(sa.Text)
    file_name: Mapped[str] = mapped_column(sa.Text)
    media_type: Mapped[str] = mapped_column(sa.Text)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
