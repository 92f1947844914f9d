"""Who is calling: the person or workload of a call, its signed token, and the rules that methods carry."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import jwt

from chassis import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Kind = Literal["citizen", "guest", "staff", "workload"]
TTL = 60  # seconds that a minted token lives
LEEWAY = 5  # seconds that clocks may differ


class Unauthenticated(Exception):  # noqa: N818 - named as the answer it leads to
    """The token is missing, expired, for somebody else, or not by a known key."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or workload: opaque subject, roles, areas (kelurahan codes; empty = none, "*" = all), level of assurance."""

    subject: str
    kind: Kind
    roles: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    loa: int = 1
    name: str = ""  # of staff only; citizens are opaque
    claims: Mapping[str, str] = field(default_factory=dict)


_current: ContextVar[Principal | None] = ContextVar("principal", default=None)


def current() -> Principal:
    """Return the caller of the present call; Unauthenticated where there is none."""
    if (principal := _current.get()) is None:
        raise Unauthenticated
    return principal


def peek() -> Principal | None:
    """Return the caller of the present call, or None."""
    return _current.get()


def become(principal: Principal | None) -> None:
    """Make `principal` the caller for the rest of the present context; for an edge that has a context for each call."""
    _current.set(principal)


@contextmanager
def acting(principal: Principal | None) -> Iterator[None]:
    """Make `principal` the caller inside the block."""
    token = _current.set(principal)
    try:
        yield
    finally:
        _current.reset(token)


@dataclass(frozen=True, slots=True)
class Minter:
    """Makes short-lived EdDSA tokens for one audience at a time; `kid` names the key in the published set."""

    issuer: str
    kid: str
    key: Ed25519PrivateKey

    def mint(self, who: Principal, audience: str, ttl: int = TTL) -> str:
        """Return a token for `who` that only `audience` accepts."""
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.issuer, "sub": who.subject, "aud": audience, "iat": now, "exp": now + ttl, "jti": uuid.uuid4().hex,
            "kind": who.kind, "roles": sorted(who.roles), "areas": sorted(who.areas), "loa": who.loa,
            "name": who.name, "ext": dict(who.claims),
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers={"kid": self.kid})


KeySource = Callable[[str], "Ed25519PublicKey | None"]
Workloads = Mapping[str, Mapping[str, "Ed25519PublicKey"]]  # the keys of services that call on their own behalf, by name and key id


class Verifier:
    """Checks tokens once each: a bounded cache remembers a verified token until it expires."""

    def __init__(
        self, keys: KeySource, *, audience: str, issuers: frozenset[str], workloads: Workloads | None = None, size: int = 4096
    ) -> None:
        """Take a function from key id to public key, what a token must be for and from, and the services with keys of their own."""
        self._keys, self._audience, self._issuers, self._size = keys, audience, issuers, size
        self._workloads: Workloads = workloads or {}
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, token: str) -> Principal:
        """Return the principal of a valid token; Unauthenticated otherwise."""
        now = clock.now().timestamp()
        with self._lock:
            known = self._known.get(token)
        if known and known[0] > now:
            return known[1]
        expires, who = self._check(token)
        with self._lock:
            self._known[token] = (expires, who)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return who

    def _check(self, token: str) -> tuple[float, Principal]:
        try:
            key, own = self._key_of(token)
            claims = jwt.decode(
                token, key, algorithms=["EdDSA"], audience=self._audience,
                options={"require": ["exp", "iat", "iss", "sub", "aud"], "verify_exp": False, "verify_iat": False},
            )  # fmt: skip
            who = _principal(claims)
            if own and (who.kind, who.subject) != ("workload", own):
                raise Unauthenticated  # a service's own key speaks for that service and nobody else
            issued, expires = float(claims["iat"]), float(claims["exp"])
        except (jwt.InvalidTokenError, ValueError, TypeError, KeyError) as wrong:
            raise Unauthenticated from wrong
        # The times are compared with chassis.clock, which tests may hold still.
        now = clock.now().timestamp()
        if (not own and claims["iss"] not in self._issuers) or expires <= now or issued > now + LEEWAY:
            raise Unauthenticated
        return expires, who

    def _key_of(self, token: str) -> tuple[Ed25519PublicKey, str]:
        """Return the key that must have signed the token, and the service that it belongs to ("": the gateway's published set)."""
        kid = str(jwt.get_unverified_header(token).get("kid", ""))
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        own = issuer if isinstance(issuer, str) and issuer in self._workloads else ""
        key = self._workloads[own].get(kid) if own else self._keys(kid)
        if key is None:
            raise Unauthenticated
        return key, own


def _principal(claims: Mapping[str, Any]) -> Principal:
    if claims["kind"] not in get_args(Kind):
        raise ValueError(claims["kind"])
    return Principal(
        subject=claims["sub"], kind=claims["kind"], roles=frozenset(claims["roles"]), areas=frozenset(claims["areas"]),
        loa=int(claims["loa"]), name=claims["name"], claims=claims["ext"],
    )  # fmt: skip


Acting = AbstractContextManager[None]
