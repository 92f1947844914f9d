"""Answers kept for idempotency keys. The edge works with them; apart from it, so that the jobs process needs no web framework."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from sqlalchemy import Text, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from gateway.schema import Base

_KEEP = dt.timedelta(days=1)


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


def purge(session: Session) -> None:
    """Forget answers that are a day old."""
    session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < clock.now() - _KEEP))
