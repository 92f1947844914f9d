"""What time moves: photos of reports that were never written down are forgotten."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis import clock
from chassis.db import Database
from sqlalchemy import select

from singo.complaints.means import Means
from singo.complaints.model import FOLDER
from singo.complaints.tables import Photo

KEPT = dt.timedelta(hours=24)  # a younger file may belong to a call that has not committed yet
DAYS = 7  # folders of days that are looked through: older ones were, while they were young


def forget_unused_photos(db: Database, means: Means) -> int:
    """Delete stored photos of the last days that no row names; return how many."""
    forgotten = 0
    for back in range(1, DAYS + 1):
        day = clock.today() - dt.timedelta(days=back)
        for file in list(means.files.under(f"{FOLDER}/{day.isoformat()}")):
            if clock.now() - file.changed_at >= KEPT and not _named(db, file.path):
                means.files.delete(file.path)
                forgotten += 1
    return forgotten


def _named(db: Database, path: str) -> bool:
    try:
        photo_id = uuid.UUID(path.rsplit("/", 1)[-1])
    except ValueError:
        return False  # half written: nobody's
    with db.transaction(readonly=True) as session:
        return session.scalar(select(Photo.id).where(Photo.id == photo_id)) is not None
