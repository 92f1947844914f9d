"""Accounts of citizens: find, open and read them; the rows' encryption lives here."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict, dataclass

import msgspec
from chassis import clock
from chassis.crypto import Vault
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from gateway.identity.errors import NoSuchAccount
from gateway.identity.model import check_phone, digits_of
from gateway.identity.registry import Profile
from gateway.identity.tables import Account

_NIK = 16


@dataclass(frozen=True, slots=True)
class Registrant:
    """A person as registered, every field checked."""

    nik: str
    kk: str
    name: str
    birth_date: dt.date
    phone: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Details:
    """What an account knows of its person, in clear."""

    id: str
    nik: str
    kk: str
    name: str
    birth_date: dt.date
    phone: str
    email: str
    language: str
    loa: int
    profile: Profile
    created_at: dt.datetime
    password_changed_at: dt.datetime


def nik_index(vault: Vault, nik: str) -> bytes:
    """Return the blind index of a NIK."""
    return vault.index(nik, of="nik")


def phone_index(vault: Vault, phone: str) -> bytes:
    """Return the blind index of a phone number (+62…)."""
    return vault.index(phone, of="phone")


def open_account(
    session: Session, vault: Vault, who: Registrant, profile: Profile, *, password_hash: str, loa: int = 2
) -> uuid.UUID:
    """Write the account of a person whose NIK the registry confirmed and whose phone is proved."""
    identity, now = uuid.uuid4(), clock.now()

    def sealed(column: str, text: str) -> bytes:
        return vault.seal(text, bound=f"account:{identity}:{column}")

    session.execute(
        insert(Account).values(
            id=identity, version=1, nik_index=nik_index(vault, who.nik), phone_index=phone_index(vault, who.phone),
            nik_sealed=sealed("nik", who.nik), kk_sealed=sealed("kk", who.kk), name_sealed=sealed("name", who.name),
            birth_date_sealed=sealed("birth_date", who.birth_date.isoformat()), phone_sealed=sealed("phone", who.phone),
            email_sealed=sealed("email", who.email) if who.email else None,
            profile_sealed=sealed("profile", msgspec.json.encode(asdict(profile)).decode()), password_hash=password_hash, loa=loa,
            language=who.language, created_at=now, password_changed_at=now,
        )
    )  # fmt: skip
    return identity


def by_identifier(session: Session, vault: Vault, identifier: str) -> Account | None:
    """Return the account whose NIK or phone `identifier` is."""
    digits = digits_of(identifier)
    if len(digits) == _NIK and digits.isdigit():
        return session.scalars(select(Account).where(Account.nik_index == nik_index(vault, digits))).one_or_none()
    phone = check_phone(identifier)
    if isinstance(phone, str):
        return session.scalars(select(Account).where(Account.phone_index == phone_index(vault, phone))).one_or_none()
    return None


def canonical(identifier: str) -> str:
    """Return an identifier as failed tries are counted for it: one spelling of a NIK or phone."""
    phone = check_phone(identifier)
    return phone if isinstance(phone, str) else digits_of(identifier).casefold()


def get(session: Session, citizen_id: str, *, lock: bool = False) -> Account:
    """Return the account; NoSuchAccount otherwise."""
    try:
        identity = uuid.UUID(citizen_id)
    except ValueError:
        raise NoSuchAccount from None
    query = select(Account).where(Account.id == identity)
    account = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if account is None:
        raise NoSuchAccount
    return account


def details(vault: Vault, account: Account) -> Details:
    """Return the account in clear."""

    def opened(column: str) -> str:
        return vault.open(getattr(account, f"{column}_sealed"), bound=f"account:{account.id}:{column}")

    return Details(
        id=str(account.id), nik=opened("nik"), kk=opened("kk"), name=opened("name"),
        birth_date=dt.date.fromisoformat(opened("birth_date")), phone=opened("phone"),
        email=opened("email") if account.email_sealed else "", language=account.language, loa=account.loa,
        profile=msgspec.json.decode(opened("profile"), type=Profile), created_at=account.created_at,
        password_changed_at=account.password_changed_at,
    )  # fmt: skip


def phone_of(vault: Vault, account: Account) -> str:
    """Return the phone number of an account."""
    return vault.open(account.phone_sealed, bound=f"account:{account.id}:phone")
