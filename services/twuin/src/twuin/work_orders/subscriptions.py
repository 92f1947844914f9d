"""Facts of others that move work orders."""

from __future__ import annotations

from chassis.consumer import Subscription
from chassis.inbox import Envelope
from google.protobuf.message import Message
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from sqlalchemy.orm import Session

from twuin.work_orders import service


def staff_ended(session: Session, fact: Message, _envelope: Envelope) -> None:
    """Give what a former member of staff had accepted back to the crew."""
    assert isinstance(fact, StaffEnded)
    service.release_all_of(session, fact.staff_id)


SUBSCRIPTIONS = (Subscription(StaffEnded, staff_ended),)
