"""What time moves: callbacks of the local provider, unanswered orders, payments whose time is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from chassis.db import Database

from twuin.payments import delivery, flow
from twuin.payments.provider import Provider

Work = Callable[[threading.Event], object]


def jobs(db: Database, provider: Provider, *, callback_url: str, secret: bytes) -> Sequence[tuple[str, float, Work]]:
    """Return name, seconds between, and work of each job; without a callback URL the local provider sends none."""
    found: list[tuple[str, float, Work]] = [
        ("payments.resolve", 2.0, lambda _stop: flow.resolve(db, provider)),
        ("payments.expire", 15.0, lambda _stop: flow.expire(db, provider)),
    ]
    if callback_url:
        found.append(("payments.deliver", 0.3, lambda _stop: delivery.deliver(db, url=callback_url, secret=secret)))
    return found
