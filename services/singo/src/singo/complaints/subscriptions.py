"""Facts of others that move complaints: where the water utility stands, and staff who left.

The facts of a leak come in order. One that is told again, or again later than others, changes nothing: each kind of fact is
remembered by its leak, and each complaint remembers how far its leak had come.
"""

from __future__ import annotations

import datetime as dt

from chassis.consumer import Subscription
from chassis.inbox import Envelope, newer
from google.protobuf.message import Message
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from malang.twuin.v1 import leaks_events_pb2 as leaks
from sqlalchemy.orm import Session

from singo.complaints import desk, water
from singo.complaints.means import Means

PROJECTION = "complaints.water"
NAME = "complaints"  # others in this service listen to staff who left, too


class Listener:
    """Lets facts have their effect on complaints."""

    def __init__(self, means: Means) -> None:
        """Take what the use cases work with."""
        self._means = means

    def subscriptions(self) -> list[Subscription]:
        """Return what complaints listen to."""
        return [
            Subscription(leaks.LeakOpened, self.opened),
            Subscription(leaks.LeakJoined, self.joined),
            Subscription(leaks.LeakProgressed, self.progressed),
            Subscription(leaks.LeakClosed, self.closed),
            Subscription(leaks.LeakReopened, self.reopened),
            Subscription(StaffEnded, self.staff_ended, name=NAME),
        ]

    def opened(self, session: Session, fact: leaks.LeakOpened, envelope: Envelope) -> None:
        """The first report of a leak has reached the water utility."""
        if _new(session, fact, fact.leak_id, envelope):
            water.progressed(session, self._means, [fact.complaint_id], envelope.sequence, step="joined")

    def joined(self, session: Session, fact: leaks.LeakJoined, envelope: Envelope) -> None:
        """A further report of a known leak has reached it."""
        if _new(session, fact, fact.leak_id, envelope):
            water.progressed(
                session, self._means, [fact.complaint_id], envelope.sequence, step="joined", order=fact.work_order_number
            )

    def progressed(self, session: Session, fact: leaks.LeakProgressed, envelope: Envelope) -> None:
        """The crew's work order went on."""
        if _new(session, fact, f"{fact.leak_id}/{fact.step}", envelope):
            water.progressed(
                session, self._means, fact.complaint_ids, envelope.sequence, step=fact.step, order=fact.work_order_number
            )  # fmt: skip

    def closed(self, session: Session, fact: leaks.LeakClosed, envelope: Envelope) -> None:
        """The leak was repaired or not found."""
        if _new(session, fact, fact.leak_id, envelope):
            at = fact.at.ToDatetime(tzinfo=dt.UTC) if fact.HasField("at") else envelope.time
            water.closed(
                session, self._means, fact.complaint_ids, envelope.sequence, outcome=fact.outcome, order=fact.work_order_number, at=at
            )  # fmt: skip

    def reopened(self, session: Session, fact: leaks.LeakReopened, envelope: Envelope) -> None:
        """The utility begins a new visit."""
        if _new(session, fact, fact.leak_id, envelope):
            water.taken_up_again(session, self._means, fact.complaint_ids, envelope.sequence)

    @staticmethod
    def staff_ended(session: Session, fact: StaffEnded, _envelope: Envelope) -> None:
        """Give what a former member of staff had back to the queue."""
        desk.give_back_all_of(session, fact.staff_id)


def _new(session: Session, fact: Message, key: str, envelope: Envelope) -> bool:
    return newer(session, PROJECTION, f"{key}/{fact.DESCRIPTOR.name}", envelope.sequence)
