"""Sessions: opened at sign-in, found by a random token of which only the hash is kept, ended by idling, age or hand."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from chassis import clock, telemetry
from chassis.crypto import Vault
from chassis.principal import Principal
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from gateway.identity.errors import NoSuchSession
from gateway.identity.means import Means
from gateway.identity.tables import Account, SignedIn, StaffMember
from gateway.identity.tables import Guest as GuestRow

Client = Literal["browser", "api"]
Kind = Literal["citizen", "guest", "staff"]
GUEST_HOURS = 2
log = telemetry.logger(__name__)
_CACHED = 60  # seconds that Redis may keep a session, and after which it is noted as seen again


class _Known(msgspec.Struct):
    """A session as the cache keeps it: no name in clear."""

    sid: str
    kind: Kind
    subject: str
    client: Client
    language: str
    name: bytes  # of a citizen, or a guest's phone; encrypted
    loa: int
    seen: float
    expires: float
    idle: int
    roles: list[str] = []
    areas: list[str] = []
    office: str = ""
    staff_name: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in; `principal` is what the services will see."""

    id: str
    kind: Kind
    session_id: str
    client: Client
    language: str
    principal: Principal
    loa: int

    @property
    def display_name(self) -> str:
        """Return the name to greet with."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Citizen(Person):
    """A signed-in citizen."""

    _vault: Vault = field(repr=False)
    _name: bytes = field(repr=False)

    @property
    def display_name(self) -> str:
        """Return the name, decrypted when asked for."""
        return self._vault.open(self._name, bound=f"account:{self.id}:name")


@dataclass(frozen=True, slots=True)
class Guest(Person):
    """A guest: a proved phone, no account."""

    _vault: Vault = field(repr=False)
    _phone: bytes = field(repr=False)

    @property
    def display_name(self) -> str:
        """Return the phone, of which only the ends can be read."""
        phone = self._vault.open(self._phone, bound=f"guest:{self.id}:phone")
        return f"{phone[:5]}{'•' * (len(phone) - 8)}{phone[-3:]}"


@dataclass(frozen=True, slots=True)
class Staff(Person):
    """A signed-in member of staff."""

    roles: frozenset[str]
    areas: frozenset[str]
    office: str
    _name: str = field(repr=False)

    @property
    def display_name(self) -> str:
        """Return the name."""
        return self._name

    def has(self, *roles: str) -> bool:
        """Tell whether this person has one of `roles`."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just opened; the token is shown this once (empty for an API client)."""

    token: str
    session_id: str
    kind: Kind
    subject: str


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its person sees it in the list."""

    id: str
    client: Client
    address: str
    agent: str
    created_at: dt.datetime
    seen_at: dt.datetime
    current: bool


def open_session(
    session: Session,
    means: Means,
    kind: Kind,
    subject: uuid.UUID,
    *,
    client: Client,
    address: str,
    agent: str,
) -> NewSession:
    """Open a session of a person who has just proved who they are."""
    token, identity, now = secrets.token_urlsafe(32), uuid.uuid4(), clock.now()
    settings = means.settings
    hours, minutes = {
        "citizen": (settings.session_hours, settings.session_idle_minutes),
        "guest": (GUEST_HOURS, GUEST_HOURS * 60),
        "staff": (settings.staff_hours, settings.staff_idle_minutes),
    }[kind]
    life, idle = dt.timedelta(hours=hours), minutes * 60
    if client == "api" and kind != "guest":
        life = dt.timedelta(days=settings.refresh_days)
        idle = int(life.total_seconds())
    session.execute(
        insert(SignedIn).values(
            id=identity, token_hash=_hash(token) if client == "browser" else None, kind=kind, subject=subject, client=client,
            created_at=now, seen_at=now, expires_at=now + life, idle_seconds=idle, address=address, agent=agent[:200],
        )
    )  # fmt: skip
    log.info("signed_in", kind=kind, person=str(subject), client=client, session=str(identity))
    return NewSession(token if client == "browser" else "", str(identity), kind, str(subject))


def find(means: Means, token: str) -> Person | None:
    """Return who holds the cookie `token`, None when it opens nothing."""
    hashed = _hash(token)
    return _find(means, _token_key(hashed), lambda: SignedIn.token_hash == hashed)


def find_by_id(means: Means, session_id: str) -> Person | None:
    """Return whose open session has this id (from a verified access token)."""
    try:
        identity = uuid.UUID(session_id)
    except ValueError:
        return None
    return _find(means, f"session:{identity}", lambda: SignedIn.id == identity)


def end(means: Means, person: Person, session_id: str | None = None) -> None:
    """End one session of `person`, the present one by default."""
    try:
        identity = uuid.UUID(session_id or person.session_id)
    except ValueError:
        raise NoSuchSession from None
    with means.db.transaction() as session:
        keys = _end(session, SignedIn.id == identity, SignedIn.subject == uuid.UUID(person.id))
    if not keys:
        raise NoSuchSession
    means.cache.delete(*keys)


def end_everywhere(means: Means, person: Person, *, but_this: bool = False) -> int:
    """End all sessions of `person`, also those of API clients; return how many."""
    with means.db.transaction() as session:
        keys = end_all(session, uuid.UUID(person.id), but=uuid.UUID(person.session_id) if but_this else None)
    means.cache.delete(*keys)
    return len(keys) // 2


def end_all(session: Session, subject: uuid.UUID, *, but: uuid.UUID | None = None) -> list[str]:
    """End the sessions of `subject`; return the cache keys to delete once that is committed."""
    conditions = [SignedIn.subject == subject] + ([SignedIn.id != but] if but else [])
    return _end(session, *conditions)


def end_all_of_family(session: Session, session_id: uuid.UUID) -> list[str]:
    """End the session of an API client; return the cache keys to delete once that is committed."""
    return _end(session, SignedIn.id == session_id)


def open_sessions(means: Means, person: Person) -> list[SessionView]:
    """Return the open sessions of `person`, the latest seen first."""
    with means.db.transaction(readonly=True) as session:
        query = select(SignedIn).where(
            SignedIn.subject == uuid.UUID(person.id), SignedIn.ended_at.is_(None), SignedIn.expires_at > clock.now()
        )
        rows = [
            row for row in session.scalars(query.order_by(SignedIn.seen_at.desc())) if not _idled(row.seen_at, row.idle_seconds)
        ]
        return [
            SessionView(
                id=str(row.id), client="api" if row.client == "api" else "browser", address=row.address, agent=row.agent,
                created_at=row.created_at, seen_at=row.seen_at, current=str(row.id) == person.session_id,
            )
            for row in rows
        ]  # fmt: skip


def cache_keys(session: Session, subject: uuid.UUID) -> list[str]:
    """Return the cache keys of the open sessions of `subject`, to delete after a change of roles, language or name."""
    rows = session.execute(select(SignedIn.id, SignedIn.token_hash).where(SignedIn.subject == subject, SignedIn.ended_at.is_(None)))
    return _keys(rows.all())


def purge(session: Session) -> None:
    """Forget sessions that ended or expired a month ago."""
    session.execute(delete(SignedIn).where(SignedIn.expires_at < clock.now() - dt.timedelta(days=30)))


def _find(means: Means, key: str, condition: Callable[[], ColumnElement[bool]]) -> Person | None:
    now = clock.now().timestamp()
    if (content := means.cache.get(key)) is not None:
        known = _decoded(content)
        if known is not None and known.expires > now and 0 <= now - known.seen < _CACHED:
            return _person(means, known)
    known = _load(means, condition())  # built only here: it costs more than the cache's answer
    if known is None:
        return None
    means.cache.set(key, msgspec.msgpack.encode(known), _CACHED)
    return _person(means, known)


def _decoded(content: bytes) -> _Known | None:
    try:
        return msgspec.msgpack.decode(content, type=_Known)
    except msgspec.MsgspecError:
        return None  # written by another release


def _load(means: Means, condition: ColumnElement[bool]) -> _Known | None:
    now = clock.now()
    with means.db.transaction() as session:
        row = session.scalars(
            select(SignedIn).where(condition, SignedIn.ended_at.is_(None), SignedIn.expires_at > now)
        ).one_or_none()
        if row is None or _idled(row.seen_at, row.idle_seconds):
            return None
        if (now - row.seen_at).total_seconds() >= _CACHED / 2:
            session.execute(update(SignedIn).where(SignedIn.id == row.id, SignedIn.seen_at < now).values(seen_at=now))
        return {"citizen": _of_citizen, "guest": _of_guest, "staff": _of_staff}[row.kind](session, row, now)


def _of_citizen(session: Session, row: SignedIn, now: dt.datetime) -> _Known | None:
    account = session.execute(
        select(Account.name_sealed, Account.language, Account.loa).where(Account.id == row.subject)
    ).one_or_none()
    if account is None:
        return None
    return _Known(
        sid=str(row.id), kind="citizen", subject=str(row.subject), client="api" if row.client == "api" else "browser",
        language=account.language, name=bytes(account.name_sealed), loa=account.loa, seen=now.timestamp(),
        expires=row.expires_at.timestamp(), idle=row.idle_seconds,
    )  # fmt: skip


def _of_guest(session: Session, row: SignedIn, now: dt.datetime) -> _Known | None:
    guest = session.execute(select(GuestRow.phone_sealed, GuestRow.language).where(GuestRow.id == row.subject)).one_or_none()
    if guest is None:
        return None
    return _Known(
        sid=str(row.id), kind="guest", subject=str(row.subject), client="api" if row.client == "api" else "browser",
        language=guest.language, name=bytes(guest.phone_sealed), loa=0, seen=now.timestamp(), expires=row.expires_at.timestamp(),
        idle=row.idle_seconds,
    )  # fmt: skip


def _of_staff(session: Session, row: SignedIn, now: dt.datetime) -> _Known | None:
    member = session.scalars(select(StaffMember).where(StaffMember.id == row.subject, StaffMember.ended_at.is_(None))).one_or_none()
    if member is None:
        return None
    return _Known(
        sid=str(row.id), kind="staff", subject=str(row.subject), client="api" if row.client == "api" else "browser",
        language=member.language, name=b"", loa=3, seen=now.timestamp(), expires=row.expires_at.timestamp(), idle=row.idle_seconds,
        roles=sorted(member.roles), areas=sorted(member.areas), office=member.office, staff_name=member.name,
    )  # fmt: skip


def _person(means: Means, known: _Known) -> Person:
    claims = {"sid": known.sid}
    if known.kind == "citizen":
        principal = Principal(known.subject, "citizen", loa=known.loa, claims=claims)
        return Citizen(
            known.subject, "citizen", known.sid, known.client, known.language, principal, known.loa, means.vault, known.name
        )
    if known.kind == "guest":
        principal = Principal(known.subject, "guest", loa=known.loa, claims=claims)
        return Guest(known.subject, "guest", known.sid, known.client, known.language, principal, known.loa, means.vault, known.name)
    roles, areas = frozenset(known.roles), frozenset(known.areas)
    claims["office"] = known.office
    principal = Principal(known.subject, "staff", roles=roles, areas=areas, loa=known.loa, name=known.staff_name, claims=claims)
    return Staff(
        known.subject,
        "staff",
        known.sid,
        known.client,
        known.language,
        principal,
        known.loa,
        roles,
        areas,
        known.office,
        known.staff_name,
    )


def _idled(seen_at: dt.datetime, idle: int) -> bool:
    return clock.now() - seen_at > dt.timedelta(seconds=idle)


def _end(session: Session, *conditions: ColumnElement[bool]) -> list[str]:
    query = update(SignedIn).where(SignedIn.ended_at.is_(None), *conditions).values(ended_at=clock.now())
    return _keys(session.execute(query.returning(SignedIn.id, SignedIn.token_hash)).all())


def _keys(rows: Sequence[Any]) -> list[str]:
    return [key for row in rows for key in (f"session:{row.id}", _token_key(row.token_hash or b""))]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _token_key(hashed: bytes) -> str:
    return f"session:token:{hashed.hex()}"
