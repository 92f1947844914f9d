"""Notices that also leave the platform: a person chooses, per kind of matter, a text message, an e-mail, or neither.

A notice becomes a message in the transaction that writes the notice, and the notice's id is the message's id and the
carrier's idempotency key: told once, sent once, and sent again only if the carrier did not take it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Literal, cast

from chassis import clock
from chassis.crypto import Vault
from chassis.errors import FieldError, InvalidFields, Language
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.identity import contacts
from gateway.identity.contacts import Contact
from gateway.identity.means import Means
from gateway.inbox.tables import DeliveryChoice
from gateway.inbox.texts import text
from gateway.messages import queue

About = Literal["errands", "bills", "water"]
ABOUT: tuple[About, ...] = ("errands", "bills", "water")
CHANNELS = ("none", "sms", "email")
_WANTED = dt.timedelta(days=2)  # after that the notice in the inbox is enough


def choices(session: Session, citizen_id: str) -> dict[str, str]:
    """Return a citizen's channel for each kind of matter; "none" is the usual one."""
    chosen = _chosen(session, [citizen_id])
    return {about: chosen.get((citizen_id, about), "none") for about in ABOUT}


def choose(session: Session, vault: Vault, citizen_id: str, wanted: Mapping[str, str]) -> None:
    """Keep the channels of the kinds that `wanted` names; InvalidFields names each that cannot be, and nothing changes."""
    email = contacts.proved_email(session, vault, citizen_id)
    wrong = [error for about, channel in wanted.items() if (error := _error(about, channel, email))]
    if wrong:
        raise InvalidFields(fields=wrong)
    owner = uuid.UUID(citizen_id)
    for about, channel in sorted(wanted.items()):
        if channel == "none":
            session.execute(delete(DeliveryChoice).where(DeliveryChoice.citizen_id == owner, DeliveryChoice.about == about))
            continue
        kept = insert(DeliveryChoice).values(citizen_id=owner, about=about, channel=channel, chosen_at=clock.now())
        changed = {"channel": channel, "chosen_at": kept.excluded.chosen_at}
        session.execute(kept.on_conflict_do_update(index_elements=["citizen_id", "about"], set_=changed))


def without_email(session: Session, citizen_id: str) -> None:
    """Choose neither where an e-mail was chosen: the address is gone."""
    gone = delete(DeliveryChoice).where(DeliveryChoice.citizen_id == uuid.UUID(citizen_id), DeliveryChoice.channel == "email")
    session.execute(gone)


def send(
    session: Session, means: Means, made: Mapping[str, uuid.UUID], *, about: About, code: str, params: Mapping[str, Any], link: str,
) -> int:  # fmt: skip
    """Queue a message for each new notice (id by person) whose person wants one; return how many. Guests have no inbox: always."""
    if not made:
        return 0
    reached = contacts.contacts(session, means.vault, made)
    chosen = _chosen(session, list(made))
    count = 0
    for person, contact in sorted(reached.items()):
        channel, to = _way(contact, chosen.get((person, about), "none"))
        if to:
            words = text(code, params, cast("Language", contact.language))
            body = f"{words.title}. {words.body} {means.settings.public_url}{link}"
            subject = words.title if channel == "email" else ""
            queue(session, means.vault, to=to, body=body, subject=subject, channel=channel, good_for=_WANTED, identity=made[person])
            count += 1
    return count


def _way(contact: Contact, channel: str) -> tuple[str, str]:
    """Return the channel and the address to use; no address for nowhere."""
    if contact.guest or channel == "sms":
        return "sms", contact.phone
    return (channel, contact.email) if channel == "email" else ("none", "")


def _chosen(session: Session, people: list[str]) -> dict[tuple[str, str], str]:
    query = select(DeliveryChoice.citizen_id, DeliveryChoice.about, DeliveryChoice.channel)
    rows = session.execute(query.where(DeliveryChoice.citizen_id.in_([uuid.UUID(each) for each in people])))
    return {(str(row.citizen_id), row.about): row.channel for row in rows}


def _error(about: str, channel: str, email: str) -> FieldError | None:
    if about not in ABOUT:
        return FieldError(about, "unknown", f"Pilihan {about} tidak dikenal.", f"The choice {about} is not known.")
    if channel not in CHANNELS:
        return FieldError(about, "choice", "Pilih none, sms, atau email.", "Choose none, sms or email.")
    if channel == "email" and not email:
        return FieldError(about, "email_not_proved", "Buktikan dulu alamat surel Anda.", "Prove your e-mail address first.")
    return None
