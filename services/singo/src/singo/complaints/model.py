"""The life of a complaint, as values: which states follow which, who acts when, what the clocks do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from chassis.errors import Conflict, Refused
from workdays import Calendar

from singo import references
from singo.charter import Text

PREFIX = "ADU"
FOLDER = "complaints"
RATINGS = range(1, 6)


class State(StrEnum):
    """Where a complaint stands."""

    FILED = "filed"  # waits for somebody to take it
    ASSIGNED = "assigned"  # somebody has it: an officer, or the water utility
    ANSWERED = "answered"  # a first answer was given; work goes on
    RESOLVED = "resolved"  # may be reopened for a while; satisfaction is asked
    REOPENED = "reopened"  # the reporter says that it is not resolved; waits for somebody to take it
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What can stand in a time line; those of the water utility as its facts told them."""

    FILED = "filed"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    RATED = "rated"
    WATER_JOINED = "water_joined"
    WATER_SCHEDULED = "water_scheduled"
    WATER_ACCEPTED = "water_accepted"
    WATER_ARRIVED = "water_arrived"
    WATER_REPAIRED = "water_repaired"
    WATER_NOT_FOUND = "water_not_found"


class Action(StrEnum):
    """What somebody may try to do."""

    ASSIGN = "assign"
    ANSWER = "answer"
    RESOLVE = "resolve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    RATE = "rate"


class Actor(StrEnum):
    """Who did a step, as people are told: staff are shown by role."""

    CITIZEN = "citizen"
    GUEST = "guest"
    OFFICER = "officer"
    TWUIN = "twuin"
    SYSTEM = "system"


WAITING = frozenset({State.FILED, State.REOPENED})
OPEN = WAITING | {State.ASSIGNED, State.ANSWERED}
ENDED = frozenset(State) - OPEN
WORKED_ON = frozenset({Action.ASSIGN, Action.ANSWER, Action.RESOLVE, Action.REFUSE, Action.WITHDRAW})
ALLOWED: Mapping[Action, frozenset[State]] = {
    **dict.fromkeys(WORKED_ON, OPEN),
    Action.REOPEN: frozenset({State.RESOLVED}),
    Action.RATE: frozenset({State.RESOLVED}),
}

STATE_WORDS: Mapping[State, tuple[str, str]] = {
    State.FILED: ("menunggu petugas", "waits for an officer"),
    State.ASSIGNED: ("sedang ditangani", "is being worked on"),
    State.ANSWERED: ("sudah dijawab dan masih ditangani", "has been answered and is being worked on"),
    State.RESOLVED: ("sudah selesai", "has been resolved"),
    State.REOPENED: ("dibuka kembali dan menunggu petugas", "has been reopened and waits for an officer"),
    State.REFUSED: ("sudah ditolak", "has been refused"),
    State.WITHDRAWN: ("sudah dicabut pelapor", "has been withdrawn"),
}


class NotNow(Conflict):
    """The complaint's state does not allow the action."""

    id: ClassVar[str] = "Laporan ini {state_id}, sehingga tindakan itu tidak dapat dilakukan."
    en: ClassVar[str] = "This report {state_en}, so that cannot be done."


class SomebodyElseHasIt(Conflict):
    """Another member of staff has taken the complaint."""

    id: ClassVar[str] = "Laporan ini sedang ditangani petugas lain."
    en: ClassVar[str] = "Somebody else is working on this report."


class WaterUtilityHasIt(Refused):
    """The complaint is of water; the kelurahan does not work on it."""

    id: ClassVar[str] = "Laporan ini ditangani Perumda Air Minum; kelurahan hanya dapat membacanya."
    en: ClassVar[str] = "The water utility has this report; the kelurahan can only read it."


class ReopenWindowOver(Refused):
    """The complaint was resolved too long ago to be reopened."""

    id: ClassVar[str] = "Batas waktu membuka kembali laporan ini sudah lewat. Silakan kirim laporan baru."
    en: ClassVar[str] = "The time to reopen this report is over. Please file a new one."


class RatedAlready(Conflict):
    """The reporter has said how satisfied they are."""

    id: ClassVar[str] = "Anda sudah memberi penilaian untuk laporan ini."
    en: ClassVar[str] = "You have already rated this report."


@dataclass(frozen=True, slots=True)
class Category:
    """What can be reported. Days are working days: until somebody answers, until it is resolved."""

    code: str
    name: Text
    hint: Text
    respond_days: int
    resolve_days: int
    water: bool = False
    needs_position: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A complaint without what was written: state, who has it ("" = nobody), the days promised, its visit, its rating."""

    state: State
    respond_by: dt.date
    resolve_by: dt.date
    assigned_to: str = ""
    responded: bool = False
    visit: int = 1
    rating: int = 0
    reopen_until: dt.datetime | None = None

    @classmethod
    def filed(cls, category: Category, today: dt.date, calendar: Calendar) -> Standing:
        """Begin: both clocks run from the next working day on."""
        return cls(State.FILED, calendar.add(today, category.respond_days), calendar.add(today, category.resolve_days))

    @property
    def due_on(self) -> dt.date | None:
        """The day of the clock that runs: until somebody responds, then until it is resolved; None for ended ones."""
        if self.state in ENDED:
            return None
        return self.resolve_by if self.responded else self.respond_by

    def require(self, action: Action) -> None:
        """Raise NotNow where the state does not allow `action`."""
        if self.state not in ALLOWED[action]:
            words = STATE_WORDS[self.state]
            raise NotNow(state_id=words[0], state_en=words[1])

    def hold(self, action: Action, staff: str, *, may_take_over: bool = False) -> None:
        """Raise where `staff` may not do `action`: the state says no, or somebody else has it."""
        self.require(action)
        if self.assigned_to not in {"", staff} and not may_take_over:
            raise SomebodyElseHasIt

    def assigned(self, staff: str) -> Standing:
        """Be worked on by `staff`; what was answered stays so."""
        self.require(Action.ASSIGN)
        return replace(self, state=State.ASSIGNED if self.state in WAITING else self.state, assigned_to=staff)

    def taken_by_water(self) -> Standing:
        """Be worked on by the water utility: it has responded."""
        return replace(self, state=State.ASSIGNED if self.state in WAITING else self.state, responded=True)

    def answered(self, staff: str) -> Standing:
        """Be answered a first or a further time by `staff`, who has it from now on."""
        self.require(Action.ANSWER)
        return replace(self, state=State.ANSWERED, assigned_to=staff, responded=True)

    def resolved(self, until: dt.datetime) -> Standing:
        """End well, and be open to a reopening until an instant."""
        self.require(Action.RESOLVE)
        return replace(self, state=State.RESOLVED, responded=True, reopen_until=until)

    def refused(self) -> Standing:
        """End with a reason."""
        self.require(Action.REFUSE)
        return replace(self, state=State.REFUSED)

    def withdrawn(self) -> Standing:
        """End at the reporter's wish."""
        self.require(Action.WITHDRAW)
        return replace(self, state=State.WITHDRAWN)

    def reopened(self, category: Category, now: dt.datetime, today: dt.date, calendar: Calendar) -> Standing:
        """Begin a new visit with new clocks and no rating; nobody has it."""
        self.require(Action.REOPEN)
        if self.reopen_until is None or now > self.reopen_until:
            raise ReopenWindowOver
        return replace(Standing.filed(category, today, calendar), state=State.REOPENED, visit=self.visit + 1)

    def rated(self, rating: int) -> Standing:
        """Be rated, once a visit."""
        self.require(Action.RATE)
        if self.rating:
            raise RatedAlready
        return replace(self, rating=rating)

    def left(self) -> Standing:
        """Go back to the queue because who had it is staff no longer."""
        waiting = State.FILED if self.visit == 1 else State.REOPENED
        return replace(self, state=waiting if self.state is State.ASSIGNED else self.state, assigned_to="")

    def working_days_left(self, today: dt.date, calendar: Calendar) -> int:
        """Return the working days left of the clock that runs, negative when late; 0 for ended ones."""
        return calendar.between(today, self.due_on) if self.due_on else 0


def new_number() -> str:
    """Return a random public number that a person can read out, such as ADU-7K3M-92QF."""
    return references.new(PREFIX)


def as_number(text: str) -> str:
    """Return what a person typed in the form of a number: case, blanks and dashes do not matter."""
    return references.read(PREFIX, text)
