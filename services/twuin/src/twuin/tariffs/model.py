"""Block tariffs in exact integers: what a volume costs, and why. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

BLOCK = "block"  # the code of lines for use


@dataclass(frozen=True, slots=True)
class Block:
    """m³ number `from_m3` to number `to_m3` (None = and all above) cost `price` rupiah each."""

    from_m3: int
    to_m3: int | None
    price: int


@dataclass(frozen=True, slots=True)
class FixedPart:
    """A part that does not depend on use: `amount` rupiah a period."""

    code: str
    name_id: str
    name_en: str
    amount: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of a group from a day on; `demo` says that the amounts are invented."""

    group: str
    effective_from: dt.date
    name_id: str
    name_en: str
    blocks: tuple[Block, ...]
    fixed_parts: tuple[FixedPart, ...] = ()
    demo: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse blocks that leave a gap, overlap or end."""
        check(self.blocks)


@dataclass(frozen=True, slots=True)
class Line:
    """A part of an amount: `amount` = `quantity` × `unit_price`, rupiah; blocks say which m³ they cover."""

    code: str
    name_id: str
    name_en: str
    quantity: int
    unit_price: int
    from_m3: int = 0
    to_m3: int | None = None
    amount: int = field(init=False)

    def __post_init__(self) -> None:
        """Multiply."""
        object.__setattr__(self, "amount", self.quantity * self.unit_price)


def check(blocks: Sequence[Block]) -> None:
    """Raise ValueError unless the blocks cover every m³ from the first on exactly once."""
    expected: int | None = 1
    for block in blocks:
        if expected is None or block.from_m3 != expected or block.price < 0:
            raise ValueError(f"block from {block.from_m3} m³ does not follow the one before it")
        if block.to_m3 is not None and block.to_m3 < block.from_m3:
            raise ValueError(f"block from {block.from_m3} m³ ends before it begins")
        expected = None if block.to_m3 is None else block.to_m3 + 1
    if expected is not None:
        raise ValueError("the last block must be open")


def use_lines(blocks: Sequence[Block], volume: int) -> list[Line]:
    """Return a line for each block that a volume (m³) reaches into; none for a volume of zero."""
    if volume < 0:
        raise ValueError("a volume is not negative")
    lines = []
    for block in blocks:
        used = (volume if block.to_m3 is None else min(volume, block.to_m3)) - block.from_m3 + 1
        if used > 0:
            lines.append(_use_line(block, used))
    return lines


def explain(tariff: Tariff, volume: int) -> list[Line]:
    """Return every line of what a volume costs in a period: use by block, then fixed parts that are not zero."""
    fixed = [Line(part.code, part.name_id, part.name_en, 1, part.amount) for part in tariff.fixed_parts if part.amount]
    return [*use_lines(tariff.blocks, volume), *fixed]


def total(lines: Sequence[Line]) -> int:
    """Return the sum of lines, rupiah."""
    return sum(line.amount for line in lines)


def _use_line(block: Block, used: int) -> Line:
    where_id, where_en = (
        (f"di atas {block.from_m3 - 1} m³", f"above {block.from_m3 - 1} m³")
        if block.to_m3 is None
        else (f"{block.from_m3}–{block.to_m3} m³",) * 2
    )
    if block.to_m3 is None and block.from_m3 == 1:
        where_id = where_en = ""
    name_id, name_en = f"Pemakaian {where_id}".rstrip(), f"Use {where_en}".rstrip()
    return Line(BLOCK, name_id, name_en, used, block.price, block.from_m3, block.to_m3)
