"""Metadata and naming convention of twuin's database."""

from __future__ import annotations

import sqlalchemy as sa
from chassis import db
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """What every table of this service is declared on."""

    metadata = sa.MetaData(naming_convention=db.NAMING)


db.frame_tables(Base.metadata)
db.heartbeat_tables(Base.metadata)
