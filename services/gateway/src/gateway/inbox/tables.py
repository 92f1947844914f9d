"""Table of notices; private to the inbox."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.schema import Base


class NoticeRow(Base):
    """A notice; a fact makes at most one for each person."""

    __tablename__ = "notice"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[uuid.UUID]
    fact_id: Mapped[uuid.UUID]
    code: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    link: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]
    __table_args__ = (
        UniqueConstraint("fact_id", "citizen_id"),
        Index("ix_notice_page", "citizen_id", "at", "id"),
        Index("ix_notice_unread", "citizen_id", postgresql_where=text("read_at is null")),
    )


class DeliveryChoice(Base):
    """Where else than in the inbox a person wants to be told of one kind of matter; no row = nowhere."""

    __tablename__ = "delivery_choice"
    citizen_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    about: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text)
    chosen_at: Mapped[dt.datetime]
    __table_args__ = (
        CheckConstraint("about in ('errands', 'bills', 'water')", name="about"),
        CheckConstraint("channel in ('sms', 'email')", name="channel"),
    )
