"""What time moves: proofs and tries are forgotten."""

from __future__ import annotations

from chassis.db import Database

from twuin.connections import proofs


def forget(db: Database) -> int:
    """Delete proofs and tries that no longer count."""
    with db.transaction() as session:
        return proofs.purge(session)
