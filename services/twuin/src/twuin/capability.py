"""What a capability gives to the processes of this service; app.py lists them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chassis.consumer import Subscription
from chassis.rpc import Served


@dataclass(frozen=True, slots=True)
class Job:
    """Work that the clock moves: `work(stop)` every `every` seconds in a thread of its own; it opens its own transactions."""

    name: str
    every: float
    work: Callable[[threading.Event], object]


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability's gRPC services, the facts it reacts to and its jobs."""

    name: str
    served: Sequence[Served] = ()
    subscriptions: Sequence[Subscription] = ()
    jobs: Sequence[Job] = ()
