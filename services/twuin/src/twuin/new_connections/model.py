"""An application for a new connection: its states, who has it, until when, what proves a home, and what it costs. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from workdays import Calendar

PROVING = ("domisili",)  # kinds of letters that prove where somebody lives
DOCUMENTS = ("house", "sketch")
REASONS = ("arrears", "documents", "other")  # that a member of staff may give
LATITUDES, LONGITUDES = (-8.06, -7.90), (112.56, 112.70)  # of the city
DIGITS = 5  # of a new meter's register


class State(IntEnum):
    """Where an application stands; the numbers are those of the contract."""

    APPLIED = 1
    SURVEY = 2
    PAYMENT = 3
    INSTALLATION = 4
    HELD = 5
    ACTIVE = 6
    REFUSED = 7
    WITHDRAWN = 8
    LAPSED = 9


MOVES: Mapping[State, frozenset[State]] = {
    State.APPLIED: frozenset({State.SURVEY, State.REFUSED, State.WITHDRAWN}),
    State.SURVEY: frozenset({State.PAYMENT, State.REFUSED, State.WITHDRAWN}),
    State.PAYMENT: frozenset({State.INSTALLATION, State.REFUSED, State.WITHDRAWN, State.LAPSED}),
    State.INSTALLATION: frozenset({State.ACTIVE, State.HELD, State.REFUSED}),
    State.HELD: frozenset({State.ACTIVE}),
    State.ACTIVE: frozenset(),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.LAPSED: frozenset(),
}
OPEN = tuple(state for state, after in MOVES.items() if after)
REFUSABLE = tuple(state for state, after in MOVES.items() if State.REFUSED in after)
_WITH: Mapping[State, str] = {
    State.APPLIED: "customer_service", State.SURVEY: "crew", State.PAYMENT: "applicant", State.INSTALLATION: "crew",
    State.HELD: "applicant",
}  # fmt: skip


def may(state: State, after: State) -> bool:
    """Tell whether an application may move from one state to another."""
    return after in MOVES[state]


def with_whom(state: State) -> str:
    """Return the code of who has an application: customer_service, crew, applicant, nobody."""
    return _WITH.get(state, "nobody")


class Flaw(StrEnum):
    """Why a letter proves nothing here."""

    WRONG_KIND = "wrong_kind"
    REVOKED = "revoked"
    EXPIRED = "expired"
    WITHOUT_ADDRESS = "without_address"


@dataclass(frozen=True, slots=True)
class Letter:
    """What counts of a letter; `valid_until` None = without end, `address_hash` empty = it certifies no address."""

    kind: str
    valid_until: dt.date | None
    address_hash: str
    revoked: bool

    def flaw(self, today: dt.date) -> Flaw | None:
        """Return why this letter proves no home today, None when it does."""
        if self.kind not in PROVING:
            return Flaw.WRONG_KIND
        if self.revoked:
            return Flaw.REVOKED
        if self.valid_until is not None and self.valid_until < today:
            return Flaw.EXPIRED
        return None if self.address_hash else Flaw.WITHOUT_ADDRESS


@dataclass(frozen=True, slots=True)
class Proof:
    """A letter as its holder sees it, with what stands against it."""

    letter_id: uuid.UUID
    kind: str
    reference: str
    valid_until: dt.date | None
    signed_at: dt.datetime | None
    revoked: bool
    flaw: Flaw | None


@dataclass(frozen=True, slots=True)
class CostLine:
    """A part of the cost: `quantity` (pieces, or metres of pipe) × `unit_price` rupiah."""

    code: str
    quantity: int
    unit_price: int

    @property
    def amount(self) -> int:
        """Return rupiah."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class Prices:
    """What a new connection costs, in rupiah; pipe by its diameter in mm, per metre."""

    registration: int
    meter: int
    labour: int
    deposit: int
    pipe: Mapping[int, int]

    def lines(self, *, metres: int, diameter: int) -> list[CostLine]:
        """Return the itemised cost of a connection with so many metres of pipe; what costs nothing has no line."""
        lines = [
            CostLine("registration", 1, self.registration), CostLine("meter", 1, self.meter),
            CostLine(f"pipe_{diameter}", metres, self.pipe[diameter]), CostLine("labour", 1, self.labour),
            CostLine("deposit", 1, self.deposit),
        ]  # fmt: skip
        return [line for line in lines if line.amount > 0]


@dataclass(frozen=True, slots=True)
class Promises:
    """How long each step may take: working days, for the applicant's own steps calendar days."""

    check: int
    survey: int
    payment: int
    installation: int
    proof: int

    def due(self, state: State, today: dt.date, calendar: Calendar) -> dt.date | None:
        """Return the day until which the step of a state is to be done, None at the end."""
        match state:
            case State.APPLIED:
                return calendar.add(today, self.check)
            case State.SURVEY:
                return calendar.add(today, self.survey)
            case State.INSTALLATION:
                return calendar.add(today, self.installation)
            case State.PAYMENT:
                return today + dt.timedelta(days=self.payment)
            case State.HELD:
                return today + dt.timedelta(days=self.proof)
            case _:
                return None


def digits_for(value: int) -> int:
    """Return how many digits the register of a new meter has that shows `value`."""
    return max(DIGITS, len(str(value)))


def initials(name: str) -> str:
    """Return the first letters of a name's words."""
    return "".join(f"{word[0].upper()}." for word in name.split()[:4])
