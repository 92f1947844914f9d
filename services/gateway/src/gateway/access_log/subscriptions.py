"""Facts that tell of a view of personal data."""

from __future__ import annotations

import datetime as dt
from typing import cast

from chassis.consumer import Subscription
from chassis.inbox import Envelope
from google.protobuf.message import Message
from malang.singo.v1.applications_events_pb2 import ApplicantViewed
from malang.singo.v1.complaints_events_pb2 import ComplainantViewed
from malang.twuin.v1.connections_events_pb2 import HolderViewed
from sqlalchemy.orm import Session

from gateway.access_log.service import View, keep
from gateway.identity import staff

SERVICES = {"twuin": "Perumda Air Minum"}


def subscriptions() -> list[Subscription]:
    """Return what the log listens to; its lines stand for themselves, in any order."""
    return [Subscription(fact, _log, ordered=False) for fact in (ApplicantViewed, ComplainantViewed, HolderViewed)]


def _log(session: Session, fact: Message, envelope: Envelope) -> None:
    said = cast("ApplicantViewed | ComplainantViewed | HolderViewed", fact)  # all have the same fields
    at = said.at.ToDatetime(tzinfo=dt.UTC) if said.HasField("at") else envelope.time
    # A service knows the code of a kelurahan, a person its name; one that read on its own behalf is known by its agency.
    office = SERVICES.get(said.viewer_id) or staff.office_of(session, said.viewer_id) or said.office
    view = View(at, said.viewer_role, office, said.purpose, said.subject_kind, said.subject_id)
    keep(session, said.citizen_id, said.viewer_id, view, fact_id=envelope.id)
