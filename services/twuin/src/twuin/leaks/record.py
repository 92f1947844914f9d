"""How a change of a leak is written down: its version, its step, and the facts, in one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from chassis import clock, outbox
from google.protobuf.message import Message
from malang.twuin.v1 import leaks_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import work_orders
from twuin.leaks.tables import LeakReportRow, LeakRow, LeakStepRow


def step(session: Session, leak: LeakRow, event: str, *, note: str = "", at: dt.datetime | None = None) -> None:
    """Write down what happened to a locked leak, and count the change."""
    leak.version += 1
    leak.changed_at = clock.now()
    session.add(LeakStepRow(leak_id=leak.leak_id, at=at or clock.now(), event=event, note=note))
    session.flush()


def tell(session: Session, leak: LeakRow, fact: Message) -> None:
    """Append a fact about a locked leak; each has a version of its own, so that none is taken for another."""
    leak.version += 1
    session.flush()
    outbox.append(session, fact, key=str(leak.leak_id), sequence=leak.version)


def tell_progress(session: Session, leak: LeakRow, complaint_ids: Sequence[str], at: dt.datetime) -> None:
    """Tell complaints how far the work of their leak has come."""
    if complaint_ids:
        fact = facts.LeakProgressed(
            leak_id=str(leak.leak_id), complaint_ids=complaint_ids, step=leak.progress, work_order_number=leak.work_order_number
        )
        fact.at.FromDatetime(at)
        tell(session, leak, fact)


def waiting(session: Session, leak: LeakRow) -> list[LeakReportRow]:
    """Return the reports that wait for the present visit, oldest first."""
    query = sa.select(LeakReportRow).where(
        LeakReportRow.leak_id == leak.leak_id, LeakReportRow.visit == leak.visits, LeakReportRow.withdrawn_at.is_(None)
    )
    return list(session.scalars(query.order_by(LeakReportRow.at, LeakReportRow.complaint_id)))


def ids(reports: Sequence[LeakReportRow]) -> list[str]:
    """Return the complaints' ids."""
    return [str(report.complaint_id) for report in reports]


def pass_on_reports(session: Session, leak: LeakRow) -> None:
    """Let the crew see how many citizens wait, and their photos; those of earlier visits, too."""
    reports = session.scalars(
        sa.select(LeakReportRow)
        .where(LeakReportRow.leak_id == leak.leak_id, LeakReportRow.withdrawn_at.is_(None))
        .order_by(LeakReportRow.at, LeakReportRow.complaint_id)
    ).all()
    photos = [
        work_orders.ReportedPhoto(photo_id, report.complaint_id, report.at) for report in reports for photo_id in report.photo_ids
    ]
    work_orders.note_reports(session, leak.work_order_id, sum(report.visit == leak.visits for report in reports), photos)


def locked(session: Session, leak_id: uuid.UUID) -> LeakRow | None:
    """Return a leak, locked until the transaction ends and read afresh."""
    query = sa.select(LeakRow).where(LeakRow.leak_id == leak_id).with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)
