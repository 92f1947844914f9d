"""One-time codes: six digits, ten minutes, five tries counted atomically, one use, bound to what was begun."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from chassis import clock
from chassis.errors import FieldError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from gateway.identity.errors import CodeRefused, CodeTooSoon
from gateway.identity.means import Means
from gateway.identity.tables import Challenge
from gateway.messages import queue

Purpose = Literal["register", "password", "phone", "staff", "guest", "email"]
TTL = dt.timedelta(minutes=10)
TRIES = 5
_SENDS = 4
_PAUSE = dt.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Pending:
    """What was begun: its id, where the code went (masked), and until when it counts."""

    request_id: str
    sent_to: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A challenge as its use case finds it again."""

    id: uuid.UUID
    owner: uuid.UUID | None
    payload: dict[str, Any]


def masked_phone(phone: str) -> str:
    """Return a number of which only the ends can be read."""
    return f"{phone[:5]}{'•' * (len(phone) - 8)}{phone[-3:]}"


def begin(
    session: Session, means: Means, purpose: Purpose, *, payload: dict[str, Any], owner: uuid.UUID | None = None,
    phone: str = "", email: str = "", decoy: bool = False, coded: bool = True,
) -> Pending:  # fmt: skip
    """Begin something; `phone` (or `email`) gets a code, unless it is a decoy, which does the same work and sends nothing."""
    identity, now = uuid.uuid4(), clock.now()
    code, kept = _new_code(), orjson.dumps({**payload, "phone": phone, "email": email})
    session.execute(
        insert(Challenge).values(
            id=identity, purpose=purpose, owner=owner, code_hash=None if decoy or not coded else _hash(means, identity, code),
            payload_sealed=means.vault.seal_bytes(kept, bound=_bound(identity)), tries=0, sent=1,
            sent_at=now, created_at=now, expires_at=now + TTL,
        )
    )  # fmt: skip
    if coded:
        _send(session, means, phone or email, code, decoy=decoy, channel="email" if email else "sms")
    return Pending(str(identity), masked_phone(phone) if phone else "", now + TTL)


def resend(means: Means, purpose: Purpose, request_id: str) -> Pending:
    """Send a new code, which replaces the old one; tries stay counted."""
    now = clock.now()
    with means.db.transaction() as session:
        row = session.scalars(_open(purpose, request_id, now).with_for_update()).one_or_none()
        if row is None:
            raise _refused()
        if row.sent >= _SENDS or now < row.sent_at + _PAUSE:
            left = (row.sent_at + _PAUSE - now) if row.sent < _SENDS else TTL
            raise CodeTooSoon(seconds=max(1, int(left.total_seconds())))
        kept = _payload(means, row)
        phone, email = str(kept["phone"]), str(kept.get("email", ""))
        code, decoy = _new_code(), row.code_hash is None
        row.sent, row.sent_at = row.sent + 1, now
        if not decoy:
            row.code_hash = _hash(means, row.id, code)
        _send(session, means, phone or email, code, decoy=decoy, channel="email" if email else "sms")
        return Pending(str(row.id), masked_phone(phone) if phone else "", row.expires_at)


def count_try(means: Means, purpose: Purpose, request_id: str, *, owner: uuid.UUID | None = None) -> tuple[Begun, bytes | None]:
    """Count a try and commit it, so that it counts whatever comes; return what was begun and the hash of its code."""
    now = clock.now()
    with means.db.transaction() as session:
        row = session.execute(
            update(Challenge)
            .where(
                Challenge.id == _uuid(request_id), Challenge.purpose == purpose, Challenge.used_at.is_(None), Challenge.expires_at > now,
                Challenge.tries < TRIES, *([Challenge.owner == owner] if owner else []),
            )
            .values(tries=Challenge.tries + 1)
            .returning(Challenge)
        ).scalar_one_or_none()  # fmt: skip
        if row is None:
            raise _refused()
        return Begun(row.id, row.owner, _payload(means, row)), row.code_hash


def answer(means: Means, purpose: Purpose, request_id: str, code: str, *, owner: uuid.UUID | None = None) -> Begun:
    """Return what was begun (by `owner`, when named) when `code` is right; CodeRefused otherwise. `use` uses it up, with the effect."""
    begun, expected = count_try(means, purpose, request_id, owner=owner)
    given = _hash(means, begun.id, "".join(sign for sign in code if sign.isdigit()))
    if expected is None or not hmac.compare_digest(expected, given):
        raise _refused()
    return begun


def peek(means: Means, purpose: Purpose, request_id: str) -> Begun:
    """Return what was begun, without counting a try."""
    with means.db.transaction(readonly=True) as session:
        row = session.scalars(_open(purpose, request_id, clock.now())).one_or_none()
        if row is None:
            raise _refused()
        return Begun(row.id, row.owner, _payload(means, row))


def use(session: Session, begun: Begun) -> None:
    """Use it up, in the transaction of its effect; of several at once one gets through."""
    used = update(Challenge).where(Challenge.id == begun.id, Challenge.used_at.is_(None)).values(used_at=clock.now())
    if session.scalar(used.returning(Challenge.id)) is None:
        raise _refused()


def purge(session: Session) -> None:
    """Forget what expired a day ago."""
    session.execute(delete(Challenge).where(Challenge.expires_at < clock.now() - dt.timedelta(days=1)))


def _refused() -> CodeRefused:
    return CodeRefused(fields=[FieldError("code", "code_refused", CodeRefused.id, CodeRefused.en)])


def _open(purpose: Purpose, request_id: str, now: dt.datetime) -> Any:
    return select(Challenge).where(
        Challenge.id == _uuid(request_id), Challenge.purpose == purpose, Challenge.used_at.is_(None), Challenge.expires_at > now
    )


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise _refused() from None


def _payload(means: Means, row: Challenge) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(means.vault.open_bytes(row.payload_sealed, bound=_bound(row.id)))
    return content


def _new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06}"


def _hash(means: Means, identity: uuid.UUID, code: str) -> bytes:
    return means.vault.index(f"{identity}|{code}", of="code")


def _send(session: Session, means: Means, to: str, code: str, *, decoy: bool, channel: str = "sms") -> None:
    body = (
        f"Kode Singo/Twuin Anda: {code}. Berlaku 10 menit. Jangan berikan kepada siapa pun, termasuk petugas. / "
        f"Your code: {code}, valid for 10 minutes. Never share it."
    )
    subject = "Kode Singo/Twuin / Your code" if channel == "email" else ""
    queue(session, means.vault, to=to, body=body, subject=subject, channel="none" if decoy else channel, good_for=TTL)


def _bound(identity: uuid.UUID) -> str:
    return f"challenge:{identity}:payload"
