"""What the crew's work does to leaks. Facts of an earlier visit's order change nothing."""

from __future__ import annotations

import datetime as dt
import uuid

from malang.twuin.v1 import leaks_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import work_orders
from twuin.leaks import record
from twuin.leaks.model import OPEN, OUTCOMES, Progress
from twuin.leaks.tables import LeakRow

_OPEN = tuple(state.value for state in OPEN)


def assigned(session: Session, leak_id: uuid.UUID, work_order_id: uuid.UUID, crew: str) -> None:
    """Another crew has it, or nobody of its crew any more; those who wait were told that it is scheduled."""
    leak = _of_order(session, leak_id, work_order_id)
    if leak is None or (leak.crew, leak.progress) == (crew, Progress.SCHEDULED.value):
        return
    leak.crew, leak.progress, leak.state = crew, Progress.SCHEDULED.value, Progress.SCHEDULED.state.value
    record.step(session, leak, "assigned", note=crew)


def went_on(
    session: Session, leak_id: uuid.UUID, work_order_id: uuid.UUID, progress: Progress, *, at: dt.datetime, crew: str = ""
) -> None:
    """A crew accepted it or arrived; everybody who waits is told."""
    leak = _of_order(session, leak_id, work_order_id)
    if leak is None or leak.progress == progress.value:
        return
    leak.progress, leak.state, leak.crew = progress.value, progress.state.value, crew or leak.crew
    record.step(session, leak, progress.value, note=leak.crew, at=at)
    record.tell_progress(session, leak, record.ids(record.waiting(session, leak)), at)


def ended(session: Session, leak_id: uuid.UUID, work_order_id: uuid.UUID, outcome: str, at: dt.datetime) -> None:
    """The crew repaired it or found none; everybody who waits is told, once."""
    leak = _of_order(session, leak_id, work_order_id)
    if leak is None:
        return
    leak.state, leak.closed_at = OUTCOMES[outcome].value, at
    record.step(session, leak, outcome, at=at)
    fact = facts.LeakClosed(
        leak_id=str(leak.leak_id), complaint_ids=record.ids(record.waiting(session, leak)), outcome=outcome,
        work_order_number=leak.work_order_number,
    )  # fmt: skip
    fact.at.FromDatetime(at)
    record.tell(session, leak, fact)


def settle(session: Session, leak: LeakRow) -> None:
    """Let a locked leak end now whose order has ended, though the fact of it is still under way: who comes later waits for another visit."""
    order = work_orders.hold(session, leak.work_order_id)
    if order.outcome and order.ended_at is not None:
        ended(session, leak.leak_id, order.work_order_id, order.outcome, order.ended_at)


def _of_order(session: Session, leak_id: uuid.UUID, work_order_id: uuid.UUID) -> LeakRow | None:
    """Return an open leak whose present visit an order is, locked; None for any other."""
    leak = record.locked(session, leak_id)
    return leak if leak is not None and leak.work_order_id == work_order_id and leak.state in _OPEN else None
