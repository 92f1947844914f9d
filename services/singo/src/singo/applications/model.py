"""The life of an application, as values: which states follow which, who acts when, what the clock does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar

from chassis.errors import Conflict, Refused
from workdays import Calendar

from singo import references
from singo.charter import Clock, StepRole

PREFIX = "SGO"


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"  # waits for an officer
    RETURNED = "returned"  # waits for the citizen's correction; the clock stands still
    APPROVED = "approved"  # waits for the lurah
    SIGNING = "signing"  # number reserved, the letter is being made and stored
    SIGNED = "signed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What can stand in a timeline."""

    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    CORRECTED = "corrected"
    CLAIMED = "claimed"
    RELEASED = "released"
    RETURNED = "returned"
    CHECKED = "checked"  # one officer's step of several is done
    APPROVED = "approved"
    SIGNING = "signing"
    SIGNED = "signed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What somebody may try to do."""

    EDIT = "edit"
    DISCARD = "discard"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    CLAIM = "claim"
    RELEASE = "release"
    RETURN = "return"
    APPROVE = "approve"
    REFUSE = "refuse"
    SIGN = "sign"
    FINISH = "finish"


OPEN = frozenset({State.SUBMITTED, State.RETURNED, State.APPROVED, State.SIGNING})
ENDED = frozenset({State.SIGNED, State.REFUSED, State.WITHDRAWN})
EDITABLE = frozenset({State.DRAFT, State.RETURNED})
AT_THE_DESK = frozenset({State.SUBMITTED, State.APPROVED})

ALLOWED: Mapping[Action, frozenset[State]] = {
    Action.EDIT: EDITABLE,
    Action.DISCARD: frozenset({State.DRAFT}),
    Action.SUBMIT: EDITABLE,
    Action.WITHDRAW: frozenset({State.SUBMITTED, State.RETURNED, State.APPROVED}),
    Action.CLAIM: AT_THE_DESK,
    Action.RELEASE: AT_THE_DESK,
    Action.RETURN: AT_THE_DESK,
    Action.APPROVE: frozenset({State.SUBMITTED}),
    Action.REFUSE: AT_THE_DESK,
    Action.SIGN: frozenset({State.APPROVED, State.SIGNING}),
    Action.FINISH: frozenset({State.SIGNING}),
}

STATE_WORDS: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("masih draf", "is still a draft"),
    State.SUBMITTED: ("sedang diperiksa petugas", "is being checked by an officer"),
    State.RETURNED: ("menunggu perbaikan pemohon", "waits for the applicant's correction"),
    State.APPROVED: ("menunggu tanda tangan lurah", "waits for the lurah's signature"),
    State.SIGNING: ("sedang ditandatangani", "is being signed"),
    State.SIGNED: ("sudah ditandatangani", "has been signed"),
    State.REFUSED: ("sudah ditolak", "has been refused"),
    State.WITHDRAWN: ("sudah dicabut", "has been withdrawn"),
}


class NotNow(Conflict):
    """The application's state does not allow the action."""

    id: ClassVar[str] = "Permohonan ini {state_id}, sehingga tindakan itu tidak dapat dilakukan."
    en: ClassVar[str] = "This application {state_en}, so that cannot be done."


class SomebodyElseHasIt(Conflict):
    """Another member of staff has claimed the application."""

    id: ClassVar[str] = "Permohonan ini sedang dikerjakan petugas lain."
    en: ClassVar[str] = "Somebody else is working on this application."


class NotYourStep(Refused):
    """The step at which the application stands belongs to another role."""

    id: ClassVar[str] = "Langkah ini dikerjakan oleh {role_id}."
    en: ClassVar[str] = "This step is done by the {role_en}."


ROLE_WORDS: Mapping[StepRole, tuple[str, str]] = {
    StepRole.CITIZEN: ("pemohon", "applicant"),
    StepRole.OFFICER: ("petugas kelurahan", "kelurahan officer"),
    StepRole.LURAH: ("lurah", "lurah"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """An application without its papers: state, officer's steps done, who has claimed it ("" = nobody), its clock."""

    state: State = State.DRAFT
    checks: int = 0
    claimed_by: str = ""
    clock: Clock = field(default_factory=Clock)

    def require(self, action: Action) -> None:
        """Raise NotNow where the state does not allow `action`."""
        if self.state not in ALLOWED[action]:
            words = STATE_WORDS[self.state]
            raise NotNow(state_id=words[0], state_en=words[1])

    @property
    def desk(self) -> StepRole | None:
        """The staff role for which the application waits, None when it waits for none."""
        if self.state is State.SUBMITTED:
            return StepRole.OFFICER
        return StepRole.LURAH if self.state in {State.APPROVED, State.SIGNING} else None

    def at_desk_of(self, staff: str, roles: Collection[str]) -> StepRole:
        """Return the role in which `staff` may act now; NotYourStep or SomebodyElseHasIt where not."""
        desk = self.desk
        if desk is not None and desk.value not in roles:
            raise NotYourStep(role_id=ROLE_WORDS[desk][0], role_en=ROLE_WORDS[desk][1])
        if self.claimed_by and self.claimed_by != staff:
            raise SomebodyElseHasIt
        return desk or StepRole.OFFICER

    def submitted(self, *, checks_needed: int, limit: int, today: dt.date, calendar: Calendar) -> Standing:
        """Hand in, first or corrected: the clock starts or goes on; a kind without officer's steps waits for the lurah."""
        self.require(Action.SUBMIT)
        clock = self.clock.resumed(today, calendar) if self.state is State.RETURNED else Clock.started(today, limit, calendar)
        return Standing(State.SUBMITTED if checks_needed else State.APPROVED, 0, "", clock)

    def withdrawn(self) -> Standing:
        """End at the citizen's wish."""
        self.require(Action.WITHDRAW)
        return replace(self, state=State.WITHDRAWN, claimed_by="")

    def claimed(self, staff: str) -> Standing:
        """Be worked on by `staff`."""
        self.require(Action.CLAIM)
        return replace(self, claimed_by=staff)

    def released(self) -> Standing:
        """Go back to the queue."""
        self.require(Action.RELEASE)
        return replace(self, claimed_by="")

    def returned(self, today: dt.date, calendar: Calendar) -> Standing:
        """Go back to the citizen: the clock stands still, and every check is done again afterwards."""
        self.require(Action.RETURN)
        return Standing(State.RETURNED, 0, "", self.clock.paused(today, calendar))

    def approved(self, checks_needed: int) -> Standing:
        """Pass one officer's step; after the last one it waits for the lurah."""
        self.require(Action.APPROVE)
        checks = self.checks + 1
        return replace(self, state=State.APPROVED if checks >= checks_needed else State.SUBMITTED, checks=checks, claimed_by="")

    def refused(self) -> Standing:
        """End with a reason."""
        self.require(Action.REFUSE)
        return replace(self, state=State.REFUSED, claimed_by="")

    def signing(self, staff: str) -> Standing:
        """Begin to be signed, or go on where an earlier try ended."""
        self.require(Action.SIGN)
        return replace(self, state=State.SIGNING, claimed_by=staff)

    def signed(self) -> Standing:
        """End with a letter."""
        self.require(Action.FINISH)
        return replace(self, state=State.SIGNED, claimed_by="")


def new_reference() -> str:
    """Return a random reference that a person can read out, such as SGO-7K3M-92QF."""
    return references.new(PREFIX)


def as_reference(text: str) -> str:
    """Return what a person typed in the form of a reference: case, blanks and dashes do not matter."""
    return references.read(PREFIX, text)


def initials(name: str) -> str:
    """Return the initials of a person's name, at most three."""
    return " ".join(f"{part[0].upper()}." for part in name.split()[:3])
