"""What time moves: previews are forgotten."""

from __future__ import annotations

from chassis.db import Database

from twuin.metering import previews


def forget(db: Database) -> int:
    """Delete previews that have expired."""
    with db.transaction() as session:
        return previews.purge(session)
