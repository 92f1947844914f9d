"""What time moves: applications whose cost was not paid by its day end."""

from __future__ import annotations

import threading

import sqlalchemy as sa
from chassis import clock
from chassis.db import Database

from twuin.new_connections import endings
from twuin.new_connections.means import Means
from twuin.new_connections.model import State
from twuin.new_connections.tables import ApplicationRow

_BATCH = 500


def lapse(db: Database, means: Means, stop: threading.Event) -> int:
    """End the applications whose payment day has passed, each in a transaction of its own; return how many."""
    overdue = sa.select(ApplicationRow.application_id).where(
        ApplicationRow.state == State.PAYMENT.value, ApplicationRow.due_on < clock.today()
    )
    with db.transaction(readonly=True) as session:
        found = session.scalars(overdue.order_by(ApplicationRow.due_on, ApplicationRow.application_id).limit(_BATCH)).all()
    ended = 0
    for application_id in found:
        if stop.is_set():
            break
        with db.transaction() as session:
            ended += endings.lapse(session, means, application_id)
    return ended
