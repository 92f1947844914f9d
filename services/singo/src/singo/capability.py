"""What a capability gives to the processes of this service; app.py lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chassis.consumer import Subscription
from chassis.rpc import Served


@dataclass(frozen=True, slots=True)
class Job:
    """Work that the clock moves, `every` so many seconds; it opens its own transactions and returns how much it did."""

    name: str
    every: float
    work: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability's gRPC services, the facts it reacts to and its jobs."""

    name: str
    served: Sequence[Served] = ()
    subscriptions: Sequence[Subscription] = ()
    jobs: Sequence[Job] = ()
