"""Tokens of the API: short access tokens and refresh tokens that rotate; one used twice ends its whole family."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass

from chassis import clock, telemetry
from chassis.principal import Principal
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from gateway.identity import sessions
from gateway.identity.errors import RefreshRefused
from gateway.identity.means import Means
from gateway.identity.sessions import NewSession
from gateway.identity.tables import RefreshToken, SignedIn

log = telemetry.logger(__name__)

AUDIENCE = "gateway-api"
ACCESS_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Pair:
    """What an API client holds; both are shown this once."""

    access_token: str
    expires_in: int  # seconds
    refresh_token: str
    refresh_expires_at: dt.datetime
    session_id: str


def issue(means: Means, new: NewSession) -> Pair:
    """Return the first pair of a session that was opened with client "api"."""
    with means.db.transaction() as session:
        token, expires = _next(session, means, uuid.UUID(new.session_id))
    return _pair(means, new, token, expires)


def of_guest(means: Means, new: NewSession) -> tuple[str, int]:
    """Return a guest's access token and its seconds: those of the session, for a guest has no refresh token."""
    seconds = sessions.GUEST_HOURS * 3600
    who = Principal(new.subject, new.kind, claims={"sid": new.session_id})
    return means.keyring.minter().mint(who, AUDIENCE, ttl=seconds), seconds


def refresh(means: Means, token: str) -> Pair:
    """Return the next pair and use up `token`; one that was used before ends the family. RefreshRefused."""
    now, replayed = clock.now(), False
    keys: list[str] = []
    with means.db.transaction() as session:
        row = session.scalars(select(RefreshToken).where(RefreshToken.token_hash == _hash(token)).with_for_update()).one_or_none()
        family = session.get(SignedIn, row.session_id) if row is not None else None
        if row is None or family is None or family.ended_at is not None or min(row.expires_at, family.expires_at) <= now:
            raise RefreshRefused
        if row.used_at is not None:
            replayed = True
            keys = sessions.end_all_of_family(session, family.id)
        else:
            row.used_at = family.seen_at = now
            successor, expires = _next(session, means, family.id)
            known = NewSession("", str(family.id), "staff" if family.kind == "staff" else "citizen", str(family.subject))
    if replayed:
        means.cache.delete(*keys)
        log.warning("refresh_token_reused", session=str(family.id))
        raise RefreshRefused
    return _pair(means, known, successor, expires)


def revoke(means: Means, token: str) -> None:
    """End the family of a refresh token; one that is unknown is none of our business (RFC 7009)."""
    with means.db.transaction() as session:
        found = session.scalar(select(RefreshToken.session_id).where(RefreshToken.token_hash == _hash(token)))
        keys = sessions.end_all_of_family(session, found) if found is not None else []
    means.cache.delete(*keys)


def purge(session: Session) -> None:
    """Forget refresh tokens that expired a day ago."""
    session.execute(delete(RefreshToken).where(RefreshToken.expires_at < clock.now() - dt.timedelta(days=1)))


def _next(session: Session, means: Means, family: uuid.UUID) -> tuple[str, dt.datetime]:
    token, now = secrets.token_urlsafe(32), clock.now()
    expires = now + dt.timedelta(days=means.settings.refresh_days)
    session.execute(insert(RefreshToken).values(token_hash=_hash(token), session_id=family, issued_at=now, expires_at=expires))
    return token, expires


def _pair(means: Means, known: NewSession, token: str, expires: dt.datetime) -> Pair:
    who = Principal(known.subject, known.kind, claims={"sid": known.session_id})
    access = means.keyring.minter().mint(who, AUDIENCE, ttl=ACCESS_SECONDS)
    return Pair(access, ACCESS_SECONDS, token, expires, known.session_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
