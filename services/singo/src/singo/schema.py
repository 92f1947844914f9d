"""The metadata that every table of this service belongs to."""

from __future__ import annotations

from chassis import db
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Parent of the declarative tables."""

    metadata = MetaData(naming_convention=db.NAMING)


db.frame_tables(Base.metadata)
db.heartbeat_tables(Base.metadata)
