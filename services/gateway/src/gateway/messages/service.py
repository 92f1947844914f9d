"""Queue, deliver and show messages."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from chassis import clock, telemetry
from chassis.crypto import Vault
from chassis.db import Database
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.messages.carriers import Carriers, NotSent
from gateway.messages.tables import OutgoingMessage

log = telemetry.logger(__name__)

_LEASE = dt.timedelta(seconds=30)  # a message being sent is left alone for so long
_LONGEST_PAUSE = 600  # seconds between two tries
_KEEP = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A message as the demo mailbox shows it."""

    id: str
    to: str
    subject: str
    body: str
    at: dt.datetime


def queue(
    session: Session, vault: Vault, *, to: str, body: str, channel: str = "sms", subject: str = "",
    good_for: dt.timedelta = dt.timedelta(days=1), identity: uuid.UUID | None = None,
) -> uuid.UUID:  # fmt: skip
    """Write a message that goes out once the transaction is committed; channel "none" is for decoys and goes nowhere.

    `identity` names what the message says, so that it is written once however often it is said.
    """
    identity, now = identity or uuid.uuid4(), clock.now()
    session.execute(
        insert(OutgoingMessage).values(
            id=identity, channel=channel, to_index=vault.index(to, of="message"), to_sealed=vault.seal(to, bound=f"message:{identity}:to"),
            subject=subject, body_sealed=vault.seal(body, bound=f"message:{identity}:body"), created_at=now, good_until=now + good_for,
            next_try_at=now, tries=0, state="waiting",
        ).on_conflict_do_nothing(index_elements=["id"])
    )  # fmt: skip
    return identity


def deliver_due(db: Database, vault: Vault, carriers: Carriers, *, most: int = 50) -> int:
    """Send what waits, outside of transactions; return how many were handled."""
    now = clock.now()
    with db.transaction() as session:
        due = (
            select(OutgoingMessage.id)
            .where(OutgoingMessage.state == "waiting", OutgoingMessage.next_try_at <= now)
            .order_by(OutgoingMessage.next_try_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        claimed = session.execute(
            update(OutgoingMessage)
            .where(OutgoingMessage.id.in_(due.scalar_subquery()))
            .values(next_try_at=now + _LEASE, tries=OutgoingMessage.tries + 1)
            .returning(
                OutgoingMessage.id, OutgoingMessage.channel, OutgoingMessage.to_sealed, OutgoingMessage.subject,
                OutgoingMessage.body_sealed, OutgoingMessage.tries, OutgoingMessage.good_until,
            )
        ).all()  # fmt: skip
    return sum(_hand_over(db, vault, carriers, row) for row in claimed)


def _hand_over(db: Database, vault: Vault, carriers: Carriers, row: Any) -> bool:
    """Send one claimed message, unless its lease ended while others of its batch were slow and somebody else has it by now."""
    own = (OutgoingMessage.id == row.id, OutgoingMessage.tries == row.tries, OutgoingMessage.state == "waiting")
    with db.transaction() as session:
        renewed = update(OutgoingMessage).where(*own).values(next_try_at=clock.now() + _LEASE).returning(OutgoingMessage.id)
        if session.execute(renewed).first() is None:
            return False
    values = _attempt(vault, carriers, row)
    with db.transaction() as session:  # a crash before this: the message is handed over again, with the same reference
        session.execute(update(OutgoingMessage).where(*own).values(**values))
    return True


def _attempt(vault: Vault, carriers: Carriers, row: Any) -> dict[str, object]:
    now = clock.now()
    carrier = carriers.get(row.channel)
    if carrier is None or row.good_until < now:
        return {"state": "dropped", "ended_at": now}
    try:
        carrier.send(
            to=vault.open(row.to_sealed, bound=f"message:{row.id}:to"), subject=row.subject,
            body=vault.open(row.body_sealed, bound=f"message:{row.id}:body"), reference=str(row.id),
        )  # fmt: skip
    except NotSent as wrong:
        log.warning("message_not_sent", message=str(row.id), channel=row.channel, tries=row.tries, reason=str(wrong))
        return {"next_try_at": now + dt.timedelta(seconds=min(_LONGEST_PAUSE, 2 ** min(row.tries, 10)))}
    return {"state": "sent", "ended_at": now}


def mailbox(session: Session, vault: Vault, *, to: str | None = None, most: int = 30) -> list[Letterbox]:
    """Return the newest messages (to one address); for the demo's mailbox page only."""
    query = select(OutgoingMessage).where(OutgoingMessage.channel != "none").order_by(OutgoingMessage.created_at.desc()).limit(most)
    if to is not None:
        query = query.where(OutgoingMessage.to_index == vault.index(to, of="message"))
    return [
        Letterbox(
            id=str(each.id), to=vault.open(each.to_sealed, bound=f"message:{each.id}:to"), subject=each.subject,
            body=vault.open(each.body_sealed, bound=f"message:{each.id}:body"), at=each.created_at,
        )
        for each in session.scalars(query)
    ]  # fmt: skip


def purge(session: Session) -> int:
    """Forget messages that ended some days ago; return how many."""
    old = clock.now() - _KEEP
    gone = session.execute(delete(OutgoingMessage).where(OutgoingMessage.created_at < old).returning(OutgoingMessage.id))
    return len(gone.all())
