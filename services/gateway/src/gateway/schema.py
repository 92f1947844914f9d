"""The gateway's database: naming convention, frame tables, the base of every capability's tables, where migrations are."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

from chassis import db
from sqlalchemy import DateTime, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import DeclarativeBase

from gateway.settings import Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


class Base(DeclarativeBase):
    """Base of the gateway's tables."""

    metadata = MetaData(naming_convention=db.NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        dt.datetime: DateTime(timezone=True),
        uuid.UUID: UUID(as_uuid=True),
        bytes: LargeBinary(),
    }


db.frame_tables(Base.metadata)
db.heartbeat_tables(Base.metadata)


def database(settings: Settings, process: str) -> db.Database:
    """Return the gateway's database for one kind of process."""
    return db.Database(settings.database_url, pool_size=settings.database_pool, application_name=f"gateway-{process}")
