"""Tables of identity; private to it. What is named `*_sealed` is encrypted and bound to its row and column."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gateway.schema import Base


class Account(Base):
    """A citizen."""

    __tablename__ = "account"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    nik_index: Mapped[bytes] = mapped_column(unique=True)
    phone_index: Mapped[bytes] = mapped_column(unique=True)
    nik_sealed: Mapped[bytes]
    kk_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes]
    birth_date_sealed: Mapped[bytes]
    phone_sealed: Mapped[bytes]
    email_sealed: Mapped[bytes | None]
    email_proved_at: Mapped[dt.datetime | None]  # none where it was only typed
    profile_sealed: Mapped[bytes]  # JSON: what the registry says for letters
    password_hash: Mapped[str] = mapped_column(Text)
    loa: Mapped[int]
    language: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    password_changed_at: Mapped[dt.datetime]


class Guest(Base):
    """Somebody without an account who proved a phone."""

    __tablename__ = "guest"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    phone_index: Mapped[bytes] = mapped_column(unique=True)
    phone_sealed: Mapped[bytes]
    language: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime] = mapped_column(index=True)


class StaffMember(Base):
    """A member of staff; one that ended stays, because logs and letters name it."""

    __tablename__ = "staff"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    username: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    office: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    must_change_password: Mapped[bool]
    totp_sealed: Mapped[bytes | None]  # None = enrols at the next sign-in
    totp_step: Mapped[int] = mapped_column(BigInteger)  # last time step used; a code works once
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class RecoveryCode(Base):
    """A code that stands in for the second factor once."""

    __tablename__ = "recovery_code"
    staff_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[dt.datetime | None]


class StaffChange(Base):
    """What an admin did to a staff account, and why."""

    __tablename__ = "staff_change"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    admin_id: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]


class Challenge(Base):
    """Something begun that a code completes: single use, short-lived, with a bound number of tries."""

    __tablename__ = "challenge"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    owner: Mapped[uuid.UUID | None]  # account or member of staff; none for a decoy and for a registration
    code_hash: Mapped[bytes | None]  # none where the code is a TOTP, and in a decoy
    payload_sealed: Mapped[bytes]  # JSON
    tries: Mapped[int]
    sent: Mapped[int]
    sent_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
    used_at: Mapped[dt.datetime | None]


class PhoneChange(Base):
    """A new phone number that waits until it counts."""

    __tablename__ = "phone_change"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    phone_index: Mapped[bytes]
    phone_sealed: Mapped[bytes]
    cancel_hash: Mapped[bytes] = mapped_column(unique=True)
    requested_at: Mapped[dt.datetime]
    effective_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    outcome: Mapped[str] = mapped_column(Text)  # waiting, applied, cancelled
    __table_args__ = (
        CheckConstraint("outcome in ('waiting', 'applied', 'cancelled')", name="outcome"),
        Index("uq_phone_change_waiting", "account_id", unique=True, postgresql_where=text("outcome = 'waiting'")),
        Index("ix_phone_change_due", "effective_at", postgresql_where=text("outcome = 'waiting'")),
    )


class Throttle(Base):
    """Failed tries under one key and until when the next one has to wait."""

    __tablename__ = "throttle"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[dt.datetime] = mapped_column(index=True)
    blocked_until: Mapped[dt.datetime]


class SignedIn(Base):
    """A session: of a browser (cookie) or of an API client (family of refresh tokens)."""

    __tablename__ = "session"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)  # none for an API client
    kind: Mapped[str] = mapped_column(Text)  # citizen, guest, staff
    subject: Mapped[uuid.UUID]
    client: Mapped[str] = mapped_column(Text)  # browser, api
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
    idle_seconds: Mapped[int]
    address: Mapped[str] = mapped_column(Text)
    agent: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[dt.datetime | None]
    __table_args__ = (Index("ix_session_open", "subject", postgresql_where=text("ended_at is null")),)


class RefreshToken(Base):
    """A refresh token; used once, then its successor counts."""

    __tablename__ = "refresh_token"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("session.id", ondelete="CASCADE"), index=True)
    issued_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class SigningKey(Base):
    """A key that signs principals and access tokens; published from before its first use until after its last."""

    __tablename__ = "signing_key"
    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    private_sealed: Mapped[bytes]
    public: Mapped[bytes]
    state: Mapped[str] = mapped_column(Text)  # next, current, retired
    created_at: Mapped[dt.datetime]
    retired_at: Mapped[dt.datetime | None]
    __table_args__ = (
        CheckConstraint("state in ('next', 'current', 'retired')", name="state"),
        Index("uq_signing_key_one", "state", unique=True, postgresql_where=text("state <> 'retired'")),
    )
