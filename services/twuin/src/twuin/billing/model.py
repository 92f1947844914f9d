"""What a bill is made of and how its amount comes about: pure, integer rupiah and m³. The set-based run must agree with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

USE = "use"
PENALTY = "penalty"
STAMP_DUTY = "stamp_duty"


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
class Block:
    """m³ `from_m3` to `to_m3` (0 = open) at `price` rupiah each."""

    from_m3: int
    to_m3: int
    price: int


@dataclass(frozen=True, slots=True)
class FixedPart:
    """A part that does not depend on use."""

    code: str
    amount: int


@dataclass(frozen=True, slots=True)
class Surcharges:
    """Parts that a city may switch on; all off by default. Rupiah."""

    penalty: int = 0  # for each earlier bill that is open after its due day
    stamp_duty: int = 0
    stamp_duty_above: int = 5_000_000  # a bill of more than this carries stamp duty


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a bill: `amount` = `quantity` × `unit_price`."""

    code: str
    quantity: int
    unit_price: int
    from_m3: int = 0
    to_m3: int = 0

    @property
    def amount(self) -> int:
        """Return rupiah."""
        return self.quantity * self.unit_price


def lines_of(
    volume: int, blocks: Sequence[Block], fixed: Sequence[FixedPart], surcharges: Surcharges = Surcharges(), *, overdue: int = 0
) -> list[Line]:
    """Return the lines of a bill: blocks that were used, fixed parts, penalty, stamp duty."""
    lines: list[Line] = []
    for block in sorted(blocks, key=lambda block: block.from_m3):
        top = min(volume, block.to_m3) if block.to_m3 else volume
        if (used := top - block.from_m3 + 1) > 0:
            lines.append(Line(USE, used, block.price, block.from_m3, block.to_m3))
    lines += [Line(part.code, 1, part.amount) for part in fixed if part.amount > 0]
    if surcharges.penalty and overdue:
        lines.append(Line(PENALTY, overdue, surcharges.penalty))
    if surcharges.stamp_duty and total(lines) > surcharges.stamp_duty_above:
        lines.append(Line(STAMP_DUTY, 1, surcharges.stamp_duty))
    return lines


def total(lines: Sequence[Line]) -> int:
    """Return the amount of a bill in rupiah."""
    return sum(line.amount for line in lines)


def number_of(period: str, connection_number: str) -> str:
    """Return a bill's number; unique because a connection has one bill a period."""
    return f"{period[:4]}{period[5:]}-{connection_number}"
