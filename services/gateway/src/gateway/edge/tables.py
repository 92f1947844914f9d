"""Table of answers kept for idempotency keys; private to the edge."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.schema import Base


class KeptAnswer(Base):
    """A request with a key: being worked on, or answered; the answer is encrypted."""

    __tablename__ = "kept_answer"
    person: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_hash: Mapped[bytes]
    attempt: Mapped[str] = mapped_column(Text)  # who works on it; only that one may store the answer
    locked_until: Mapped[dt.datetime]
    status: Mapped[int | None]
    headers: Mapped[str | None] = mapped_column(Text)  # JSON
    body_sealed: Mapped[bytes | None]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
