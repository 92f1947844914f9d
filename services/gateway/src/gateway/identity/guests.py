"""Guests: people without an account who proved a phone. The same phone is the same guest, for as long as it comes back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from chassis import clock
from chassis.crypto import Vault
from chassis.errors import InvalidFields
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.identity import challenges, sessions, throttle
from gateway.identity.accounts import phone_index
from gateway.identity.challenges import Pending
from gateway.identity.means import Means
from gateway.identity.model import check_phone
from gateway.identity.sessions import Client, NewSession
from gateway.identity.tables import Guest

_KEEP = dt.timedelta(days=730)  # a guest unseen for so long is forgotten; reports then reach nobody any more


def begin(means: Means, phone: str, *, address: str, language: str = "id") -> Pending:
    """Send a code to `phone`; InvalidFields (phone), TooManyTries."""
    number = check_phone(phone)
    if not isinstance(number, str):
        raise InvalidFields(fields=number)
    throttle.enter(means, throttle.keys_for(means, "guest", number, address))
    with means.db.transaction() as session:
        return challenges.begin(session, means, "guest", payload={"language": language}, phone=number)


def resend(means: Means, request_id: str) -> Pending:
    """Send a new code."""
    return challenges.resend(means, "guest", request_id)


def confirm(means: Means, request_id: str, code: str, *, address: str, agent: str, client: Client = "browser") -> NewSession:
    """Open a guest's session of two hours when the code is right; CodeRefused otherwise."""
    begun = challenges.answer(means, "guest", request_id, code)
    phone, language = str(begun.payload["phone"]), str(begun.payload["language"])
    with means.db.transaction() as session:
        challenges.use(session, begun)
        guest = _found_or_new(session, means.vault, phone, language)
        new = sessions.open_session(session, means, "guest", guest, client=client, address=address, agent=agent)
    throttle.clear(means, throttle.keys_for(means, "guest", phone, address))
    return new


def contact(session: Session, vault: Vault, ids: Iterable[str]) -> dict[str, str]:
    """Return the phones (+62…) of those of `ids` that are guests."""
    wanted = [uuid.UUID(each) for each in ids]
    rows = session.execute(select(Guest.id, Guest.phone_sealed).where(Guest.id.in_(wanted)))
    return {str(row.id): vault.open(row.phone_sealed, bound=_bound(row.id)) for row in rows}


def languages(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return in which language those of `ids` that are guests proved their phone."""
    wanted = [uuid.UUID(each) for each in ids]
    return {str(row.id): row.language for row in session.execute(select(Guest.id, Guest.language).where(Guest.id.in_(wanted)))}


def purge(session: Session) -> None:
    """Forget guests whom nobody has seen for two years."""
    session.execute(delete(Guest).where(Guest.seen_at < clock.now() - _KEEP))


def _found_or_new(session: Session, vault: Vault, phone: str, language: str) -> uuid.UUID:
    identity, now = uuid.uuid4(), clock.now()
    known = insert(Guest).values(
        id=identity, phone_index=phone_index(vault, phone), phone_sealed=vault.seal(phone, bound=_bound(identity)), language=language,
        created_at=now, seen_at=now,
    )  # fmt: skip
    known = known.on_conflict_do_update(index_elements=[Guest.phone_index], set_={"seen_at": now, "language": language})
    return session.execute(known.returning(Guest.id)).scalar_one()


def _bound(identity: uuid.UUID) -> str:
    return f"guest:{identity}:phone"
