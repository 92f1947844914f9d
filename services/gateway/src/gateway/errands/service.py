"""Keep and read the time line."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis import clock
from chassis.errors import Language
from sqlalchemy import case, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gateway import keyset
from gateway.dates import in_words
from gateway.errands.tables import ErrandRow, StepRow
from gateway.errands.texts import STATES, TITLES, WHOM
from gateway.keyset import Page

AGENCIES = {"letter": "singo", "complaint": "singo", "new_connection": "twuin", "bill": "twuin"}
_LINKS = {"letter": "/permohonan/", "complaint": "/laporan/", "new_connection": "/sambungan-baru/", "bill": "/tagihan/"}
_KEEP = dt.timedelta(days=730)
_ABBREVIATED = 4  # letters: SKU, SKCK, SKTM


@dataclass(frozen=True, slots=True)
class Told:
    """Where an errand stands after a fact; `sequence` and `rank` say which of two facts is the later one."""

    kind: str
    subject_id: uuid.UUID
    fact: str
    sequence: int
    at: dt.datetime
    state: str
    open: bool
    with_whom: str
    due_on: str = ""
    reference: str = ""
    detail: str = ""
    rank: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an errand."""

    kind: str
    state: str
    at: dt.datetime

    def text(self, language: Language) -> str:
        """Return its words."""
        return _state(self.kind, self.state, language)


@dataclass(frozen=True, slots=True)
class Errand:
    """An errand of a person, with its steps, oldest first."""

    id: str
    agency: str
    kind: str
    subject_id: str
    reference: str
    detail: str
    state: str
    open: bool
    with_whom: str
    due_on: str
    began_at: dt.datetime
    updated_at: dt.datetime
    steps: tuple[Step, ...]

    @property
    def link(self) -> str:
        """Return the page of the errand."""
        return f"{_LINKS[self.kind]}{self.subject_id}"

    @property
    def late(self) -> bool:
        """Tell whether its day has passed."""
        return self.open and bool(self.due_on) and self.due_on < clock.today().isoformat()

    def title(self, language: Language) -> str:
        """Return what it is."""
        detail = in_words(self.detail, language) if self.kind == "bill" else _spoken(self.detail)
        return TITLES[self.kind][language].format(reference=self.reference, detail=detail).strip()

    def state_text(self, language: Language) -> str:
        """Return where it stands."""
        return _state(self.kind, self.state, language)

    def whom_text(self, language: Language) -> str:
        """Return who has it; empty for nobody."""
        return WHOM.get(self.with_whom, {}).get(language, "")


def _spoken(code: str) -> str:
    """Return the code of a kind of letter as people say it: SKCK, belum menikah."""
    return code.upper() if len(code) <= _ABBREVIATED else code.replace("_", " ")


def _state(kind: str, state: str, language: Language) -> str:
    return STATES[kind].get(state, {}).get(language, state)  # one that a newer release of an agency tells is shown as it is


def begin(session: Session, citizens: Sequence[str], told: Told) -> None:
    """Keep an errand of each person as told, unless something later is known, and its step once."""
    for citizen in sorted(set(citizens)):  # in one order, so that two facts cannot wait for each other
        session.execute(_kept(uuid.UUID(citizen), told))
    _step(session, told)


def progress(session: Session, told: Told) -> None:
    """Keep where a known errand stands, unless something later is known, and its step once."""
    older = or_(ErrandRow.rank < told.rank, (ErrandRow.rank == told.rank) & (ErrandRow.sequence <= told.sequence))
    changed = update(ErrandRow).where(ErrandRow.subject_id == told.subject_id, ErrandRow.kind == told.kind, older)
    due = told.due_on or (ErrandRow.due_on if told.open else "")
    values = {"state": told.state, "open": told.open, "with_whom": told.with_whom, "rank": told.rank, "sequence": told.sequence}
    session.execute(changed.values(**values, due_on=due, updated_at=func.greatest(ErrandRow.updated_at, told.at)))
    _step(session, told)


def page(
    session: Session, citizen_id: str, *, agency: str = "", open_only: bool | None = None, page_token: str = "", page_size: int = 0,
) -> Page[Errand]:  # fmt: skip
    """Return a page of a person's errands, last changed first; `open_only` False shows the ended ones only."""
    size = keyset.size_of(page_size)
    query = select(ErrandRow).where(ErrandRow.citizen_id == uuid.UUID(citizen_id))
    if agency:
        query = query.where(ErrandRow.agency == agency)
    if open_only is not None:
        query = query.where(ErrandRow.open == open_only)
    if (last := keyset.after(page_token)) is not None:
        query = query.where(tuple_(ErrandRow.updated_at, ErrandRow.id) < last)
    rows = session.scalars(query.order_by(ErrandRow.updated_at.desc(), ErrandRow.id.desc()).limit(size + 1)).all()
    more = keyset.token_of(rows[size - 1].updated_at, rows[size - 1].id) if len(rows) > size else ""
    return Page(_with_steps(session, rows[:size]), more)


def export(session: Session, citizen_id: str) -> list[dict[str, Any]]:
    """Return all errands of a person as plain values."""
    rows = session.scalars(
        select(ErrandRow).where(ErrandRow.citizen_id == uuid.UUID(citizen_id)).order_by(ErrandRow.began_at)
    ).all()
    return [
        {
            "agency": each.agency, "kind": each.kind, "reference": each.reference, "detail": each.detail, "state": each.state,
            "open": each.open, "due_on": each.due_on, "steps": [{"state": step.state, "at": step.at.isoformat()} for step in each.steps],
        }
        for each in _with_steps(session, rows)
    ]  # fmt: skip


def purge(session: Session) -> None:
    """Forget errands that ended two years ago."""
    session.execute(delete(ErrandRow).where(ErrandRow.open.is_(False), ErrandRow.updated_at < clock.now() - _KEEP))


def _kept(citizen: uuid.UUID, told: Told) -> Any:
    made = insert(ErrandRow).values(
        id=uuid.uuid4(), citizen_id=citizen, agency=AGENCIES[told.kind], kind=told.kind, subject_id=told.subject_id,
        reference=told.reference, detail=told.detail, state=told.state, open=told.open, with_whom=told.with_whom, due_on=told.due_on,
        rank=told.rank, sequence=told.sequence, began_at=told.at, updated_at=told.at,
    )  # fmt: skip
    new, old = made.excluded, ErrandRow
    due = case((new.due_on != "", new.due_on), (new.open.is_(True), old.due_on), else_="")
    return made.on_conflict_do_update(
        index_elements=["subject_id", "kind", "citizen_id"],
        set_={
            "state": new.state, "open": new.open, "with_whom": new.with_whom, "due_on": due, "rank": new.rank, "sequence": new.sequence,
            "reference": case((new.reference != "", new.reference), else_=old.reference),
            "detail": case((new.detail != "", new.detail), else_=old.detail),
            "began_at": func.least(old.began_at, new.began_at), "updated_at": func.greatest(old.updated_at, new.updated_at),
        },
        where=or_(old.rank < new.rank, (old.rank == new.rank) & (old.sequence <= new.sequence)),
    )  # fmt: skip


def _step(session: Session, told: Told) -> None:
    own = select(ErrandRow.id, literal(told.fact), literal(told.sequence), literal(told.state), literal(told.at)).where(
        ErrandRow.subject_id == told.subject_id, ErrandRow.kind == told.kind
    )
    made = insert(StepRow).from_select(["errand_id", "fact", "sequence", "state", "at"], own)
    session.execute(made.on_conflict_do_nothing())


def _with_steps(session: Session, rows: Sequence[ErrandRow]) -> list[Errand]:
    steps: dict[uuid.UUID, list[StepRow]] = defaultdict(list)
    found = select(StepRow).where(StepRow.errand_id.in_([row.id for row in rows])).order_by(StepRow.at, StepRow.sequence)
    for step in session.scalars(found):
        steps[step.errand_id].append(step)
    return [
        Errand(
            str(row.id), row.agency, row.kind, str(row.subject_id), row.reference, row.detail, row.state, row.open, row.with_whom,
            row.due_on, row.began_at, row.updated_at, tuple(Step(row.kind, step.state, step.at) for step in steps[row.id]),
        )
        for row in rows
    ]  # fmt: skip
