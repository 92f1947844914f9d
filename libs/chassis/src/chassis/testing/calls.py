"""Calling a service in a test as somebody: tokens by a key of the test run, a real server and client over loopback."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import principal, rpc
from chassis.principal import Acting, Minter, Principal, Verifier

ISSUER = "gateway"
KID = "test"


@cache
def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def minter() -> Minter:
    """Return the maker of tokens that `verifier` accepts."""
    return Minter(ISSUER, KID, _key())


def verifier(audience: str) -> Verifier:
    """Return a verifier of the tokens of `minter` for `audience`."""
    public = _key().public_key()
    return Verifier(lambda kid: public if kid == KID else None, audience=audience, issuers=frozenset({ISSUER}))


def token(audience: str) -> str | None:
    """Return a fresh token of whoever acts now, None for nobody."""
    who = principal.peek()
    return None if who is None else minter().mint(who, audience)


@contextmanager
def serve(*served: rpc.Served, audience: str = "test", timeout: float = 10.0) -> Iterator[rpc.Upstream]:
    """Serve on a free port; yield an Upstream that calls as whoever acts in the test (`as_citizen`, `as_staff`, …)."""
    server = rpc.Server(served, verifier(audience))
    upstream = rpc.Upstream(f"127.0.0.1:{server.start()}", audience, token=token, default_timeout=timeout)
    try:
        yield upstream
    finally:
        upstream.close()
        server.stop(0)


def as_citizen(subject: str, *, loa: int = 2) -> Acting:
    """Be the citizen `subject` inside the block, in calls and in use cases that ask for the current principal."""
    return principal.acting(Principal(subject, "citizen", loa=loa))


def as_guest(subject: str) -> Acting:
    """Be the guest `subject`, who proved a phone and has no account, inside the block."""
    return principal.acting(Principal(subject, "guest"))


def as_staff(
    *, roles: Collection[str] = ("officer",), areas: Collection[str] = ("*",), subject: str = "staff-1", name: str = "Petugas Uji"
) -> Acting:
    """Be a member of staff with `roles` and `areas` (kelurahan codes, "*" = all) inside the block."""
    return principal.acting(Principal(subject, "staff", roles=frozenset(roles), areas=frozenset(areas), loa=2, name=name))


def as_workload(name: str = "gateway") -> Acting:
    """Be a service on its own behalf inside the block."""
    return principal.acting(Principal(name, "workload"))


def as_nobody() -> Acting:
    """Be a visitor who has not signed in, inside the block."""
    return principal.acting(None)


with_key = rpc.idempotency_key
