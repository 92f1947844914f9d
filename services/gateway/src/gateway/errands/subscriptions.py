"""Facts of both agencies that move an errand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis.consumer import Subscription
from chassis.inbox import Envelope
from google.protobuf.message import Message
from malang.singo.v1 import applications_events_pb2 as applications
from malang.singo.v1 import complaints_events_pb2 as complaints
from malang.singo.v1 import letters_events_pb2 as letters
from malang.twuin.v1 import billing_events_pb2 as billing
from malang.twuin.v1 import new_connections_events_pb2 as new_connections
from sqlalchemy.orm import Session

from gateway.errands.service import Told, begin, progress


@dataclass(frozen=True, slots=True)
class Moves:
    """What a fact says of an errand. A state or a holder in braces is a field of the fact."""

    fact: type[Message]
    kind: str
    state: str
    with_whom: str = ""  # "" = nobody: it has ended
    rank: int = 1  # facts of a letter outrank those of its application, whichever comes first

    @property
    def begins(self) -> bool:
        """Tell whether the fact names whose errand it is; those of a complaint name followers, too, so only the first counts."""
        fields = set(self.fact.DESCRIPTOR.fields_by_name)
        return "citizen_id" in fields if self.kind == "complaint" else bool(fields & {"citizen_id", "citizen_ids"})


MOVES: tuple[Moves, ...] = (
    Moves(applications.ApplicationSubmitted, "letter", "submitted", "officer"),
    Moves(applications.ApplicationReturned, "letter", "returned", "citizen"),
    Moves(applications.ApplicationApproved, "letter", "approved", "lurah"),
    Moves(applications.ApplicationRefused, "letter", "refused"),
    Moves(applications.ApplicationWithdrawn, "letter", "withdrawn"),
    Moves(letters.LetterIssued, "letter", "issued", rank=2),
    Moves(letters.LetterRevoked, "letter", "revoked", rank=2),
    Moves(complaints.ComplaintFiled, "complaint", "filed", "officer"),
    Moves(complaints.ComplaintAssigned, "complaint", "assigned", "officer"),
    Moves(complaints.ComplaintAnswered, "complaint", "answered", "officer"),
    Moves(complaints.ComplaintProgressed, "complaint", "{step}", "twuin"),
    Moves(complaints.ComplaintResolved, "complaint", "resolved"),
    Moves(complaints.ComplaintReopened, "complaint", "reopened", "officer"),
    Moves(complaints.ComplaintRefused, "complaint", "refused"),
    Moves(complaints.ComplaintWithdrawn, "complaint", "withdrawn"),
    Moves(complaints.ComplaintRated, "complaint", "rated"),
    Moves(new_connections.NewConnectionApplied, "new_connection", "applied", "customer_service"),
    Moves(new_connections.NewConnectionAdvanced, "new_connection", "{step}", "{with_whom}"),
    Moves(new_connections.NewConnectionOffered, "new_connection", "payment", "citizen"),
    Moves(new_connections.NewConnectionHeld, "new_connection", "held", "citizen"),
    Moves(new_connections.NewConnectionRefused, "new_connection", "refused"),
    Moves(new_connections.NewConnectionActivated, "new_connection", "active"),
    Moves(new_connections.NewConnectionWithdrawn, "new_connection", "withdrawn"),
    Moves(new_connections.NewConnectionLapsed, "new_connection", "lapsed"),
    Moves(billing.BillIssued, "bill", "issued", "citizen"),
    Moves(billing.BillPaid, "bill", "paid"),
)
_SUBJECTS = {"letter": "application_id", "complaint": "complaint_id", "new_connection": "application_id", "bill": "bill_id"}
_DETAILS = {"letter": "kind", "complaint": "category", "bill": "period"}
_WHOM = {"applicant": "citizen", "nobody": ""}


def subscriptions() -> list[Subscription]:
    """Return what the time line listens to; it is rebuilt when its sources say their state again."""
    return [Subscription(moves.fact, _mover(moves), name="errands", restated=True) for moves in MOVES]


def _mover(moves: Moves) -> Callable[[Session, Message, Envelope], None]:
    def move(session: Session, fact: Message, envelope: Envelope) -> None:
        said: dict[str, Any] = {field.name: getattr(fact, field.name) for field in fact.DESCRIPTOR.fields}
        told = _told(moves, said, envelope)
        if moves.begins:
            citizens = list(said["citizen_ids"]) if "citizen_ids" in said else [said["citizen_id"]]
            begin(session, [each for each in citizens if each], told)
        else:
            progress(session, told)

    return move


def _told(moves: Moves, said: dict[str, Any], envelope: Envelope) -> Told:
    whom = moves.with_whom.format(**said)
    if whom == "officer" and said.get("water"):
        whom = "twuin"
    return Told(
        kind=moves.kind, subject_id=uuid.UUID(said[_SUBJECTS[moves.kind]]), fact=moves.fact.DESCRIPTOR.name,
        sequence=envelope.sequence, at=envelope.time, state=moves.state.format(**said), open=bool(whom), with_whom=_WHOM.get(whom, whom),
        due_on=str(said.get("due_on") or said.get("resolve_by") or ""), reference=str(said.get("reference") or said.get("number") or ""),
        detail=str(said.get(_DETAILS.get(moves.kind, ""), "")), rank=moves.rank,
    )  # fmt: skip
