"""PostgreSQL: an engine with transactions, the frame's own tables, migrations under a lock."""

from chassis.db.database import Database, dsn
from chassis.db.frame import NAMING, create_frame, drop_frame, frame_tables, trim_frame
from chassis.db.heartbeat import create_heartbeat, drop_heartbeat, heartbeat_tables
from chassis.db.migration import migrate, pending, revert
from chassis.db.reading import Read

__all__ = [
    "NAMING",
    "Database",
    "Read",
    "create_frame",
    "drop_frame",
    "create_heartbeat",
    "dsn",
    "drop_heartbeat",
    "frame_tables",
    "migrate",
    "heartbeat_tables",
    "pending",
    "revert",
    "trim_frame",
]
