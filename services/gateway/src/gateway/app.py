"""The composition root: which capabilities there are, what they react to, and what time moves in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chassis.db import Database
from chassis.process import Capability, Job, Service
from sqlalchemy.orm import Session

from gateway.schema import MIGRATIONS
from gateway.settings import Settings

if TYPE_CHECKING:  # each process loads only what it needs
    from chassis.consumer import Subscription

    from gateway.identity.means import Means

TIDYING = 3600.0  # seconds between two rounds of jobs that only tidy up


def _forget(name: str, means: Means, *purges: Callable[[Session], object]) -> Job:
    """Return the job that forgets what is no longer needed, each kind in a transaction of its own."""

    def work(stop: threading.Event) -> None:
        for purge in purges:
            if not stop.is_set():
                with means.db.transaction() as session:
                    purge(session)

    return Job(f"{name}.forget", TIDYING, work)


def _identity_jobs(means: Means) -> Sequence[Job]:
    from gateway.identity import challenges, guests, recovery, sessions, throttle, tokens

    return (
        Job("identity.apply_due_phones", 15, lambda _stop: recovery.apply_due_phones(means)),
        _forget("identity", means, challenges.purge, throttle.purge, tokens.purge, sessions.purge, guests.purge),
    )


def _messages_jobs(means: Means) -> Sequence[Job]:
    from gateway import messages

    carriers = messages.carriers_of(means.settings)
    return (
        Job("messages.deliver", 0.5, lambda _stop: messages.deliver_due(means.db, means.vault, carriers)),
        _forget("messages", means, messages.purge),
    )


def _inbox_subscriptions(means: Means) -> Sequence[Subscription]:
    from gateway.inbox.subscriptions import subscriptions

    return subscriptions(means)


def _inbox_jobs(means: Means) -> Sequence[Job]:
    from gateway import inbox

    return (_forget("inbox", means, inbox.purge),)


def _errands_subscriptions(_means: Means) -> Sequence[Subscription]:
    from gateway.errands.subscriptions import subscriptions

    return subscriptions()


def _errands_jobs(means: Means) -> Sequence[Job]:
    from gateway import errands

    return (_forget("errands", means, errands.purge),)


def _access_log_subscriptions(_means: Means) -> Sequence[Subscription]:
    from gateway.access_log.subscriptions import subscriptions

    return subscriptions()


def _kept_answers_jobs(means: Means) -> Sequence[Job]:
    from gateway import kept_answers

    return (_forget("kept_answers", means, kept_answers.purge),)


def _kept_pictures_jobs(means: Means) -> Sequence[Job]:
    from gateway import kept_pictures

    return (_forget("kept_pictures", means, kept_pictures.purge),)


def _means(settings: Settings, db: Database) -> Means:
    from gateway.identity.means import means_of

    return means_of(settings, db)


CAPABILITIES: tuple[Capability[Means], ...] = (
    Capability("identity", jobs=_identity_jobs),
    Capability("messages", jobs=_messages_jobs),
    Capability("inbox", subscriptions=_inbox_subscriptions, jobs=_inbox_jobs),
    Capability("errands", subscriptions=_errands_subscriptions, jobs=_errands_jobs),
    Capability("access_log", subscriptions=_access_log_subscriptions),
    Capability("kept_answers", jobs=_kept_answers_jobs),
    Capability("kept_pictures", jobs=_kept_pictures_jobs),
)
SERVICE = Service("gateway", Settings, MIGRATIONS, _means, CAPABILITIES)
