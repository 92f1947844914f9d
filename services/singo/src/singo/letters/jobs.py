"""What time moves: documents that were made but never issued are forgotten."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from chassis.db import Database
from sqlalchemy import select

from singo.letters.model import FOLDER
from singo.letters.press import Press
from singo.letters.tables import Letter

KEPT = dt.timedelta(hours=24)  # a younger file may belong to a signing that goes on


def forget_unissued_files(db: Database, press: Press) -> int:
    """Delete stored documents that no letter names (a try that a second one overtook); return how many."""
    forgotten = 0
    for file in list(press.files.under(FOLDER)):
        if clock.now() - file.changed_at < KEPT:
            continue
        with db.transaction(readonly=True) as session:
            named = session.scalar(select(Letter.id).where(Letter.path == file.path))
        if named is None:
            press.files.delete(file.path)
            forgotten += 1
    return forgotten
