"""Encryption of single values: AES-256-GCM bound to a row, key id in the value, blind index under another key."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = 1  # first byte of every sealed value
_NONCE = 12  # bytes
_KEY = 32  # bytes
_KID = 32  # longest key id, bytes


class Unreadable(Exception):  # noqa: N818 - named as what the value is
    """A sealed value was altered, moved to another place, or sealed with a key that is not here."""


class Vault:
    """Seals texts with the current key and opens those of every known key; keys are 32 bytes each."""

    def __init__(self, keys: Mapping[str, bytes], current: str, index_key: bytes) -> None:
        """Take keys by id, the id of the one that seals, and the key of the blind index."""
        if current not in keys:
            raise ValueError(f"key {current!r} is not among the keys")
        for kid, key in keys.items():
            if len(key) != _KEY or not 0 < len(kid.encode()) <= _KID:
                raise ValueError(f"key {kid!r} must have {_KEY} bytes and an id of 1 to {_KID}")
        if len(index_key) != _KEY or any(hmac.compare_digest(index_key, key) for key in keys.values()):
            raise ValueError(f"the index key must have {_KEY} bytes and be none of the others")
        self._keys = {kid: AESGCM(key) for kid, key in keys.items()}
        self._current, self._index_key = current, index_key

    @classmethod
    def from_setting(cls, keys: str, *, index: str) -> Vault:
        """Read `id:base64,id:base64` (the first seals, the others only open) and the index key in base64."""
        parts = [part.strip().partition(":") for part in keys.split(",") if part.strip()]
        if not parts:
            raise ValueError("no key is given; write id:base64")
        return cls({kid: _decoded(value) for kid, _, value in parts}, parts[0][0], _decoded(index))

    def seal(self, text: str, *, bound: str) -> bytes:
        """Return `text` encrypted; it opens only with the same `bound` ("<table>:<row id>:<column>")."""
        return self.seal_bytes(text.encode(), bound=bound)

    def open(self, value: bytes, *, bound: str) -> str:
        """Return the text of a sealed value; Unreadable when anything about it is wrong."""
        return self.open_bytes(value, bound=bound).decode()

    def seal_bytes(self, content: bytes, *, bound: str) -> bytes:
        """Return `content` (a signing key, a file) encrypted and bound."""
        kid, nonce = self._current.encode(), os.urandom(_NONCE)
        head = bytes((_FORM, len(kid))) + kid
        return head + nonce + self._keys[self._current].encrypt(nonce, content, head + bound.encode())

    def open_bytes(self, value: bytes, *, bound: str) -> bytes:
        """Return the content of a sealed value; Unreadable when anything about it is wrong."""
        value = bytes(value)  # drivers may hand over a memoryview
        kid, body = self._split(value)
        head = value[: len(value) - len(body)]
        key = self._keys.get(kid)
        if key is None:
            raise Unreadable(f"sealed with key {kid!r}, which is not here")
        try:
            return key.decrypt(body[:_NONCE], body[_NONCE:], head + bound.encode())
        except (InvalidTag, ValueError) as wrong:
            raise Unreadable("altered, or not of this place") from wrong

    def stale(self, value: bytes) -> bool:
        """Tell whether a sealed value waits to be sealed again with the current key."""
        return self._split(value)[0] != self._current

    def index(self, text: str, *, of: str = "") -> bytes:
        """Return the blind index of `text`: equal texts of the same kind `of` have equal indexes, and nobody can go back."""
        return hmac.digest(self._index_key, f"{of}\0{text}".encode(), "sha256")

    @staticmethod
    def _split(value: bytes) -> tuple[str, bytes]:
        if len(value) < 2 + _NONCE or value[0] != _FORM:
            raise Unreadable("not a sealed value")
        end = 2 + value[1]
        return value[2:end].decode("utf-8", "replace"), value[end:]


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value.strip(), validate=True)
    except binascii.Error as wrong:
        raise ValueError("a key is not base64") from wrong
