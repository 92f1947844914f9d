"""Facts that a person is told about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis import clock
from chassis.consumer import Subscription
from chassis.inbox import Envelope
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from malang.gateway.v1 import identity_events_pb2 as identity
from malang.singo.v1 import applications_events_pb2 as applications
from malang.singo.v1 import complaints_events_pb2 as complaints
from malang.singo.v1 import letters_events_pb2 as letters
from malang.twuin.v1 import billing_events_pb2 as billing
from malang.twuin.v1 import connections_events_pb2 as connections
from malang.twuin.v1 import new_connections_events_pb2 as new_connections
from malang.twuin.v1 import payments_events_pb2 as payments
from sqlalchemy.orm import Session

from gateway.identity.means import Means
from gateway.inbox.delivery import About, send
from gateway.inbox.service import notify


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, the notice it makes, where the notice leads, what is kept for its words, and which matter it is of."""

    fact: type[Message]
    code: str
    link: str
    kept: tuple[str, ...] = ()
    about: About = "errands"


_APPLICATION, _NEW = "/permohonan/{application_id}", "/sambungan-baru/{application_id}"
_REPORT = "/urusan/laporan/{number}"  # its reporter and those who follow it are led to different pages

# A notice is only ever added, so a fact that comes late disturbs nothing: none of these needs its key's order.
TOLD: tuple[Told, ...] = (
    Told(identity.CitizenRegistered, "welcome", "/beranda"),
    Told(identity.CitizenPhoneChanged, "phone_changed", "/data-saya"),
    Told(applications.ApplicationSubmitted, "application_submitted", _APPLICATION, ("reference", "kind", "due_on")),
    Told(applications.ApplicationReturned, "application_returned", _APPLICATION, ("reference", "kind")),
    Told(applications.ApplicationApproved, "application_approved", _APPLICATION, ("reference", "kind")),
    Told(applications.ApplicationRefused, "application_refused", _APPLICATION, ("reference", "kind")),
    Told(applications.ApplicationWithdrawn, "application_withdrawn", _APPLICATION, ("reference", "kind")),
    Told(letters.LetterIssued, "letter_issued", _APPLICATION, ("reference", "kind", "letter_id")),
    Told(letters.LetterRevoked, "letter_revoked", _APPLICATION, ("reference", "kind", "letter_id")),
    Told(complaints.ComplaintFiled, "complaint_filed", _REPORT, ("number", "category", "resolve_by")),
    Told(complaints.ComplaintAssigned, "complaint_assigned", _REPORT, ("number", "category")),
    Told(complaints.ComplaintAnswered, "complaint_answered", _REPORT, ("number", "category")),
    Told(complaints.ComplaintProgressed, "complaint_progressed", _REPORT, ("number", "category", "step", "work_order_number")),
    Told(complaints.ComplaintResolved, "complaint_resolved", _REPORT, ("number", "category", "outcome", "reopen_until")),
    Told(complaints.ComplaintReopened, "complaint_reopened", _REPORT, ("number", "category", "resolve_by")),
    Told(complaints.ComplaintRefused, "complaint_refused", _REPORT, ("number", "category")),
    Told(complaints.ComplaintWithdrawn, "complaint_withdrawn", _REPORT, ("number", "category")),
    Told(complaints.ComplaintRated, "complaint_rated", _REPORT, ("number", "category", "rating")),
    Told(new_connections.NewConnectionApplied, "new_connection_applied", _NEW, ("number", "due_on"), "water"),
    Told(new_connections.NewConnectionAdvanced, "new_connection_advanced", _NEW, ("number", "step", "due_on"), "water"),
    Told(new_connections.NewConnectionOffered, "new_connection_offered", _NEW, ("number", "amount", "due_on"), "water"),
    Told(new_connections.NewConnectionHeld, "new_connection_held", _NEW, ("number", "reason"), "water"),
    Told(new_connections.NewConnectionRefused, "new_connection_refused", _NEW, ("number", "reason"), "water"),
    Told(new_connections.NewConnectionActivated, "new_connection_activated", _NEW, ("number",), "water"),
    Told(new_connections.NewConnectionWithdrawn, "new_connection_withdrawn", _NEW, ("number",), "water"),
    Told(new_connections.NewConnectionLapsed, "new_connection_lapsed", _NEW, ("number",), "water"),
    Told(billing.BillIssued, "bill_issued", "/tagihan/{bill_id}", ("period", "volume", "amount", "due_on"), "bills"),
    Told(payments.PaymentReceived, "payment_received", "/pembayaran/{payment_id}", ("amount", "receipt_number"), "bills"),
    Told(payments.PaymentToRefund, "payment_to_refund", "/pembayaran/{payment_id}", ("amount", "reason"), "bills"),
    Told(connections.ConnectionLinked, "connection_linked", "/air/{connection_id}", (), "water"),
    Told(connections.ConnectionUnlinked, "connection_unlinked", "/air", (), "water"),
)


def subscriptions(means: Means) -> list[Subscription]:
    """Return what the inbox listens to."""
    return [Subscription(told.fact, _teller(means, told), ordered=False) for told in TOLD]


def _teller(means: Means, told: Told) -> Callable[[Session, Message, Envelope], None]:
    def tell(session: Session, fact: Message, envelope: Envelope) -> None:
        said: dict[str, Any] = {field.name: _plain(getattr(fact, field.name)) for field in fact.DESCRIPTOR.fields}
        citizens = list(said["citizen_ids"]) if "citizen_ids" in said else [said["citizen_id"]]
        params = {name: said[name] for name in told.kept}
        link = told.link.format(**said)
        made = notify(
            session, [each for each in citizens if each], told.code, fact_id=envelope.id, at=envelope.time, link=link, params=params,
        )  # fmt: skip
        send(session, means, made, about=told.about, code=told.code, params=params, link=link)

    return tell


def _plain(value: Any) -> Any:
    """Return an instant as its day, everything else as it is."""
    if isinstance(value, Timestamp):
        return clock.day_of(value.ToDatetime(tzinfo=dt.UTC)).isoformat() if value.seconds else ""
    return value
