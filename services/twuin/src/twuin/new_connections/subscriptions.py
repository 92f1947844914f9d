"""Facts that move applications: letters of singo, work that ended, bills that were paid."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from chassis.consumer import Subscription
from chassis.inbox import Envelope
from google.protobuf.message import Message
from malang.singo.v1.letters_events_pb2 import LetterIssued, LetterRevoked
from malang.twuin.v1.billing_events_pb2 import BillPaid
from malang.twuin.v1.work_orders_events_pb2 import WorkOrderCompleted
from sqlalchemy.orm import Session

from twuin.new_connections import flow, letters
from twuin.new_connections.means import Means

NAME = "new_connections"
_KINDS = ("survey", "install")


def subscriptions(means: Means) -> Sequence[Subscription]:
    """Return what new connections react to."""

    def completed(session: Session, fact: Message, _envelope: Envelope) -> None:
        assert isinstance(fact, WorkOrderCompleted)
        if fact.kind in _KINDS:
            flow.work_ended(session, means, uuid.UUID(fact.subject_id), uuid.UUID(fact.work_order_id))

    def paid(session: Session, fact: Message, _envelope: Envelope) -> None:
        assert isinstance(fact, BillPaid)
        flow.paid(session, means, uuid.UUID(fact.bill_id))

    return (
        Subscription(LetterIssued, letters.issued, name=NAME, restated=True),
        Subscription(LetterRevoked, letters.revoked, name=NAME, restated=True),
        Subscription(WorkOrderCompleted, completed, name=NAME),
        Subscription(BillPaid, paid, name=NAME),
    )
