"""Table of notices; private to the inbox."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, text
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
