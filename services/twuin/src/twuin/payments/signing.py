"""Callback signatures: HMAC-SHA256 over `id.timestamp.body`, compared in constant time, accepted for five minutes."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping

WINDOW = dt.timedelta(minutes=5)
_MAX_ID = 64


def headers(secret: bytes, external_id: str, at: dt.datetime, body: bytes) -> dict[str, str]:
    """Return the headers that sign `body`; `at` is an aware instant."""
    stamp = str(int(at.timestamp()))
    return {"x-id": external_id, "x-timestamp": stamp, "x-signature": _signature(secret, external_id, stamp, body)}


def valid(secret: bytes, given: Mapping[str, str], body: bytes, *, now: dt.datetime) -> bool:
    """Say whether the headers (lower-case names) sign `body` with `secret`, within the window around `now`."""
    external_id, stamp, signature = (given.get(name, "") for name in ("x-id", "x-timestamp", "x-signature"))
    if not (0 < len(external_id) <= _MAX_ID and stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):  # noqa: PLR2004 - seconds
        return False
    expected = _signature(secret, external_id, stamp, body)
    matches = hmac.compare_digest(expected.encode(), signature.encode())
    return matches and abs(now.timestamp() - int(stamp)) <= WINDOW.total_seconds()


def _signature(secret: bytes, external_id: str, stamp: str, body: bytes) -> str:
    signed = external_id.encode() + b"." + stamp.encode() + b"." + body
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()
