"""What time moves: stored photos that no row names are forgotten."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis import clock
from chassis.db import Database

from twuin.work_orders import photos
from twuin.work_orders.photos import FOLDER, Album

KEPT = dt.timedelta(hours=24)  # a file younger than this may belong to a call that has not committed yet


def forget_unused_photos(db: Database, album: Album) -> int:
    """Delete stored photos that no row names; return how many."""
    forgotten = 0
    for file in list(album.files.under(FOLDER)):
        if clock.now() - file.changed_at < KEPT:
            continue
        with db.transaction() as session:
            if photos.unused(session, _owner(file.path.split("/")), file.path):
                album.files.delete(file.path)
                forgotten += 1
    return forgotten


def _owner(parts: list[str]) -> uuid.UUID:
    try:
        return uuid.UUID(parts[1])
    except (IndexError, ValueError):
        return uuid.UUID(int=0)  # not of an order: nobody's
