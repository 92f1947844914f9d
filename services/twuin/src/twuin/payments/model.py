"""States of a payment and what money that comes does to it: pure rules."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

TTL = dt.timedelta(hours=24)
MAX_BILLS = 24


class Channel(enum.IntEnum):
    """How a person pays, as in the contract."""

    VA = 1
    QRIS = 2


class State(enum.IntEnum):
    """States of a payment, as in the contract."""

    STARTING = 1
    PENDING = 2
    PAID = 3
    EXPIRED = 4
    CANCELLED = 5
    TO_REFUND = 6


class Reason(enum.StrEnum):
    """Why money goes back."""

    ALREADY_PAID = "already_paid"
    BILL_CANCELLED = "bill_cancelled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    WRONG_AMOUNT = "wrong_amount"
    NOT_POSSIBLE = "not_possible"  # what was paid for cannot be made
    REFUSED = "refused"  # what was paid for is refused after all


WAITING = (State.STARTING, State.PENDING)  # holds its bills; money may still come


@dataclass(frozen=True, slots=True)
class Money:
    """What the provider says was paid: rupiah, and when."""

    amount: int
    paid_at: dt.datetime


class Asked(Protocol):
    """A bill as far as money for it goes: neither open nor cancelled is paid."""

    @property
    def open(self) -> bool:
        """Tell whether it is to be paid."""

    @property
    def cancelled(self) -> bool:
        """Tell whether it asks for nothing any more."""


def refund_reason(state: State, *, expected: int, expires_at: dt.datetime, money: Money, bills: Sequence[Asked]) -> Reason | None:
    """Return why this money must go back, or None when it pays the bills.

    A payment that expired here is still paid by money that the provider took in time: a late callback harms nobody.
    """
    if state in (State.PAID, State.TO_REFUND):
        return Reason.ALREADY_PAID
    if any(bill.cancelled for bill in bills):
        return Reason.BILL_CANCELLED
    if not all(bill.open for bill in bills):
        return Reason.ALREADY_PAID
    if state is State.CANCELLED:
        return Reason.CANCELLED
    if money.paid_at > expires_at:
        return Reason.EXPIRED
    return None if money.amount == expected else Reason.WRONG_AMOUNT


def state_after(state: State, reason: Reason | None) -> State:
    """Return the state after money came: a paid payment stays paid, whatever comes after."""
    if reason is None or state is State.PAID:
        return State.PAID
    return State.TO_REFUND
