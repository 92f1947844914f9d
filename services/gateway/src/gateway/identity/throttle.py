"""Counts failed tries in PostgreSQL; a try is counted before it is made, so that many at once gain nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from chassis import clock
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway.identity.errors import TooManyTries
from gateway.identity.means import Means
from gateway.identity.model import ACCOUNT, ADDRESS, PAIR, Backoff
from gateway.identity.tables import Throttle

Keys = Mapping[bytes, Backoff]


def keys_for(means: Means, what: str, who: str, address: str) -> Keys:
    """Return the keys under which a try for `who` from `address` counts; the same for those who do not exist."""
    index = means.vault.index
    return {
        index(f"{what}|{who}|{address}", of="throttle"): PAIR,
        index(f"{what}|{who}", of="throttle"): ACCOUNT,
        index(f"{what}||{address}", of="throttle"): ADDRESS,
    }


def enter(means: Means, keys: Keys) -> None:
    """Count a try under every key; TooManyTries while one of them has to wait."""
    now = clock.now()
    with means.db.transaction() as session:
        # In a fixed order, so that two tries cannot wait for each other.
        waits = [_count(session, key, keys[key], now) for key in sorted(keys)]
        if (longest := max(waits)) > 0:
            raise TooManyTries(longest)  # rolls back: a refused try counts nowhere


def clear(means: Means, keys: Keys) -> None:
    """Forget the failures of the person after a success; the address is only given back this one try."""
    with means.db.transaction() as session:
        for key in sorted(keys):
            if keys[key] is ADDRESS:
                session.execute(
                    update(Throttle).where(Throttle.key == key, Throttle.failures > 0).values(
                        failures=Throttle.failures - 1, blocked_until=clock.now()
                    )
                )  # fmt: skip
            else:
                session.execute(delete(Throttle).where(Throttle.key == key))


def purge(session: Session) -> None:
    """Forget what is older than any back-off remembers."""
    session.execute(delete(Throttle).where(Throttle.last_at < clock.now() - dt.timedelta(days=2)))


def _count(session: Session, key: bytes, rule: Backoff, now: dt.datetime) -> float:
    """Count one try; return the seconds to wait when it may not be made."""
    session.execute(insert(Throttle).values(key=key, failures=0, last_at=now, blocked_until=now).on_conflict_do_nothing())
    row = session.execute(
        select(Throttle.failures, Throttle.last_at, Throttle.blocked_until).where(Throttle.key == key).with_for_update()
    ).one()
    if row.blocked_until > now:
        return float((row.blocked_until - now).total_seconds())
    remembered = row.failures if (now - row.last_at).total_seconds() < rule.forget else 0
    failures = remembered + 1
    session.execute(
        update(Throttle)
        .where(Throttle.key == key)
        .values(failures=failures, last_at=now, blocked_until=now + dt.timedelta(seconds=rule.wait(failures)))
    )
    return 0.0
