"""What time moves: letters left half signed are finished, files that no row names are forgotten."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis import clock
from chassis.db import Database

from singo.applications import papers
from singo.applications.means import FOLDER, Means
from singo.applications.signing import Signing

KEPT = dt.timedelta(hours=24)  # a file younger than this may belong to a call that has not committed yet


def finish_signing(signing: Signing) -> int:
    """Finish letters whose signing was interrupted; return how many."""
    return signing.finish_stuck()


def forget_unused_files(db: Database, means: Means) -> int:
    """Delete stored attachments that no row names; return how many."""
    forgotten = 0
    for file in list(means.files.under(FOLDER)):
        if clock.now() - file.changed_at < KEPT:
            continue
        parts = file.path.split("/")
        with db.transaction() as session:
            if papers.unused(session, _owner(parts), file.path):
                means.files.delete(file.path)
                forgotten += 1
    return forgotten


def _owner(parts: list[str]) -> uuid.UUID:
    try:
        return uuid.UUID(parts[1])
    except (IndexError, ValueError):
        return uuid.UUID(int=0)  # not of an application: nobody's
