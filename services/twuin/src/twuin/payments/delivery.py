"""The local provider delivers its callbacks over HTTP until they are taken."""

from __future__ import annotations

import datetime as dt
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from chassis import clock, telemetry
from chassis.db import Database

from twuin.payments import signing
from twuin.payments.local_tables import DeliveryRow

log = telemetry.logger(__name__)
TIMEOUT_S = 5.0
LONGEST_S = 60.0

Post = Callable[[str, bytes, Mapping[str, str]], int]


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post JSON; return the HTTP status, or 0 when nobody answered."""
    request = urllib.request.Request(  # noqa: S310 - the URL is a setting of the operator's
        url, data=body, method="POST", headers={"content-type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the same
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def deliver(db: Database, *, url: str, secret: bytes, send: Post = post, limit: int = 50) -> int:
    """Deliver what is due, each with a fresh signature; return how many were taken. A failure waits longer each time."""
    taken = 0
    for delivery_id, external_id, body in _claim(db, limit):
        status = send(url, body, signing.headers(secret, external_id, clock.now(), body))
        if status == 200:  # noqa: PLR2004 - HTTP
            taken += 1
            _mark(db, delivery_id)
        else:
            log.warning("callback not taken", delivery_id=delivery_id, status=status)
    return taken


def _claim(db: Database, limit: int) -> list[tuple[int, str, bytes]]:
    """Take deliveries that are due and note their next attempt first, so that no transaction waits for the network."""
    with db.transaction() as session:
        due = session.scalars(
            sa.select(DeliveryRow)
            .where(DeliveryRow.delivered_at.is_(None), DeliveryRow.next_at <= clock.now())
            .order_by(DeliveryRow.next_at, DeliveryRow.delivery_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            row.attempts += 1
            row.next_at = clock.now() + wait(row.attempts)
        return [(row.delivery_id, row.external_id, row.body) for row in due]


def wait(attempts: int) -> dt.timedelta:
    """Return how long to wait after so many attempts: 1 s doubled each time, at most a minute (plus the call's own time-out)."""
    return dt.timedelta(seconds=min(2.0 ** min(attempts - 1, 10), LONGEST_S))


def _mark(db: Database, delivery_id: int) -> None:
    with db.transaction() as session:
        done = sa.update(DeliveryRow).where(DeliveryRow.delivery_id == delivery_id).values(delivered_at=clock.now())
        session.execute(done)
