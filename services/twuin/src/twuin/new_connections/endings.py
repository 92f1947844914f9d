"""How an application ends before water flows: refused, withdrawn or lapsed, with the plan, the bill and the work undone."""

from __future__ import annotations

import uuid

from chassis import clock
from malang.twuin.v1 import new_connections_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import billing, connections, payments, work_orders
from twuin.new_connections import errors, model, record
from twuin.new_connections.means import Means
from twuin.new_connections.model import State
from twuin.new_connections.tables import ApplicationRow


def refuse(session: Session, means: Means, row: ApplicationRow, reason: str, *, actor: str, text: str = "") -> None:
    """Refuse a locked application for a reason (its code) and say so; what was paid for it is owed back."""
    if row.stands is State.INSTALLATION and row.bill_id is not None:
        not_possible = reason == payments.Reason.NOT_POSSIBLE
        payments.owe_back(session, row.bill_id, payments.Reason.NOT_POSSIBLE if not_possible else payments.Reason.REFUSED)
    if not _undone(session, row, State.REFUSED):
        raise errors.PaymentArrived
    record.move(means, row, State.REFUSED)
    row.reason = reason
    row.reason_text = means.seal(row.application_id, "reason_text", text) if text else None
    record.changed(session, means, row, "refused", by=actor, note=text)
    record.tell(session, row, facts.NewConnectionRefused(**record.named(row), reason=reason))


def withdraw(session: Session, means: Means, row: ApplicationRow, text: str) -> None:
    """Let the applicant take a locked application back; AlreadyPaid when its bill is no longer open."""
    if not _undone(session, row, State.WITHDRAWN):
        raise errors.AlreadyPaid
    record.move(means, row, State.WITHDRAWN)
    record.changed(session, means, row, "withdrawn", by=record.APPLICANT, note=text)
    record.tell(session, row, facts.NewConnectionWithdrawn(**record.named(row)))


def lapse(session: Session, means: Means, application_id: uuid.UUID) -> bool:
    """End an application whose cost was not paid by its day; False, and nothing changes, while it may still go on.

    A payment that was started in time is waited for until it ends: the provider may take its money until then.
    """
    row = record.locked(session, ApplicationRow.application_id == application_id)
    if row is None or row.stands is not State.PAYMENT or row.due_on is None or row.due_on >= clock.today():
        return False
    assert row.bill_id is not None
    if payments.waits(session, row.bill_id, started_by=row.due_on) or not _undone(session, row, State.LAPSED):
        return False
    record.move(means, row, State.LAPSED)
    record.changed(session, means, row, "lapsed", by=record.SYSTEM)
    record.tell(session, row, facts.NewConnectionLapsed(**record.named(row)))
    return True


def _undone(session: Session, row: ApplicationRow, after: State) -> bool:
    """Undo what was prepared before a state that ends; StepPassed where it cannot be reached.

    False, and nothing changes, when the bill was paid and the fact that says so is on its way.
    """
    if not model.may(row.stands, after):
        raise errors.StepPassed
    if row.stands is State.PAYMENT and row.bill_id is not None and not billing.cancel(session, row.bill_id):
        return False
    if row.stands in (State.SURVEY, State.INSTALLATION) and row.work_order_id is not None:
        work_orders.cancel(session, row.work_order_id, even_begun=True)
    if row.connection_id is not None:
        connections.drop_plan(session, row.connection_id, paid=row.stands is State.INSTALLATION)
    return True
