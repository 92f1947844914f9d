"""Water connections, the accounts linked to them, proofs under way and wrong tries."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from twuin.schema import Base

_Instant = sa.DateTime(timezone=True)


connection_numbers = sa.Sequence("connection_numbers", start=40_000_001, metadata=Base.metadata)


class ConnectionRow(Base):
    """A connection; what identifies its holder is sealed, bound to "connections:<id>:<column>"."""

    __tablename__ = "connections"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.CheckConstraint("state in (1, 2, 3, 4)", name="known_state"),
        sa.Index("ix_connections_phone_index", "phone_index"),
    )

    connection_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    number: Mapped[str] = mapped_column(sa.Text)
    tariff_group: Mapped[str] = mapped_column(sa.Text)
    zone: Mapped[str] = mapped_column(sa.Text)
    kelurahan: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    version: Mapped[int] = mapped_column(sa.BigInteger)
    holder_name: Mapped[bytes] = mapped_column(sa.LargeBinary)
    address: Mapped[bytes] = mapped_column(sa.LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class LinkRow(Base):
    """An account that reads and pays for a connection, from `linked_at` to `unlinked_at`."""

    __tablename__ = "connection_links"
    __table_args__ = (
        sa.Index(
            "ix_connection_links_active",
            "citizen_id",
            "connection_id",
            unique=True,
            postgresql_where=sa.text("unlinked_at is null"),
        ),
        sa.Index("ix_connection_links_connection", "connection_id", postgresql_where=sa.text("unlinked_at is null")),
    )

    link_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    connection_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, sa.ForeignKey("connections.connection_id"))
    citizen_id: Mapped[str] = mapped_column(sa.Text)
    proof: Mapped[str] = mapped_column(sa.Text)
    linked_at: Mapped[dt.datetime] = mapped_column(_Instant)
    unlinked_at: Mapped[dt.datetime | None] = mapped_column(_Instant)


class PhoneProofRow(Base):
    """A one-time code for the registered phone; one for a number that does not exist has no connection and is never sent."""

    __tablename__ = "phone_proofs"
    __table_args__ = (sa.Index("ix_phone_proofs_expires_at", "expires_at"),)

    proof_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    citizen_id: Mapped[str] = mapped_column(sa.Text)
    number: Mapped[str] = mapped_column(sa.Text)
    connection_id: Mapped[uuid.UUID | None] = mapped_column(sa.Uuid)
    code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary)
    code_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)  # until it is handed over for sending
    tries: Mapped[int] = mapped_column(sa.SmallInteger)
    expires_at: Mapped[dt.datetime] = mapped_column(_Instant)
    used_at: Mapped[dt.datetime | None] = mapped_column(_Instant)


class TriesRow(Base):
    """How often somebody did something that is limited: wrong proofs and codes sent; forgotten at `until`."""

    __tablename__ = "proof_tries"

    who: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    what: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    count: Mapped[int] = mapped_column(sa.Integer)
    until: Mapped[dt.datetime] = mapped_column(_Instant)
