"""What citizens' reports do to leaks: open one, join one, take one up again, or leave it without anybody who waits."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock
from chassis.crypto import Vault
from chassis.errors import NotFound, Refused
from malang.twuin.v1 import leaks_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import network, work_orders
from twuin.leaks import record, work
from twuin.leaks.model import OPEN, Position, Progress, State, nearest
from twuin.leaks.tables import LeakReportRow, LeakRow, leak_numbers

_OPEN = tuple(state.value for state in OPEN)


class LeakNotFound(NotFound):
    """Not in this person's area, or not there at all."""

    id = "Kebocoran tidak ditemukan."
    en = "There is no such leak."


class ReportUnknown(NotFound):
    """No leak was reported by that complaint."""

    id = "Tidak ada kebocoran dari laporan {complaint_id}."
    en = "No leak was reported by complaint {complaint_id}."


class NoZone(Refused):
    """A report from outside of the network."""

    id = "Kelurahan {kelurahan} tidak dilayani jaringan ini."
    en = "Kelurahan {kelurahan} is not supplied by this network."


@dataclass(frozen=True, slots=True)
class Means:
    """What seals addresses in work orders, and within how many metres a report joins an open leak."""

    vault: Vault
    join_metres: int


@dataclass(frozen=True, slots=True)
class Filed:
    """A complaint about water as it was filed; its position is None when only words tell the place."""

    complaint_id: uuid.UUID
    number: str
    kelurahan: str
    position: Position | None
    photo_ids: tuple[str, ...]
    resolve_by: dt.date
    at: dt.datetime


def reported(session: Session, means: Means, filed: Filed) -> uuid.UUID:
    """Let a report open a leak with its work order, or join an open one near by; once for each complaint. Return the leak's id."""
    known = session.get(LeakReportRow, filed.complaint_id)
    if known is not None:
        return known.leak_id
    zone = network.zone_of(filed.kelurahan)
    if zone is None:
        raise NoZone(kelurahan=filed.kelurahan)
    # One report at a time: of several at once the first opens the leak, and the others find it, also across a zone's border.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("leaks", 0))))
    leak = _joinable(session, filed.position, means.join_metres)
    if leak is not None:
        _join(session, leak, filed)
    else:
        leak = _open(session, means, zone.code, filed)
    record.pass_on_reports(session, leak)
    return leak.leak_id


def taken_up_again(session: Session, means: Means, complaint_id: uuid.UUID, resolve_by: dt.date) -> None:
    """Let the citizen who is not content have a new visit of the same leak, or wait for the one that is under way."""
    leak, report = _of_complaint(session, complaint_id)
    if leak.state in _OPEN:
        work.settle(session, leak)
    if leak.state not in _OPEN:
        leak.visits += 1
        leak.state, leak.closed_at, leak.resolve_by = State.OPEN.value, None, resolve_by
        _schedule(session, means, leak)
    report.visit, report.withdrawn_at = leak.visits, None
    record.step(session, leak, "reopened", note=report.complaint_number)
    record.tell(session, leak, facts.LeakReopened(leak_id=str(leak.leak_id), complaint_ids=[str(complaint_id)], visit=leak.visits))
    record.tell_progress(session, leak, [str(complaint_id)], clock.now())
    record.pass_on_reports(session, leak)


def withdrawn(session: Session, complaint_id: uuid.UUID) -> None:
    """Let a reporter wait no more; the leak ends with its last one, unless a crew has accepted it."""
    leak, report = _of_complaint(session, complaint_id)
    if report.withdrawn_at is not None or leak.state not in _OPEN:
        report.withdrawn_at = report.withdrawn_at or clock.now()
        return
    report.withdrawn_at = clock.now()
    session.flush()
    if not record.waiting(session, leak) and work_orders.cancel(session, leak.work_order_id):
        leak.state, leak.closed_at = State.WITHDRAWN.value, clock.now()
        record.step(session, leak, "withdrawn", note=report.complaint_number)
    else:
        record.step(session, leak, "report_withdrawn", note=report.complaint_number)
        record.pass_on_reports(session, leak)


def _joinable(session: Session, position: Position | None, within: int) -> LeakRow | None:
    """Return the open leak that is nearest to a position, in whichever zone, locked; None where none is near enough."""
    if position is None:
        return None
    query = sa.select(LeakRow.leak_id, LeakRow.latitude, LeakRow.longitude).where(LeakRow.state.in_(_OPEN))
    places = [
        (leak_id, (latitude, longitude))
        for leak_id, latitude, longitude in session.execute(query.order_by(LeakRow.opened_at))
        if latitude is not None and longitude is not None
    ]
    found = nearest(position, places, within, network.metres_between)
    leak = record.locked(session, found) if found is not None else None
    if leak is not None and leak.state in _OPEN:  # else it was closed while its lock was waited for
        work.settle(session, leak)
    return leak if leak is not None and leak.state in _OPEN else None


def _open(session: Session, means: Means, zone: str, filed: Filed) -> LeakRow:
    latitude, longitude = filed.position or (None, None)
    leak = LeakRow(
        leak_id=uuid.uuid4(), number=_number(session), state=State.OPEN.value, zone=zone, kelurahan=filed.kelurahan,
        latitude=latitude, longitude=longitude, opened_at=clock.now(), closed_at=None, resolve_by=filed.resolve_by, crew="",
        progress=Progress.SCHEDULED.value, visits=1, changed_at=clock.now(), version=0,
    )  # fmt: skip
    _schedule(session, means, leak)
    session.add(leak)
    session.flush()
    _add_report(session, leak, filed)
    record.step(session, leak, "opened", note=filed.number)
    record.tell(
        session, leak,
        facts.LeakOpened(leak_id=str(leak.leak_id), complaint_id=str(filed.complaint_id), zone=zone, number=leak.number),
    )  # fmt: skip
    record.step(session, leak, "scheduled", note=leak.work_order_number)
    if leak.crew:
        record.step(session, leak, "assigned", note=leak.crew)
    record.tell_progress(session, leak, [str(filed.complaint_id)], clock.now())
    return leak


def _join(session: Session, leak: LeakRow, filed: Filed) -> None:
    _add_report(session, leak, filed)
    leak.resolve_by = min(leak.resolve_by, filed.resolve_by)
    record.step(session, leak, "joined", note=filed.number)
    complaint_id = str(filed.complaint_id)
    record.tell(
        session, leak,
        facts.LeakJoined(
            leak_id=str(leak.leak_id), complaint_id=complaint_id, number=leak.number, work_order_number=leak.work_order_number
        ),
    )  # fmt: skip
    record.tell_progress(session, leak, [complaint_id], clock.now())


def _schedule(session: Session, means: Means, leak: LeakRow) -> None:
    """Make the work order of the visit that begins."""
    position = None if leak.latitude is None or leak.longitude is None else (leak.latitude, leak.longitude)
    order = work_orders.create(
        session, means.vault, kind=work_orders.Kind.LEAK, subject_id=leak.leak_id, subject_number=leak.number, zone=leak.zone,
        kelurahan=leak.kelurahan, position=position, due_on=leak.resolve_by, visit=leak.visits,
    )  # fmt: skip
    leak.progress = Progress.SCHEDULED.value
    leak.work_order_id, leak.work_order_number, leak.crew = order.work_order_id, order.number, order.crew


def _add_report(session: Session, leak: LeakRow, filed: Filed) -> None:
    session.add(
        LeakReportRow(
            complaint_id=filed.complaint_id, leak_id=leak.leak_id, complaint_number=filed.number, photo_ids=list(filed.photo_ids),
            at=filed.at, visit=leak.visits, withdrawn_at=None,
        )
    )  # fmt: skip


def _of_complaint(session: Session, complaint_id: uuid.UUID) -> tuple[LeakRow, LeakReportRow]:
    """Return the leak that a complaint reported, locked, and the report."""
    leak_id = session.scalar(sa.select(LeakReportRow.leak_id).where(LeakReportRow.complaint_id == complaint_id))
    leak = record.locked(session, leak_id) if leak_id is not None else None
    if leak is None:
        raise ReportUnknown(complaint_id=complaint_id)
    return leak, session.get_one(LeakReportRow, complaint_id, populate_existing=True)


def _number(session: Session) -> str:
    """Return the next number; a rolled-back one leaves a gap."""
    return f"KBC-{clock.today():%y}-{session.scalar(sa.select(leak_numbers.next_value())):06}"
