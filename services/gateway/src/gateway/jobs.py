"""What time moves: messages go out, new phone numbers begin to count, old rows are forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from chassis import telemetry
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway import inbox, kept_answers, messages
from gateway.identity import challenges, recovery, sessions, throttle, tokens
from gateway.identity.means import Means
from gateway.messages import Carriers

log = telemetry.logger(__name__)

MESSAGES, PHONES, PURGE = 0.5, 15.0, 3600.0  # seconds between two runs


def run(means: Means, carriers: Carriers, stop: threading.Event) -> None:
    """Do what is due until `stop` is set. Several processes may: each row is taken by one."""
    every: list[tuple[float, Callable[[], object]]] = [
        (MESSAGES, lambda: messages.deliver_due(means.db, means.vault, carriers)),
        (PHONES, lambda: recovery.apply_due_phones(means)),
        (PURGE, lambda: purge(means)),
    ]
    due = [0.0] * len(every)
    while not stop.is_set():
        for number, (pause, work) in enumerate(every):
            if time.monotonic() >= due[number]:
                _attempt(work)
                due[number] = time.monotonic() + pause
        stop.wait(min(MESSAGES, max(0.05, min(due) - time.monotonic())))


def purge(means: Means) -> None:
    """Forget what is no longer needed, each kind in a transaction of its own."""
    forget: tuple[Callable[[Session], object], ...] = (
        challenges.purge, throttle.purge, tokens.purge, sessions.purge, kept_answers.purge, inbox.purge, messages.purge,
    )  # fmt: skip
    for each in forget:
        with means.db.transaction() as session:
            each(session)


def _attempt(work: Callable[[], object]) -> None:
    try:
        work()
    except SQLAlchemyError:
        log.warning("job_failed", exc_info=True)  # the database is away for a moment; the next run does it
    except Exception:
        log.exception("job_failed")
