"""What a capability gives to the processes of this service; app.py lists them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chassis.crypto import Vault
from chassis.db import Database

from twuin import billing, metering
from twuin.connections import Holders
from twuin.payments import LocalProvider
from twuin.settings import Settings

if TYPE_CHECKING:  # a process that serves no calls or takes no facts need not load what does
    from chassis.consumer import Subscription
    from chassis.rpc import Served


class Parts:
    """What the capabilities of a process share; made when first asked for."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.settings, self.db = settings, db

    @cached_property
    def holders(self) -> Holders:
        """Return what opens holders' data; what the layers above connections know is given to it here."""
        vault = Vault.from_setting(self.settings.vault_keys, index=self.settings.index_key)
        return Holders(vault, metering.serials, billing.last_bill_amount)

    @cached_property
    def provider(self) -> LocalProvider:
        """Return the payment provider."""
        return LocalProvider(self.db, self.settings.provider_secret.encode())


@dataclass(frozen=True, slots=True)
class Job:
    """Work that the clock moves: `work(stop)` every `every` seconds; it opens its own transactions."""

    name: str
    every: float
    work: Callable[[threading.Event], object]


def _nothing(_parts: Parts) -> Sequence[Any]:
    return ()


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability's gRPC services, the facts it reacts to and its jobs, each made in the process that needs it."""

    name: str
    served: Callable[[Parts], Sequence[Served]] = _nothing
    subscriptions: Callable[[Parts], Sequence[Subscription]] = _nothing
    jobs: Callable[[Parts], Sequence[Job]] = _nothing
