"""Where a person can be reached outside of the portal: the proved phone, and the proved e-mail address."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chassis import clock
from chassis.crypto import Vault
from chassis.errors import FieldError, InvalidFields
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.identity import accounts, challenges, guests, throttle
from gateway.identity.challenges import Pending
from gateway.identity.means import Means
from gateway.identity.model import check_email
from gateway.identity.tables import Account
from gateway.messages import queue


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach a person; `email` is empty unless it was proved."""

    guest: bool
    language: str
    phone: str
    email: str = ""


def contacts(session: Session, vault: Vault, ids: Iterable[str]) -> dict[str, Contact]:
    """Return, by id, how those of `ids` who are citizens or guests are reached."""
    wanted = [uuid.UUID(each) for each in ids]
    columns = (Account.id, Account.language, Account.phone_sealed, Account.email_sealed, Account.email_proved_at)
    found = {str(row.id): _citizen(vault, row) for row in session.execute(select(*columns).where(Account.id.in_(wanted)))}
    rest = [str(each) for each in wanted if str(each) not in found]
    if rest:
        spoken = guests.languages(session, rest)
        found |= {
            each: Contact(True, spoken.get(each, "id"), phone) for each, phone in guests.contact(session, vault, rest).items()
        }
    return found


def _citizen(vault: Vault, row: Any) -> Contact:
    def opened(column: str) -> str:
        return vault.open(getattr(row, f"{column}_sealed"), bound=f"account:{row.id}:{column}")

    return Contact(False, row.language, opened("phone"), opened("email") if row.email_proved_at and row.email_sealed else "")


def proved_email(session: Session, vault: Vault, citizen_id: str) -> str:
    """Return a citizen's proved e-mail address; empty for none."""
    found = contacts(session, vault, [citizen_id]).get(citizen_id)
    return found.email if found else ""


def masked_email(email: str) -> str:
    """Return an address of which only the first sign and the domain can be read."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}{'•' * max(2, len(name) - 1)}@{domain}" if domain else ""


def begin_email(means: Means, citizen_id: str, email: str, *, address: str) -> Pending:
    """Send a code to an e-mail address; it counts once the code came back. InvalidFields, TooManyTries."""
    checked = check_email(email)
    if isinstance(checked, list):
        raise InvalidFields(fields=checked)
    if not checked:
        raise InvalidFields(fields=[FieldError("email", "required", "Ketik alamat surel.", "Enter the e-mail address.")])
    throttle.enter(means, throttle.keys_for(means, "email", citizen_id, address))
    with means.db.transaction() as session:
        accounts.get(session, citizen_id)
        pending = challenges.begin(session, means, "email", payload={}, owner=uuid.UUID(citizen_id), email=checked)
    return Pending(pending.request_id, masked_email(checked), pending.expires_at)


def confirm_email(means: Means, citizen_id: str, request_id: str, code: str, *, address: str) -> None:
    """Keep the address when the code is right and was asked for by the same person; the phone is told. CodeRefused."""
    begun = challenges.answer(means, "email", request_id, code, owner=uuid.UUID(citizen_id))
    email = str(begun.payload["email"])
    with means.db.transaction() as session:
        challenges.use(session, begun)
        account = accounts.get(session, citizen_id, lock=True)
        account.email_sealed = means.vault.seal(email, bound=f"account:{account.id}:email")
        account.email_proved_at = clock.now()
        queue(session, means.vault, to=accounts.phone_of(means.vault, account), body=_PROVED.format(email=masked_email(email)))
    throttle.clear(means, throttle.keys_for(means, "email", citizen_id, address))


def forget_email(means: Means, citizen_id: str) -> None:
    """Forget the e-mail address of a citizen."""
    with means.db.transaction() as session:
        gone = update(Account).where(Account.id == uuid.UUID(citizen_id)).values(email_sealed=None, email_proved_at=None)
        session.execute(gone)


_PROVED = (
    "Alamat surel {email} kini dipakai akun Singo/Twuin Anda. Bukan Anda? Ganti kata sandi dan hapus alamat itu. / "
    "The e-mail address {email} now belongs to your account. Not you? Change your password and remove it."
)
