"""The context of the present call: request id, W3C trace context, remaining time, idempotency key."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

idempotency_key: ContextVar[str | None] = ContextVar("idempotency_key", default=None)
"""The key that the client of the present call sent; it travels down with every call made inside."""

deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""The instant (time.monotonic, seconds) by which the present call must have answered."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def request_id() -> str:
    """Return the id of the present call, empty outside of one."""
    return _request_id.get()


def traceparent() -> str:
    """Return the W3C trace context of the present call, a new trace outside of one."""
    return _traceparent.get() or _child("")


def remaining() -> float | None:
    """Return the seconds that the present call has left (zero or less when it is over), None when it has no limit."""
    limit = deadline.get()
    return None if limit is None else limit - time.monotonic()


def enter(request: str = "", parent: str = "") -> None:
    """Begin a call in a context of its own; what is malformed is replaced, never trusted."""
    _request_id.set(request if _REQUEST_ID.fullmatch(request) else os.urandom(16).hex())
    _traceparent.set(_child(parent))


@contextmanager
def call(request_id: str = "", traceparent: str = "") -> Iterator[None]:
    """Be one call inside the block: the given id and the child of the given trace, new ones where absent or malformed."""
    before = _request_id.get(), _traceparent.get()
    enter(request_id, traceparent)
    try:
        yield
    finally:
        _request_id.set(before[0])
        _traceparent.set(before[1])


def _child(parent: str) -> str:
    span = os.urandom(8).hex()
    known = _TRACEPARENT.fullmatch(parent) if parent else None
    # All zeroes is how the standard says "none"; a version of ff is forbidden; only version 00 has exactly four parts.
    if (
        known
        and known[1].strip("0")
        and known[2].strip("0")
        and not parent.startswith("ff")
        and (not known[4] or parent[:2] != "00")
    ):
        return f"00-{known[1]}-{span}-{known[3]}"
    return f"00-{os.urandom(16).hex()}-{span}-01"
