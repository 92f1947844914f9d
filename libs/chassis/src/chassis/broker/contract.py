"""What the event bus promises, whichever backend carries it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

PARTITIONS = 6  # of a topic that nobody created before


class BusUnavailable(Exception):  # noqa: N818 - named as the state it reports
    """The bus does not answer now; the same call may succeed later."""


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish; messages of one key stay in order."""

    topic: str
    key: str
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it lies on the bus."""

    place: Place
    offset: int
    key: str
    payload: bytes
    headers: Mapping[str, str]


class Publisher(Protocol):
    """Puts messages on the bus; belongs to one thread."""

    def publish(self, batch: Sequence[Outgoing]) -> None:
        """Return when every message is acknowledged; BusUnavailable leaves open which of them are."""

    def close(self) -> None:
        """Give up the connection."""


class Subscriber(Protocol):
    """A member of a consumer group; belongs to one thread."""

    def poll(self, timeout: float, most: int) -> list[Record]:
        """Return up to `most` next messages of the partitions that are this member's, in order within each; wait up to `timeout` s."""

    def keep(self) -> None:
        """Stay a member while a message takes long; call it every second or so."""

    def commit(self, positions: Mapping[Place, int]) -> bool:
        """Remember the next offset of each partition; False when a rebalance took them away (then nothing is remembered)."""

    def lag(self) -> dict[Place, int]:
        """Return how many messages of each partition of this member are not polled yet."""

    def close(self) -> None:
        """Leave the group."""


class Broker(Protocol):
    """An event bus; `system` names it in traces."""

    system: str

    def publisher(self) -> Publisher:
        """Return a new publisher."""

    def subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
        """Return a new member of `group`; a new group starts with the oldest message."""

    def ensure(self, topics: Sequence[str], partitions: int = PARTITIONS) -> None:
        """Create the topics that are not there yet."""

    def span(self, topic: str) -> dict[Place, tuple[int, int]]:
        """Return the first kept and the next offset of each partition."""

    def read(self, place: Place, start: int, stop: int) -> Iterator[Record]:
        """Yield the kept messages with start ≤ offset < stop, outside of any group."""

    def skip(self, group: str, topics: Sequence[str]) -> None:
        """Set a group that has no member now to the end of the topics: what lies there is never its."""

    def trim(self, before: dt.datetime) -> int:
        """Forget messages published before an instant; return how many (0 where the bus does that by itself)."""

    def close(self) -> None:
        """Close what is shared."""
