"""What an edge says about the calls it makes: their time budget and their idempotency key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from chassis import telemetry


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give everything inside the block `seconds` in all, or what is left of the present call if that is less."""
    limit, before = time.monotonic() + seconds, telemetry.deadline.get()
    token = telemetry.deadline.set(limit if before is None else min(limit, before))
    try:
        yield
    finally:
        telemetry.deadline.reset(token)


@contextmanager
def idempotency_key(key: str | None) -> Iterator[None]:
    """Send `key` with every call made inside the block; None sends none."""
    token = telemetry.idempotency_key.set(key)
    try:
        yield
    finally:
        telemetry.idempotency_key.reset(token)


def current_idempotency_key() -> str | None:
    """Return the key that came with the present call."""
    return telemetry.idempotency_key.get()
