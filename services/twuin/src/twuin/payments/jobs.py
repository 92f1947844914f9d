"""What time moves: callbacks of the local provider, unanswered orders, payments whose time is over, money against the books."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.db import Database
from chassis.process import Job

from twuin.payments import delivery, flow, reconciling
from twuin.payments.provider import Provider

RECONCILING = 60.0  # seconds between two looks at all money


def jobs(db: Database, provider: Provider, *, callback_url: str, secret: bytes) -> Sequence[Job]:
    """Return the jobs of payments; without a callback URL the local provider sends none."""
    found = [
        Job("payments.resolve", 2.0, lambda _stop: flow.resolve(db, provider)),
        Job("payments.expire", 15.0, lambda _stop: flow.expire(db, provider)),
        Job("payments.reconcile", RECONCILING, lambda _stop: reconciling.reconcile(db)),
    ]
    if callback_url:
        found.append(Job("payments.deliver", 0.3, lambda _stop: delivery.deliver(db, url=callback_url, secret=secret)))
    return found
