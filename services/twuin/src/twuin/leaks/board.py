"""The operator's board: open leaks by age and zone, each within the caller's areas."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock
from chassis.principal import Principal
from sqlalchemy.orm import Session

from twuin import network
from twuin.leaks.model import OPEN
from twuin.leaks.service import LeakNotFound
from twuin.leaks.tables import LeakReportRow, LeakRow, LeakStepRow

SHOWN = 500
RECENT = dt.timedelta(days=7)
_HOUR = 3600  # seconds
_IS_OPEN = LeakRow.state.in_([state.value for state in OPEN])


@dataclass(frozen=True, slots=True)
class Zone:
    """How many leaks a zone has open, how many of them are late, and the age of the oldest in hours."""

    code: str
    open: int
    late: int
    oldest_hours: int


@dataclass(frozen=True, slots=True)
class Board:
    """Leaks, oldest first; counts of all zones; how many leaks are left out; and what tells this board from a later one."""

    leaks: Sequence[LeakRow]
    zones: Sequence[Zone]
    more: int
    etag: str
    unchanged: bool = False


def show(session: Session, who: Principal, *, zone: str, closed_too: bool, etag: str) -> Board:
    """Return the board; nothing but its tag where nothing has changed since `etag`."""
    present = _etag(session, who, zone, closed_too=closed_too)
    if etag == present:
        return Board((), (), 0, present, unchanged=True)
    wanted = sa.or_(_IS_OPEN, LeakRow.closed_at > clock.now() - RECENT) if closed_too else _IS_OPEN
    query = sa.select(LeakRow).where(wanted, _within(who), *((LeakRow.zone == zone,) if zone else ()))
    leaks = session.scalars(
        query.order_by(LeakRow.closed_at.desc().nulls_first(), LeakRow.opened_at, LeakRow.number).limit(SHOWN)
    ).all()
    more = 0
    if len(leaks) == SHOWN:
        more = (session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0) - SHOWN
    return Board(leaks, _zones(session, who), more, present)


def read(session: Session, who: Principal, leak_id: uuid.UUID) -> LeakRow:
    """Return a leak of the caller's areas; LeakNotFound otherwise."""
    leak = session.scalar(sa.select(LeakRow).where(LeakRow.leak_id == leak_id, _within(who)))
    if leak is None:
        raise LeakNotFound
    return leak


def reports(session: Session, leak_id: uuid.UUID) -> Sequence[LeakReportRow]:
    """Return the reports of a leak that were not withdrawn, oldest first."""
    query = sa.select(LeakReportRow).where(LeakReportRow.leak_id == leak_id, LeakReportRow.withdrawn_at.is_(None))
    return session.scalars(query.order_by(LeakReportRow.at, LeakReportRow.complaint_id)).all()


def steps(session: Session, leak_id: uuid.UUID) -> Sequence[LeakStepRow]:
    """Return what happened to a leak."""
    return session.scalars(sa.select(LeakStepRow).where(LeakStepRow.leak_id == leak_id).order_by(LeakStepRow.step_id)).all()


def age_hours(leak: LeakRow) -> int:
    """Return the whole hours that a leak is or was open."""
    return int(((leak.closed_at or clock.now()) - leak.opened_at).total_seconds() // _HOUR)


def late(leak: LeakRow) -> bool:
    """Tell whether a leak is open after its day."""
    return leak.closed_at is None and leak.resolve_by < clock.today()


def _zones(session: Session, who: Principal) -> list[Zone]:
    late_ones = sa.func.count().filter(LeakRow.resolve_by < clock.today())
    query = sa.select(LeakRow.zone, sa.func.count(), late_ones, sa.func.min(LeakRow.opened_at)).where(_IS_OPEN, _within(who))
    found = {zone: (count, behind, oldest) for zone, count, behind, oldest in session.execute(query.group_by(LeakRow.zone))}
    now = clock.now()
    return [
        Zone(zone.code, count, behind, int((now - oldest).total_seconds() // _HOUR))
        for zone in network.zones()
        for count, behind, oldest in (found.get(zone.code, (0, 0, now)),)
    ]


def _etag(session: Session, who: Principal, zone: str, *, closed_too: bool) -> str:
    """Return what changes with anything on the board: its leaks, the hour (ages), the day (late ones) and what was asked."""
    wanted = sa.or_(_IS_OPEN, LeakRow.closed_at > clock.now() - RECENT)
    query = sa.select(sa.func.count(), sa.func.sum(LeakRow.version), sa.func.max(LeakRow.changed_at)).where(wanted, _within(who))
    seen = (*session.execute(query).one(), f"{clock.now():%F %H}", clock.today(), zone, closed_too, sorted(who.areas))
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]


def _within(who: Principal) -> sa.ColumnElement[bool]:
    return sa.true() if "*" in who.areas else LeakRow.kelurahan.in_(sorted(who.areas))
