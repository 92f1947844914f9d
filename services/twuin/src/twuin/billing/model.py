"""States of bills and runs, lines, and the parts that a city may add to a bill: pure, integer rupiah."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

BLOCK = "block"  # the tariffs' code of lines for use
PENALTY = "penalty"
STAMP_DUTY = "stamp_duty"
DEPOSIT = "deposit"  # of a new connection: held, not earned
USE, CONNECTION = "use", "connection"  # kinds of bills
_OF_CONNECTION = "S"  # after the month in the period of a connection's own cost, so that it takes no month's place


class State(IntEnum):
    """States of a bill, as in the contract."""

    OPEN = 1
    PAID = 2
    CANCELLED = 3


class RunState(IntEnum):
    """States of a run, as in the contract."""

    RUNNING = 1
    FINISHED = 2
    INTERRUPTED = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a bill: `amount` = `quantity` × `unit_price` rupiah; a block's m³ `from_m3` to `to_m3` (0 = open)."""

    code: str
    quantity: int
    unit_price: int
    from_m3: int = 0
    to_m3: int = 0

    @property
    def amount(self) -> int:
        """Return rupiah."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class Surcharges:
    """Parts that a city may switch on; all off by default. Rupiah."""

    penalty: int = 0  # for each earlier bill that is still open after its due day
    stamp_duty: int = 0
    stamp_duty_above: int = 5_000_000  # a bill of more than this carries stamp duty

    def lines(self, priced: int, *, overdue: int) -> list[Line]:
        """Return what comes on top of `priced` rupiah for use and fixed parts, with so many bills overdue."""
        added = [Line(PENALTY, overdue, self.penalty)] if self.penalty and overdue else []
        if self.stamp_duty and priced + total(added) > self.stamp_duty_above:
            added.append(Line(STAMP_DUTY, 1, self.stamp_duty))
        return added


NONE = Surcharges()


def connection_period(month: str) -> str:
    """Return the period of a new connection's cost: a mark on the month, sorted after that month's bill of use."""
    return month + _OF_CONNECTION


def kind_of(period: str) -> str:
    """Return the kind of the bill of a period: use, or connection."""
    return CONNECTION if period.endswith(_OF_CONNECTION) else USE


def month_of(period: str) -> str:
    """Return the month of a period, YYYY-MM."""
    return period[:7]


def total(lines: Sequence[Line]) -> int:
    """Return the sum of lines, rupiah."""
    return sum(line.amount for line in lines)


def number_of(period: str, connection_number: str) -> str:
    """Return a bill's number; unique because a connection has one bill a period."""
    return f"{period[:4]}{period[5:]}-{connection_number}"
