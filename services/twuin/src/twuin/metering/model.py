"""How a volume follows from what a register shows: rollover, replaced meters, estimates. Pure; whole m³."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntFlag

HISTORY = 6  # readings whose mean says what is usual
HIGH_FACTOR = 3  # times the mean that is unusually high
ROLLOVER_FACTOR = 10  # times the mean that a volume over the register's end may be
ROLLOVER_FLOOR = 100  # m³ over the register's end that are plausible whatever the mean


class Notice(IntFlag):
    """What a person should look at again before a reading is taken; stored as bits."""

    NONE = 0
    ROLLED_OVER = 1
    UNUSUALLY_HIGH = 2
    ZERO = 4

    @property
    def codes(self) -> list[str]:
        """Return the codes of the contract."""
        return [each.name.lower() for each in type(self) if each in self and each.name]


class BelowPrevious(Exception):  # noqa: N818 - named as what the value is
    """The register shows less than before, and it cannot have turned over."""


class TooManyDigits(Exception):  # noqa: N818
    """The register cannot show such a number."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Count and sum (m³) of the latest readings, at most HISTORY of them."""

    count: int = 0
    total: int = 0

    @classmethod
    def of(cls, volumes: Sequence[int]) -> Usual:
        """Sum up volumes, latest first."""
        latest = volumes[:HISTORY]
        return cls(len(latest), sum(latest))

    @property
    def mean(self) -> int:
        """Return the mean, rounded half up; 0 without readings."""
        return (2 * self.total + self.count) // (2 * self.count) if self.count else 0


@dataclass(frozen=True, slots=True)
class Register:
    """What the next volume is counted from.

    `base`: what the standing meter showed when it was last really read (or installed). `carried`: m³ that belong to the next
    volume already: what went through a meter taken out since, less what estimates have billed in advance. `shown`: what the
    last bill showed as the register's value.
    """

    digits: int
    base: int
    shown: int
    carried: int = 0
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """A reading's volume and what it says, and the register that the next one is counted from."""

    previous: int
    value: int
    volume: int
    rolled_over: bool
    replaced: bool
    estimated: bool
    after: Register


def span(digits: int) -> int:
    """Return how many values a register of `digits` digits can show."""
    return int(10**digits)


def advance(base: int, value: int, digits: int, usual: Usual) -> tuple[int, bool]:
    """Return the m³ from `base` to `value`, and whether the register turned over; BelowPrevious, TooManyDigits."""
    if not 0 <= value < span(digits):
        raise TooManyDigits
    if value >= base:
        return value - base, False
    through = value + span(digits) - base
    if through > rollover_limit(digits, usual):
        raise BelowPrevious
    return through, True


def rollover_limit(digits: int, usual: Usual) -> int:
    """Return the largest volume (m³) at which a lower value is taken for a register that turned over."""
    return min(span(digits) // 2, max(ROLLOVER_FLOOR, ROLLOVER_FACTOR * usual.mean))


def read(register: Register, value: int, usual: Usual) -> Counted:
    """Count a real reading. What estimates billed too much is taken off, now and as long as it takes."""
    through, rolled_over = advance(register.base, value, register.digits, usual)
    raw = register.carried + through
    after = Register(digits=register.digits, base=value, shown=value, carried=min(raw, 0))
    return Counted(register.shown, value, max(raw, 0), rolled_over, register.replaced, estimated=False, after=after)


def estimate(register: Register, volume: int) -> Counted:
    """Count an estimated volume: the next real reading still counts from the last real one, less this."""
    shown = max(register.base, register.base - register.carried + volume) % span(register.digits)
    after = replace(register, shown=shown, carried=register.carried - volume, replaced=False)
    return Counted(register.shown, shown, volume, rolled_over=False, replaced=register.replaced, estimated=True, after=after)


def replaced(register: Register, final: int, initial: int, digits: int, usual: Usual) -> Register:
    """Return the register after the meter was changed: what went through the old one is carried to the next volume."""
    through, _ = advance(register.base, final, register.digits, usual)
    if not 0 <= initial < span(digits):
        raise TooManyDigits
    return Register(digits=digits, base=initial, shown=register.shown, carried=register.carried + through, replaced=True)


def warnings_of(volume: int, usual: Usual, *, rolled_over: bool) -> Notice:
    """Return what a person should look at again."""
    found = Notice.ROLLED_OVER if rolled_over else Notice.NONE
    if usual.total > 0 and volume * usual.count >= HIGH_FACTOR * usual.total:
        found |= Notice.UNUSUALLY_HIGH
    return found | Notice.ZERO if volume == 0 else found
