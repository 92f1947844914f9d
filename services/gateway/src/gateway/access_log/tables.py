"""Table of views of personal data; private to the capability."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.schema import Base


class ViewRow(Base):
    """A view of a person's data by a member of staff or a service."""

    __tablename__ = "view"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[uuid.UUID]
    fact_id: Mapped[uuid.UUID]  # of the fact that told it; the row's own id for a view here
    viewer_id: Mapped[str] = mapped_column(Text)
    viewer_role: Mapped[str] = mapped_column(Text)
    office: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    __table_args__ = (UniqueConstraint("fact_id", "citizen_id"), Index("ix_view_page", "citizen_id", "at", "id"))
