"""Sign-in of citizens by NIK or phone and password: the same words and the same work whoever tries."""

from __future__ import annotations

import uuid

from chassis import telemetry
from sqlalchemy import update

from gateway.identity import accounts, throttle
from gateway.identity.errors import SignInRefused
from gateway.identity.means import Means
from gateway.identity.sessions import Client, NewSession, open_session
from gateway.identity.tables import Account

log = telemetry.logger(__name__)


def sign_in(means: Means, identifier: str, password: str, *, address: str, agent: str, client: Client = "browser") -> NewSession:
    """Open a session for the citizen whose NIK or phone and password these are; SignInRefused, TooManyTries."""
    citizen = authenticate(means, identifier, password, address=address)
    with means.db.transaction() as session:
        return open_session(session, means, "citizen", citizen, client=client, address=address, agent=agent)


def enter(means: Means, citizen_id: str, *, address: str, agent: str, client: Client = "browser") -> NewSession:
    """Open a session for a citizen who has just proved who they are by registering."""
    with means.db.transaction() as session:
        return open_session(session, means, "citizen", uuid.UUID(citizen_id), client=client, address=address, agent=agent)


def authenticate(means: Means, identifier: str, password: str, *, address: str) -> uuid.UUID:
    """Return the citizen whose identifier and password these are."""
    keys = throttle.keys_for(means, "sign_in", accounts.canonical(identifier), address)
    throttle.enter(means, keys)
    with means.db.transaction(readonly=True) as session:
        account = accounts.by_identifier(session, means.vault, identifier)
        known = (account.id, account.password_hash) if account is not None else None
    if not means.hasher.verify(known[1] if known else None, password) or known is None:
        log.warning("sign_in_refused", kind="citizen", factor="password")
        raise SignInRefused
    throttle.clear(means, keys)
    if means.hasher.outdated(known[1]):
        _rehash(means, known[0], known[1], password)
    return known[0]


def _rehash(means: Means, citizen: uuid.UUID, stored: str, password: str) -> None:
    hashed = means.hasher.hash(password)
    with means.db.transaction() as session:
        session.execute(update(Account).where(Account.id == citizen, Account.password_hash == stored).values(password_hash=hashed))
