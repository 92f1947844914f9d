"""A citizen's own data: read, language and password changed, handed to a letter, exported."""

from __future__ import annotations

import uuid
from typing import Any

from chassis import clock
from chassis.errors import FieldError, InvalidFields
from malang.singo.v1.applications_pb2 import ApplicantSnapshot
from malang.twuin.v1.new_connections_pb2 import ConnectionApplicant
from sqlalchemy import update

from gateway.identity import accounts, sessions, throttle
from gateway.identity.accounts import Details
from gateway.identity.means import Means
from gateway.identity.model import check_password
from gateway.identity.sessions import Person
from gateway.identity.tables import Account, StaffMember
from gateway.messages import queue


def details(means: Means, citizen_id: str) -> Details:
    """Return what the account knows of its person, in clear; NoSuchAccount."""
    with means.db.transaction(readonly=True) as session:
        return accounts.details(means.vault, accounts.get(session, citizen_id))


def applicant(means: Means, citizen_id: str) -> ApplicantSnapshot:
    """Return what a letter needs of its applicant, to be sent along at submission."""
    own = details(means, citizen_id)
    who = own.profile
    return ApplicantSnapshot(
        name=own.name, nik=own.nik, kk=own.kk, birth_place=who.birth_place, birth_date=own.birth_date.isoformat(), sex=who.sex,
        address=who.address, rt=who.rt, rw=who.rw, kelurahan=who.kelurahan, religion=who.religion, occupation=who.occupation,
        marital_status=who.marital_status, nationality=who.nationality,
    )  # fmt: skip


def connection_applicant(means: Means, citizen_id: str) -> ConnectionApplicant:
    """Return whom a new water connection is for, to be sent along with the application."""
    own = details(means, citizen_id)
    return ConnectionApplicant(name=own.name, phone=own.phone)


def set_language(means: Means, person: Person, language: str) -> None:
    """Remember the language ("id" or "en") of a person."""
    if language not in {"id", "en"}:
        raise InvalidFields(fields=[FieldError("language", "unknown", "Bahasa: id atau en.", "Language: id or en.")])
    table: Any = Account if person.kind == "citizen" else StaffMember
    with means.db.transaction() as session:
        session.execute(update(table).where(table.id == uuid.UUID(person.id)).values(language=language))
        keys = sessions.cache_keys(session, uuid.UUID(person.id))
    means.cache.delete(*keys)


def change_password(means: Means, person: Person, present: str, new: str, *, address: str) -> None:
    """Change the password of a signed-in citizen who knows the present one; the other sessions end and the phone is told."""
    own = details(means, person.id)
    if wrong := check_password(new, not_like=(own.name, own.nik, own.phone), field="new_password"):
        raise InvalidFields(fields=wrong)
    keys = throttle.keys_for(means, "change_password", person.id, address)
    throttle.enter(means, keys)
    with means.db.transaction(readonly=True) as session:
        stored = accounts.get(session, person.id).password_hash
    if not means.hasher.verify(stored, present):
        raise InvalidFields(
            fields=[FieldError("password", "wrong", "Kata sandi sekarang tidak cocok.", "The present password does not match.")]
        )
    throttle.clear(means, keys)
    hashed = means.hasher.hash(new)
    with means.db.transaction() as session:
        account = accounts.get(session, person.id, lock=True)
        account.password_hash, account.password_changed_at = hashed, clock.now()
        ended = sessions.end_all(session, account.id, but=uuid.UUID(person.session_id))
        queue(session, means.vault, to=own.phone, body=_CHANGED)
    means.cache.delete(*ended)


def export(means: Means, citizen_id: str) -> dict[str, Any]:
    """Return everything that identity keeps about a citizen, as plain values."""
    import msgspec

    own = details(means, citizen_id)
    with means.db.transaction(readonly=True) as session:
        from sqlalchemy import select

        from gateway.identity.tables import SignedIn

        rows = session.execute(
            select(SignedIn.created_at, SignedIn.seen_at, SignedIn.ended_at, SignedIn.client, SignedIn.address, SignedIn.agent)
            .where(SignedIn.subject == uuid.UUID(citizen_id))
            .order_by(SignedIn.created_at)
        ).all()
    account: dict[str, Any] = msgspec.to_builtins(own)
    return {"account": account, "sessions": msgspec.to_builtins([dict(row._mapping) for row in rows])}  # noqa: SLF001 - the row's public mapping


_CHANGED = (
    "Kata sandi akun Singo/Twuin Anda baru saja diganti. Jika bukan Anda, pakai 'Lupa sandi' sekarang. / "
    "Your password was changed. If this was not you, use 'Forgot password' now."
)
