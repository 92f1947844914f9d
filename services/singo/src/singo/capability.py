"""What a capability gives to the processes of this service; app.py lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from singo.parts import Parts

if TYPE_CHECKING:
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
    """A capability's gRPC services, the facts it reacts to and its jobs, each made when a process asks for them."""

    name: str
    served: Callable[[Parts], Sequence[Served]] = lambda _parts: ()
    subscriptions: Callable[[Parts], Sequence[Subscription]] = lambda _parts: ()
    jobs: Callable[[Parts], Sequence[Job]] = lambda _parts: ()
