"""Counting what may be tried only so often. Counted before the trial, in one statement, so that nobody tries twice at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from twuin.connections.model import MEMORY
from twuin.connections.tables import TriesRow


@dataclass(frozen=True, slots=True)
class Charged:
    """A try that was counted: how many are left after it, or until when none is."""

    left: int
    until: dt.datetime

    @property
    def refused(self) -> bool:
        """Tell whether the try was one too many."""
        return self.left < 0


def charge(session: Session, who: str, what: str, limit: int) -> Charged:
    """Count a try of `who` at `what`; the row stays locked until the transaction ends."""
    now = clock.now()
    gone = TriesRow.until <= now
    blocked = sa.and_(TriesRow.count >= limit, ~gone)
    statement = insert(TriesRow).values(who=who, what=what, count=1, until=now + MEMORY)
    counted = statement.on_conflict_do_update(
        index_elements=[TriesRow.who, TriesRow.what],
        set_={
            "count": sa.case((gone, 1), else_=sa.func.least(TriesRow.count + 1, limit + 1)),
            # One who is blocked does not wait longer by knocking.
            "until": sa.case((blocked, TriesRow.until), else_=now + MEMORY),
        },
    ).returning(TriesRow.count, TriesRow.until)
    count, until = session.execute(counted).one()
    return Charged(limit - count, until)


def forgive(session: Session, who: str, what: str) -> None:
    """Take back the try just counted: it succeeded."""
    session.execute(
        sa.update(TriesRow).where(TriesRow.who == who, TriesRow.what == what, TriesRow.count > 0).values(count=TriesRow.count - 1)
    )


def forget(session: Session, who: str, what: str) -> None:
    """Forget all tries of `who` at `what`."""
    session.execute(sa.delete(TriesRow).where(TriesRow.who == who, TriesRow.what == what))


def purge(session: Session) -> int:
    """Delete what is no longer remembered; return how many rows."""
    gone = session.execute(sa.delete(TriesRow).where(TriesRow.until <= clock.now()).returning(TriesRow.who))
    return len(gone.all())
