"""PostgreSQL: an engine with transactions, the frame's own tables, migrations under a lock."""

from chassis.db.database import Database, dsn
from chassis.db.frame import NAMING, create_frame, drop_frame, frame_tables, trim_frame
from chassis.db.migration import migrate, pending, revert
from chassis.db.reading import Read

__all__ = [
    "NAMING",
    "Database",
    "Read",
    "create_frame",
    "drop_frame",
    "dsn",
    "frame_tables",
    "migrate",
    "pending",
    "revert",
    "trim_frame",
]
