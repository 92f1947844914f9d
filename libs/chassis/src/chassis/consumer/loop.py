"""The loop of a consuming process: poll, effects, offsets; it outlives the bus and the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa
from prometheus_client import Counter, Gauge, Histogram

from chassis import clock, faults, outbox, telemetry
from chassis.broker import Broker, BusUnavailable, Place, Record, Subscriber
from chassis.consumer.effects import apply, bury, transient
from chassis.consumer.letters import OPEN, count_open
from chassis.consumer.subscription import Subscription, Unreadable, by_type, envelope_of
from chassis.db import Database

TRIES = 5  # before a fact that fails for good is parked
_MOST = 200  # records a poll
_BACKOFF, _BACKOFF_MOST = 0.05, 5.0  # seconds
_COMMIT, _SAMPLE = 0.25, 5.0  # seconds between two offset commits, and between two looks at the lag

HANDLED = Counter("consumer_facts_total", "Facts taken from the bus", ["group", "type", "outcome"])
LAG = Gauge("consumer_lag", "Facts on the bus that this process has still to take", ["group", "topic"], multiprocess_mode="livesum")
RETRIES = Counter("consumer_retries_total", "Attempts that failed", ["group", "type", "kind"])
LATENCY = Histogram(
    "consumer_latency_seconds", "From the change that a fact reports to its effect here", ["group"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
)  # fmt: skip

log = telemetry.logger(__name__)


def behind() -> dict[str, int]:
    """Return how many facts of each topic this process has still to take, as its metric says."""
    return {sample.labels["topic"]: int(sample.value) for metric in LAG.collect() for sample in metric.samples}


class Consumer:
    """A member of `group` that lets facts have their effect in `database`. Types nobody here subscribes to are skipped."""

    def __init__(self, database: Database, broker: Broker, group: str, subscriptions: Sequence[Subscription]) -> None:
        """Join the group when it runs."""
        self._database, self._broker, self._group = database, broker, group
        self._subscriptions = by_type(group, subscriptions)
        self._topics = sorted({outbox.topic_of(subscription.fact) for subscription in subscriptions})
        self._positions: dict[Place, int] = {}
        self._in_hand: Sequence[Record] = ()
        self._taken = 0  # of those in hand
        self._committed_at = self._sampled_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop` is set; finish the fact in hand."""
        member = self._broker.subscriber(self._group, self._topics)
        backoff = _BACKOFF
        while not stop.is_set():
            try:
                records = member.poll(_COMMIT if self._positions else 0.5, _MOST)
                self._take(member, records, stop)
                if not records:
                    self._commit(member)
                self._sample(member)
                backoff = _BACKOFF
            except BusUnavailable as wrong:
                log.warning("consumer waits for the bus", group=self._group, reason=str(wrong).strip(), seconds=backoff)
                stop.wait(backoff)
                backoff = min(backoff * 2, _BACKOFF_MOST)
        with suppress(BusUnavailable):
            self._commit(member)
        member.close()

    def _take(self, member: Subscriber, records: Sequence[Record], stop: threading.Event) -> None:
        # An effect is committed at once, its offset a little later: what comes twice after a crash is known by its id.
        self._in_hand, self._taken = records, 0
        for record in records:
            if stop.is_set() or not self._handle(member, record, stop):
                break
            self._taken += 1
            self._positions[record.place] = record.offset + 1
            if time.monotonic() - self._committed_at > _COMMIT:
                # A bus that is away must not end the batch here: its rest was polled and would not be polled again.
                self._keep(member)
                with suppress(BusUnavailable):
                    self._commit(member)

    def _handle(self, member: Subscriber, record: Record, stop: threading.Event) -> bool:
        """Let one record have all its effects; False when the process stops before."""
        type_ = record.headers.get("ce_type", "")
        subscriptions = self._subscriptions.get(type_)
        if subscriptions and record.headers.get("ce_restated"):
            subscriptions = [each for each in subscriptions if each.restated]
        if not subscriptions:
            HANDLED.labels(self._group, "", "skipped").inc()
            return True
        return all(self._settle(member, subscription, record, stop) for subscription in subscriptions)

    def _settle(self, member: Subscriber, subscription: Subscription, record: Record, stop: threading.Event) -> bool:
        """Try until the effect is there or the fact is parked: for ever where the failure may pass, else a few times."""
        tries, backoff, type_ = 0, _BACKOFF, subscription.fact.DESCRIPTOR.full_name
        while not stop.is_set():
            try:
                outcome = apply(self._database, self._group, subscription, record, self._broker.system)
            except Exception as wrong:
                passing = transient(wrong)
                tries += not passing
                RETRIES.labels(self._group, type_, "transient" if passing else "permanent").inc()
                log.warning("fact not handled", group=self._group, fact=type_, tries=tries, transient=passing, exc_info=wrong)
                if (tries >= TRIES or isinstance(wrong, Unreadable)) and self._bury(subscription, record, wrong, tries):
                    return True
                self._rest(member, backoff, stop)
                backoff = min(backoff * 2, _BACKOFF_MOST)
                continue
            HANDLED.labels(self._group, type_, outcome).inc()
            if outcome == "done" and not record.headers.get("ce_restated"):
                faults.reach("effect_offset")
                LATENCY.labels(self._group).observe(max(0.0, (clock.now() - envelope_of(record).time).total_seconds()))
            return True
        return False

    def _bury(self, subscription: Subscription, record: Record, wrong: Exception, tries: int) -> bool:
        try:
            bury(self._database, self._group, subscription, record, error=wrong, attempts=tries)
        except sa.exc.SQLAlchemyError:
            return False  # the database is away too: the fact stays in hand
        HANDLED.labels(self._group, subscription.fact.DESCRIPTOR.full_name, "parked").inc()
        return True

    def _rest(self, member: Subscriber, seconds: float, stop: threading.Event) -> None:
        """Wait, but stay a member of the group, and be seen to wait."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not stop.wait(min(left, 1.0)):
            self._keep(member)
        with suppress(BusUnavailable):
            self._sample(member)

    def _keep(self, member: Subscriber) -> None:
        with suppress(BusUnavailable):
            member.keep()

    def _commit(self, member: Subscriber) -> None:
        """Commit the offsets of what is done; after a rebalance the new owner gets the rest again, and knows it by its id."""
        self._committed_at = time.monotonic()
        if self._positions:
            member.commit(self._positions)
            self._positions.clear()

    def _sample(self, member: Subscriber) -> None:
        if time.monotonic() - self._sampled_at < _SAMPLE:
            return
        self._sampled_at = time.monotonic()
        left = dict.fromkeys(self._topics, 0)
        for place, behind in member.lag().items():
            left[place.topic] += behind
        for record in self._in_hand[self._taken :]:
            left[record.place.topic] += 1
        for topic, count in left.items():
            LAG.labels(self._group, topic).set(count)
        with suppress(sa.exc.SQLAlchemyError), self._database.transaction(readonly=True) as session:
            OPEN.labels(self._group).set(count_open(session, self._group))
