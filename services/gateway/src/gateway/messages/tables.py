"""Table of messages; private to the capability."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.schema import Base


class OutgoingMessage(Base):
    """A message to one person; address and text are encrypted."""

    __tablename__ = "message"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(Text)  # sms, email, none (a decoy, sent to nobody)
    to_index: Mapped[bytes] = mapped_column(index=True)
    to_sealed: Mapped[bytes]
    subject: Mapped[str] = mapped_column(Text)
    body_sealed: Mapped[bytes]
    created_at: Mapped[dt.datetime]
    good_until: Mapped[dt.datetime]  # nobody wants it later
    next_try_at: Mapped[dt.datetime]
    tries: Mapped[int]
    state: Mapped[str] = mapped_column(Text)  # waiting, sent, dropped
    ended_at: Mapped[dt.datetime | None]
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'sent', 'dropped')", name="state"),
        Index("ix_message_waiting", "next_try_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_message_created_at", "created_at"),
    )
