"""PostgreSQL: an engine with transactions, the frame's own tables, migrations under a lock."""

from chassis.db.database import Database, dsn
from chassis.db.frame import NAMING, create_frame, drop_frame, frame_tables, trim_frame
from chassis.db.heartbeat import create_heartbeat, drop_heartbeat, heartbeat_tables
from chassis.db.migration import migrate, pending, revert
from chassis.db.reading import Read, Write

__all__ = [
    "NAMING",
    "Database",
    "Read",
    "Write",
    "create_frame",
    "create_heartbeat",
    "drop_frame",
    "drop_heartbeat",
    "dsn",
    "frame_tables",
    "heartbeat_tables",
    "migrate",
    "pending",
    "revert",
    "trim_frame",
]
