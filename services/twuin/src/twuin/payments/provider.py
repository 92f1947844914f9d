"""What the platform asks of a payment provider: an adapter for each stands behind this."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from chassis.errors import Refused

from twuin.payments.model import Channel, Money


@dataclass(frozen=True, slots=True)
class Order:
    """What a person pays with: a virtual account number at a bank, or a QRIS payload."""

    va_number: str = ""
    va_bank: str = ""
    qris_payload: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified callback: our payment's id, the provider's own id of the money, and the money."""

    external_id: str
    payment_id: str
    request_id: str
    money: Money


class Unavailable(Exception):  # noqa: N818 - named as what the provider is
    """The provider did not answer in time; whether it acted is unknown until it is asked."""


class ForgedCallback(Refused):
    """A callback without a valid signature of the provider, or outside its time."""

    id = "Tanda tangan pemberitahuan pembayaran tidak sah."
    en = "The payment notice is not validly signed."


class UnreadableCallback(Refused):
    """A callback that is signed and cannot be understood."""

    id = "Pemberitahuan pembayaran tidak dapat dibaca."
    en = "The payment notice cannot be read."


class Provider(Protocol):
    """A bank or an aggregator. Calls may raise Unavailable; none is made inside a transaction of the platform's."""

    @property
    def name(self) -> str:
        """Return the name that its callbacks' address and its payments carry."""
        ...

    @property
    def demo(self) -> bool:
        """Tell whether no real money moves."""
        ...

    def create(self, payment_id: str, channel: Channel, amount: int, expires_at: dt.datetime) -> Order:
        """Open an order; asked again with the same payment id it answers the same order."""
        ...

    def enquire(self, payment_id: str) -> Order | None:
        """Return the order of a payment, or None when the provider never heard of it."""
        ...

    def cancel(self, payment_id: str) -> None:
        """Close an order, so that no money is taken for it any more."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: dt.datetime) -> Notice:
        """Return what a raw callback says; ForgedCallback or UnreadableCallback otherwise."""
        ...
