"""The gateway's metadata: naming convention, frame tables, and the base of every capability's tables."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis import db
from sqlalchemy import DateTime, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of the gateway's tables."""

    metadata = MetaData(naming_convention=db.NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        dt.datetime: DateTime(timezone=True),
        uuid.UUID: UUID(as_uuid=True),
        bytes: LargeBinary(),
    }


db.frame_tables(Base.metadata)
