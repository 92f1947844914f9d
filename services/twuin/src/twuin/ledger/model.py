"""The chart of accounts and the rules of a transfer: pure, integer rupiah."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Account(IntEnum):
    """The chart: 1xxx assets, 2xxx liabilities, 4xxx revenue. A new account is also named in the table's check."""

    RECEIVABLES = 1100  # what connections owe for issued bills
    VA_CLEARING = 1210  # money at the bank, by virtual account
    QRIS_CLEARING = 1220  # money at the acquirer, by QRIS
    REFUNDS_PAYABLE = 2100  # money that came and must go back
    STAMP_DUTY = 2200  # collected for the state
    DEPOSITS = 2300  # held for as long as a connection stands
    REVENUE_USE = 4100  # water by the block
    REVENUE_FIXED = 4200  # meter maintenance, administration
    REVENUE_PENALTY = 4300
    REVENUE_CONNECTION = 4400  # new connections: registration, meter, pipe, labour


class Kind(StrEnum):
    """Why money moved; with the thing it moved for, the natural key of a transfer."""

    USE = "use"
    FIXED = "fixed"
    PENALTY = "penalty"
    STAMP_DUTY = "stamp_duty"
    CONNECTION = "connection"
    DEPOSIT = "deposit"
    CONNECTION_UNDONE = "connection_undone"  # a connection that is not made after all: its bill is cancelled or given back
    DEPOSIT_UNDONE = "deposit_undone"
    SETTLEMENT = "settlement"  # reference: the bill, so a bill is settled once
    REFUND_DUE = "refund_due"  # reference: the receipt of the money


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount` > 0 rupiah from the credit account to the debit account; `reference` is the bill or receipt it is for."""

    entry_id: uuid.UUID
    kind: Kind
    reference: uuid.UUID
    debit: Account
    credit: Account
    amount: int

    def __post_init__(self) -> None:
        """Refuse what would not be a transfer."""
        if self.amount <= 0:
            raise ValueError(f"a transfer moves more than nothing, not {self.amount}")
        if self.debit == self.credit:
            raise ValueError(f"a transfer has two accounts, not {self.debit} twice")


def balances(transfers: Iterable[Transfer]) -> dict[Account, int]:
    """Return debit minus credit of each account that moved; the sum over all accounts is zero."""
    sums: dict[Account, int] = {}
    for transfer in transfers:
        sums[transfer.debit] = sums.get(transfer.debit, 0) + transfer.amount
        sums[transfer.credit] = sums.get(transfer.credit, 0) - transfer.amount
    return sums
