"""Signing keys: next, current and retired ones, all published, so that a rotation disturbs nobody."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from dataclasses import dataclass

from chassis import clock, telemetry
from chassis.crypto import Vault
from chassis.db import Database
from chassis.principal import Minter
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from gateway.identity.tables import SigningKey

log = telemetry.logger(__name__)

ISSUER = "gateway"
_LOCK = 7_203_451  # advisory lock of whoever changes keys
_OVERLAP = dt.timedelta(hours=1)  # a retired key stays published; tokens live ten minutes at most
_FRESH = 3.0  # seconds after which a process looks again


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys as one process knows them."""

    minter: Minter
    public: dict[str, Ed25519PublicKey]


class Keyring:
    """The current signing key and all published ones; follows a rotation by another process within seconds."""

    def __init__(self, db: Database, vault: Vault) -> None:
        """Take where keys are and what opens them."""
        self._db, self._vault = db, vault
        self._ring: Ring | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()

    def minter(self) -> Minter:
        """Return the maker of tokens."""
        return self._present().minter

    def public(self) -> dict[str, Ed25519PublicKey]:
        """Return the published keys by id."""
        return self._present().public

    def key(self, kid: str) -> Ed25519PublicKey | None:
        """Return the published key named `kid`; looks again at once for one it does not know."""
        return self._present().public.get(kid) or self._present(since=0.5).public.get(kid)

    def forget(self) -> None:
        """Look again at the next use."""
        self._looked = float("-inf")

    def _present(self, since: float | None = None) -> Ring:
        since = _FRESH if since is None else since
        ring = self._ring
        if ring is not None and time.monotonic() - self._looked < since:
            return ring
        if ring is not None and not self._lock.acquire(blocking=False):
            return ring  # somebody is looking already
        if ring is None:
            self._lock.acquire()
        try:
            if self._ring is None or time.monotonic() - self._looked >= since:
                self._ring = self._load()
                self._looked = time.monotonic()
        except Exception:
            if self._ring is None:
                raise
            log.warning("signing_keys_not_read", exc_info=True)
            self._looked = time.monotonic()
        finally:
            self._lock.release()
        return self._ring

    def _load(self) -> Ring:
        with self._db.transaction() as session:
            rows = session.scalars(select(SigningKey)).all()
            if not any(row.state == "current" for row in rows):
                ensure(session, self._vault)
                rows = session.scalars(select(SigningKey)).all()
            current = next(row for row in rows if row.state == "current")
            if self._ring is not None and self._ring.minter.kid == current.kid:
                minter = self._ring.minter
            else:
                private = self._vault.open_bytes(current.private_sealed, bound=_bound(current.kid))
                minter = Minter(ISSUER, current.kid, Ed25519PrivateKey.from_private_bytes(private))
            return Ring(minter, {row.kid: Ed25519PublicKey.from_public_bytes(row.public) for row in rows})


def ensure(session: Session, vault: Vault) -> None:
    """Make the first keys, once, whoever asks first."""
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    states = set(session.scalars(select(SigningKey.state)))
    for state in ("current", "next"):
        if state not in states:
            _make(session, vault, state)


def rotate(session: Session, vault: Vault) -> str:
    """Let the next key sign from now on, publish a new next one, forget what retired long ago; return the new current id."""
    ensure(session, vault)
    now = clock.now()
    session.execute(delete(SigningKey).where(SigningKey.state == "retired", SigningKey.retired_at < now - _OVERLAP))
    session.execute(update(SigningKey).where(SigningKey.state == "current").values(state="retired", retired_at=now))
    kid = session.scalar(update(SigningKey).where(SigningKey.state == "next").values(state="current").returning(SigningKey.kid))
    _make(session, vault, "next")
    log.info("signing_key_rotated", kid=kid)
    return str(kid)


def _make(session: Session, vault: Vault, state: str) -> None:
    private = Ed25519PrivateKey.generate()
    kid = uuid.uuid4().hex[:16]
    session.execute(
        insert(SigningKey).values(
            kid=kid, private_sealed=vault.seal_bytes(private.private_bytes_raw(), bound=_bound(kid)),
            public=private.public_key().public_bytes_raw(), state=state, created_at=clock.now(),
        )
    )  # fmt: skip


def _bound(kid: str) -> str:
    return f"signing_key:{kid}:private"
