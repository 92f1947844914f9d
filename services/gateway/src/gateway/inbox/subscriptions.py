"""Facts that a person is told about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis.consumer import Subscription
from chassis.inbox import Envelope
from google.protobuf.message import Message
from malang.gateway.v1 import identity_events_pb2 as identity
from malang.singo.v1 import applications_events_pb2 as applications
from malang.singo.v1 import letters_events_pb2 as letters
from malang.twuin.v1 import billing_events_pb2 as billing
from malang.twuin.v1 import connections_events_pb2 as connections
from malang.twuin.v1 import payments_events_pb2 as payments
from sqlalchemy.orm import Session

from gateway.inbox.service import notify

# A notice is only ever added, so a fact that comes late disturbs nothing: none of these needs its key's order.
Told = tuple[type[Message], str, str, tuple[str, ...]]  # fact, code of the notice, link, parameters kept

TOLD: tuple[Told, ...] = (
    (identity.CitizenRegistered, "welcome", "/beranda", ()),
    (identity.CitizenPhoneChanged, "phone_changed", "/data-saya", ()),
    (applications.ApplicationSubmitted, "application_submitted", "/permohonan/{application_id}", ("reference", "kind", "due_on")),
    (applications.ApplicationReturned, "application_returned", "/permohonan/{application_id}", ("reference", "kind")),
    (applications.ApplicationApproved, "application_approved", "/permohonan/{application_id}", ("reference", "kind")),
    (applications.ApplicationRefused, "application_refused", "/permohonan/{application_id}", ("reference", "kind")),
    (letters.LetterIssued, "letter_issued", "/permohonan/{application_id}", ("reference", "kind", "letter_id")),
    (billing.BillIssued, "bill_issued", "/tagihan/{bill_id}", ("period", "volume", "amount", "due_on")),
    (payments.PaymentReceived, "payment_received", "/pembayaran/{payment_id}", ("amount", "receipt_number")),
    (payments.PaymentToRefund, "payment_to_refund", "/pembayaran/{payment_id}", ("amount", "reason")),
    (connections.ConnectionLinked, "connection_linked", "/air/{connection_id}", ()),
    (connections.ConnectionUnlinked, "connection_unlinked", "/air", ()),
)


def subscriptions() -> list[Subscription]:
    """Return what the inbox listens to."""
    return [Subscription(fact, _teller(code, link, kept), ordered=False) for fact, code, link, kept in TOLD]


def _teller(code: str, link: str, kept: tuple[str, ...]) -> Callable[[Session, Message, Envelope], None]:
    def tell(session: Session, fact: Message, envelope: Envelope) -> None:
        said: dict[str, Any] = {field.name: getattr(fact, field.name) for field in fact.DESCRIPTOR.fields}
        citizens = list(said["citizen_ids"]) if "citizen_ids" in said else [said["citizen_id"]]
        notify(
            session, [each for each in citizens if each], code, fact_id=envelope.id, at=envelope.time, link=link.format(**said),
            params={name: said[name] for name in kept},
        )  # fmt: skip

    return tell
