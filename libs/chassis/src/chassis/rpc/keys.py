"""The published keys of those who make tokens: a set in JWKS form, and a client that fetches and remembers it."""

from __future__ import annotations

import base64
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chassis import telemetry
from chassis.rpc.failures import of_kind

log = telemetry.logger(__name__)
_LARGEST = 64 * 1024  # bytes of a key set
_FIRST_PAUSE = 0.5  # seconds between tries while nothing was ever fetched: both sides are just starting


class _Key(msgspec.Struct):
    kid: str
    kty: str
    crv: str = ""
    x: str = ""


class _Set(msgspec.Struct):
    keys: list[_Key]


def jwks(keys: Mapping[str, Ed25519PublicKey]) -> dict[str, list[dict[str, str]]]:
    """Return public keys by id as a JSON Web Key Set (RFC 7517, RFC 8037)."""
    return {
        "keys": [
            {
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid,
                "x": base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode(),
            }
            for kid, key in keys.items()
        ]
    }  # fmt: skip


class KeySet:
    """Finds a public key by its id in a published set: fetched when first needed, kept when the publisher is away."""

    def __init__(self, url: str, *, refresh: float = 300.0, pause: float = 5.0, timeout: float = 1.0, ca: str = "") -> None:
        """Take the set's address; `refresh`: seconds it is trusted, `pause`: least seconds between fetches.

        Over https the publisher's certificate must be of an authority that the system trusts, or of one in the PEM file `ca`.
        """
        if not url.startswith(("http://", "https://")):
            raise ValueError("the address of a key set starts with http:// or https://")
        self._ca = ca
        self._url, self._refresh, self._pause, self._timeout = url, refresh, pause, timeout
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched = self._tried = float("-inf")
        self._lock = threading.Lock()

    def __call__(self, kid: str) -> Ed25519PublicKey | None:
        """Return the key named `kid`, None when the publisher has none of that name; Failure while nothing was ever fetched."""
        key = self._keys.get(kid)
        if key is None:
            self._fetch(wait=True)
            if not self._keys:
                raise of_kind("unavailable")  # nothing is wrong with the token; nobody can tell yet
            return self._keys.get(kid)
        if time.monotonic() - self._fetched > self._refresh and time.monotonic() - self._tried > self._pause:
            # A key that was withdrawn must stop being good, but nobody waits for that.
            threading.Thread(target=self._fetch, kwargs={"wait": False}, name="key-set", daemon=True).start()
        return key

    def _fetch(self, *, wait: bool) -> None:
        if not self._lock.acquire(blocking=wait, timeout=self._timeout if wait else -1):
            return
        try:
            pause = self._pause if self._keys else min(self._pause, _FIRST_PAUSE)
            if time.monotonic() - self._tried > pause:
                self._tried = time.monotonic()
                self._keys = self._download()
                self._fetched = time.monotonic()
        except (OSError, ValueError, msgspec.MsgspecError) as wrong:
            log.warning("key_set_not_fetched", url=self._url, reason=str(wrong))
        finally:
            self._lock.release()

    def _trust(self) -> ssl.SSLContext | None:
        """Return whom to trust over https, as the file says it now."""
        if not self._url.startswith("https://"):
            return None
        context = ssl.create_default_context()
        if self._ca:
            context.load_verify_locations(self._ca)
        return context

    def _download(self) -> dict[str, Ed25519PublicKey]:
        with urllib.request.urlopen(self._url, timeout=self._timeout, context=self._trust()) as answer:  # noqa: S310 - the scheme was checked
            published = msgspec.json.decode(answer.read(_LARGEST), type=_Set)
        return {
            key.kid: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.x + "=" * (-len(key.x) % 4)))
            for key in published.keys
            if key.kty == "OKP" and key.crv == "Ed25519"
        }
