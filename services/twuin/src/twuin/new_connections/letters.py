"""What singo's facts say of letters: enough to tell whether one proves a home. Never asked for, never uploaded."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from chassis import clock
from chassis.errors import NotFound
from chassis.inbox import Envelope
from google.protobuf.message import Message
from malang.singo.v1.letters_events_pb2 import LetterIssued, LetterRevoked
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from twuin.new_connections import errors
from twuin.new_connections.model import Proof
from twuin.new_connections.tables import LetterRow
from twuin.vocabulary import identifier


def issued(session: Session, fact: Message, envelope: Envelope) -> None:
    """Take over what was certified. What came later stays: a letter that is known as revoked is so for good."""
    assert isinstance(fact, LetterIssued)
    content = {
        "citizen_id": fact.citizen_id, "kind": fact.kind, "reference": fact.reference, "sha256": fact.sha256,
        "signed_at": fact.signed_at.ToDatetime(dt.UTC), "address_hash": fact.address_hash,
        "valid_until": dt.date.fromisoformat(fact.valid_until) if fact.valid_until else None,
    }  # fmt: skip
    fresh = insert(LetterRow).values(letter_id=uuid.UUID(fact.letter_id), revoked_at=None, sequence=envelope.sequence, **content)
    # A letter is certified once: whatever order the facts come in, this content is that of its letter.
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=[LetterRow.letter_id],
            set_={**content, "sequence": sa.func.greatest(LetterRow.sequence, envelope.sequence)},
        )
    )


def revoked(session: Session, fact: Message, envelope: Envelope) -> None:
    """Note that a letter no longer holds, even before it is known as issued; the first revocation is the one that counts."""
    assert isinstance(fact, LetterRevoked)
    at = fact.revoked_at.ToDatetime(dt.UTC)
    fresh = insert(LetterRow).values(
        letter_id=uuid.UUID(fact.letter_id), citizen_id=fact.citizen_id, kind=fact.kind, reference=fact.reference, sha256="",
        signed_at=None, valid_until=None, address_hash="", revoked_at=at, sequence=envelope.sequence,
    )  # fmt: skip
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=[LetterRow.letter_id],
            set_={
                "revoked_at": sa.func.coalesce(LetterRow.revoked_at, at),
                "sequence": sa.func.greatest(LetterRow.sequence, envelope.sequence),
            },
        )
    )


def proofs(session: Session, citizen_id: str) -> list[Proof]:
    """Return all letters of a person, newest first, with what stands against each."""
    newest = sa.func.coalesce(LetterRow.signed_at, LetterRow.revoked_at)
    rows = session.scalars(
        sa.select(LetterRow).where(LetterRow.citizen_id == citizen_id).order_by(newest.desc(), LetterRow.letter_id).limit(200)
    )
    return [row.proof(clock.today()) for row in rows]


def proof_of(session: Session, letter_id: uuid.UUID) -> Proof | None:
    """Return a letter, whoever's it is."""
    row = session.get(LetterRow, letter_id)
    return None if row is None else row.proof(clock.today())


def own(session: Session, citizen_id: str, letter_id: str) -> LetterRow:
    """Return a letter of the person's own that proves a home today.

    ProofNotFound for somebody else's as for none; the refusal that says which flaw for one's own.
    """
    try:
        wanted = identifier(letter_id)
    except NotFound as wrong:
        raise errors.ProofNotFound from wrong
    row = session.scalar(sa.select(LetterRow).where(LetterRow.letter_id == wanted, LetterRow.citizen_id == citizen_id))
    if row is None:
        raise errors.ProofNotFound
    if flaw := row.letter.flaw(clock.today()):
        until = f"{row.valid_until:%d-%m-%Y}" if row.valid_until else ""
        raise errors.FLAWS[flaw](reference=row.reference, until=until)
    return row
