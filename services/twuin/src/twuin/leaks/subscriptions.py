"""Facts that move leaks: singo's complaints about water, and the crew's work. They may come twice, and late."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis.consumer import Subscription
from chassis.inbox import Envelope, newer
from google.protobuf.timestamp_pb2 import Timestamp
from malang.singo.v1 import complaints_events_pb2 as complaints
from malang.twuin.v1 import work_orders_events_pb2 as orders
from sqlalchemy.orm import Session

from twuin import work_orders
from twuin.leaks import service, work
from twuin.leaks.model import Position, Progress
from twuin.leaks.service import Filed, Means

NAME = "leaks"  # others in this service listen to the crew's work, too
LEAK = work_orders.Kind.LEAK.code


class Listener:
    """Lets facts have their effect on leaks."""

    def __init__(self, means: Means) -> None:
        """Take what the use cases work with."""
        self._means = means

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what leaks listen to."""
        return (
            Subscription(complaints.ComplaintFiled, self.filed, name=NAME),
            Subscription(complaints.ComplaintReopened, self.reopened, name=NAME),
            Subscription(complaints.ComplaintWithdrawn, self.withdrawn, name=NAME),
            Subscription(orders.WorkOrderAssigned, self.assigned, name=NAME),
            Subscription(orders.WorkOrderAccepted, self.accepted, name=NAME),
            Subscription(orders.WorkOrderArrived, self.arrived, name=NAME),
            Subscription(orders.WorkOrderCompleted, self.completed, name=NAME),
        )

    def filed(self, session: Session, fact: complaints.ComplaintFiled, envelope: Envelope) -> None:
        """A complaint about water becomes a leak, or joins one."""
        if not (fact.water and _new(session, "complaints", fact.complaint_id, envelope)):
            return
        filed = Filed(
            uuid.UUID(fact.complaint_id), fact.number, fact.kelurahan, _position(fact.latitude, fact.longitude),
            tuple(fact.photo_ids), dt.date.fromisoformat(fact.resolve_by), _at(fact.filed_at, envelope),
        )  # fmt: skip
        service.reported(session, self._means, filed)

    def reopened(self, session: Session, fact: complaints.ComplaintReopened, envelope: Envelope) -> None:
        """The citizen is not content: a new visit."""
        if fact.water and _new(session, "complaints", fact.complaint_id, envelope):
            day = dt.date.fromisoformat(fact.resolve_by)
            service.taken_up_again(session, self._means, uuid.UUID(fact.complaint_id), day)

    def withdrawn(self, session: Session, fact: complaints.ComplaintWithdrawn, envelope: Envelope) -> None:
        """The citizen waits no more."""
        if fact.water and _new(session, "complaints", fact.complaint_id, envelope):
            service.withdrawn(session, uuid.UUID(fact.complaint_id))

    def assigned(self, session: Session, fact: orders.WorkOrderAssigned, envelope: Envelope) -> None:
        """A crew has the order."""
        if fact.kind == LEAK and _new(session, "work_orders", fact.work_order_id, envelope):
            work.assigned(session, uuid.UUID(fact.subject_id), uuid.UUID(fact.work_order_id), fact.crew)

    def accepted(self, session: Session, fact: orders.WorkOrderAccepted, envelope: Envelope) -> None:
        """Somebody of the crew goes there."""
        if fact.kind == LEAK and _new(session, "work_orders", fact.work_order_id, envelope):
            leak, order = uuid.UUID(fact.subject_id), uuid.UUID(fact.work_order_id)
            work.went_on(session, leak, order, Progress.ACCEPTED, at=envelope.time, crew=fact.crew)

    def arrived(self, session: Session, fact: orders.WorkOrderArrived, envelope: Envelope) -> None:
        """The crew is there."""
        if fact.kind == LEAK and _new(session, "work_orders", fact.work_order_id, envelope):
            leak, order = uuid.UUID(fact.subject_id), uuid.UUID(fact.work_order_id)
            work.went_on(session, leak, order, Progress.ARRIVED, at=_at(fact.at, envelope))

    def completed(self, session: Session, fact: orders.WorkOrderCompleted, envelope: Envelope) -> None:
        """The crew is done."""
        if fact.kind == LEAK and _new(session, "work_orders", fact.work_order_id, envelope):
            leak, order = uuid.UUID(fact.subject_id), uuid.UUID(fact.work_order_id)
            work.ended(session, leak, order, fact.outcome, _at(fact.at, envelope))


def _new(session: Session, source: str, key: str, envelope: Envelope) -> bool:
    return newer(session, f"{NAME}.{source}", key, envelope.sequence)


def _position(latitude: float, longitude: float) -> Position | None:
    """Return a position of the city, None for none (0 and 0) or one elsewhere."""
    return (latitude, longitude) if work_orders.within_city(latitude, longitude) else None


def _at(told: Timestamp, envelope: Envelope) -> dt.datetime:
    return told.ToDatetime(tzinfo=dt.UTC) if told.seconds else envelope.time
