"""Runs that staff started go on here, whichever process began them."""

from __future__ import annotations

import threading

from chassis.db import Database

from twuin.billing import run


def advance_runs(db: Database, stop: threading.Event) -> int:
    """Go on with every run that is not finished; return how many there were."""
    with db.transaction(readonly=True) as session:
        waiting = run.going(session)
    for run_id in waiting:
        if not stop.is_set():
            run.advance(db, run_id, stop=stop.is_set)
    return len(waiting)
