"""Calls of a service on its own behalf: its key, the tokens that it makes with it, and the keys that others know it by."""

from __future__ import annotations

import base64
import binascii
import threading

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chassis import clock
from chassis.principal import TTL, Minter, Principal

_MARGIN = 15  # seconds before its end at which a token is no longer used


class OwnTokens:
    """Tokens of the service `name`, for an Upstream: made with its own key ("id:base64" of 32 bytes), used again within their minute."""

    def __init__(self, name: str, key: str) -> None:
        """Take the setting that holds the key; ValueError says what is wrong with it."""
        kid, _, secret = key.partition(":")
        if not kid or not secret:
            raise ValueError("a key is written id:base64")
        self._who = Principal(name, "workload")
        self._minter = Minter(name, kid, Ed25519PrivateKey.from_private_bytes(_thirty_two(secret)))
        self._known: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def __call__(self, audience: str) -> str:
        """Return the token that a call to `audience` made now carries."""
        now = clock.now().timestamp()
        with self._lock:
            until, token = self._known.get(audience, (0.0, ""))
            if until <= now:
                token = self._minter.mint(self._who, audience)
                self._known[audience] = (now + TTL - _MARGIN, token)
        return token


def workload_keys(setting: str) -> dict[str, dict[str, Ed25519PublicKey]]:
    """Return public keys by service and key id from "name:id:base64[,…]"; ValueError says what is wrong with it."""
    keys: dict[str, dict[str, Ed25519PublicKey]] = {}
    for part in filter(None, (part.strip() for part in setting.split(","))):
        name, _, rest = part.partition(":")
        kid, _, public = rest.partition(":")
        if not (name and kid and public):
            raise ValueError("a key is written name:id:base64")
        keys.setdefault(name, {})[kid] = Ed25519PublicKey.from_public_bytes(_thirty_two(public))
    return keys


def _thirty_two(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as wrong:
        raise ValueError("a key is 32 bytes in base64") from wrong
    if len(content) != 32:  # noqa: PLR2004 - of Ed25519
        raise ValueError("a key is 32 bytes in base64")
    return content
