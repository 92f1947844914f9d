"""What a service subscribes to, and how a record on the bus is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from google.protobuf.message import DecodeError, Message
from sqlalchemy.orm import Session

from chassis import clock
from chassis.broker import Record
from chassis.inbox import Envelope


class Unreadable(Exception):  # noqa: N818 - named as what the payload is
    """The payload is not the message that its type names."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A fact and what it does here: `handle(session, fact, envelope)`.

    `ordered`: a fact that cannot be handled parks all later ones of its key. `name` tells apart two subscriptions to one fact in a group.
    `restated`: a projection that is rebuilt from what its source says again (`restate`); everything else never meets such facts.
    """

    fact: type[Message]
    handle: Callable[[Session, Any, Envelope], None]
    ordered: bool = True
    name: str = ""
    restated: bool = False

    def consumer(self, group: str) -> str:
        """Return the name under which the inbox and the dead letters know it."""
        return f"{group}/{self.name}" if self.name else group


def by_type(group: str, subscriptions: Sequence[Subscription]) -> dict[str, list[Subscription]]:
    """Return the subscriptions of each type of fact."""
    found: dict[str, list[Subscription]] = {}
    for subscription in subscriptions:
        others = found.setdefault(subscription.fact.DESCRIPTOR.full_name, [])
        if any(subscription.name == other.name for other in others):
            raise ValueError(f"{group} subscribes twice to {subscription.fact.DESCRIPTOR.full_name}: give each subscription a name")
        others.append(subscription)
    return found


def read(fact: type[Message], payload: bytes) -> Message:
    """Return the message in `payload`."""
    try:
        return fact.FromString(payload)
    except DecodeError as wrong:
        raise Unreadable(f"{fact.DESCRIPTOR.full_name}: {wrong}") from wrong


def envelope_of(record: Record) -> Envelope:
    """Return the CloudEvents attributes of a record; what a foreign publisher left out gets a stand-in derived from its place."""
    given = record.headers.get
    topic, partition = record.place
    return Envelope(
        id=_id(given("ce_id", ""), f"{topic}/{partition}/{record.offset}"),
        type=given("ce_type", ""),
        source=given("ce_source", ""),
        time=_instant(given("ce_time", "")),
        subject=given("ce_subject", record.key),
        sequence=int(number) if (number := given("ce_sequence", "")).isdecimal() else 0,
        traceparent=given("traceparent", ""),
        topic=topic,
        partition=partition,
        offset=record.offset,
        restated=given("ce_restated", "") == "true",
    )


def _id(given: str, place: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        return uuid5(NAMESPACE_URL, place)


def _instant(given: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(given)
    except ValueError:
        return clock.now()
    return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
