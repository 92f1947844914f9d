"""How an application ends before water flows: refused or withdrawn, with the plan, the bill and the work undone."""

from __future__ import annotations

from malang.twuin.v1 import new_connections_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import billing, connections, work_orders
from twuin.new_connections import errors, record
from twuin.new_connections.means import Means
from twuin.new_connections.model import State
from twuin.new_connections.tables import ApplicationRow


def refuse(session: Session, means: Means, row: ApplicationRow, reason: str, *, actor: str, text: str = "") -> None:
    """Refuse a locked application for a reason (its code) and say so; AlreadyPaid when its bill is no longer open."""
    _undo(session, row)
    record.move(means, row, State.REFUSED)
    row.reason = reason
    row.reason_text = means.seal(row.application_id, "reason_text", text) if text else None
    record.changed(session, means, row, "refused", by=actor, note=text)
    record.tell(session, row, facts.NewConnectionRefused(**record.named(row), reason=reason))


def withdraw(session: Session, means: Means, row: ApplicationRow, text: str) -> None:
    """Let the applicant take a locked application back; AlreadyPaid when its bill is no longer open."""
    _undo(session, row)
    record.move(means, row, State.WITHDRAWN)
    record.changed(session, means, row, "withdrawn", by=record.APPLICANT, note=text)
    record.tell(session, row, facts.NewConnectionWithdrawn(**record.named(row)))


def _undo(session: Session, row: ApplicationRow) -> None:
    paid = row.stands is State.INSTALLATION
    if row.stands is State.PAYMENT and row.bill_id is not None and not billing.cancel(session, row.bill_id):
        raise errors.AlreadyPaid  # the fact that says so is on its way
    if row.stands in (State.SURVEY, State.INSTALLATION) and row.work_order_id is not None:
        work_orders.cancel(session, row.work_order_id, even_begun=True)
    if row.connection_id is not None:
        connections.drop_plan(session, row.connection_id, paid=paid)
