from __future__ import annotations

import pytest
from chassis.errors import Conflict, DomainError, InvalidFields
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twuin.work_orders import model
from twuin.work_orders.model import OPEN, Installation, Kind, Report, Standing, State, Survey

HERE = (-7.97, 112.66)
PEOPLE, CREWS = ("ani", "budi", "cici"), ("Regu Utara", "Regu Timur")


class Life(RuleBasedStateMachine):
    """Anybody tries anything at any time; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.standing = Standing(State.WAITING)
        self.ended: Standing | None = None

    def attempt(self, move, *allowed: State) -> bool:
        before = self.standing
        try:
            self.standing = move(before)
        except DomainError:
            return False
        assert before.state in allowed
        return True

    @rule(crew=st.sampled_from(CREWS))
    def assign(self, crew):
        if self.attempt(lambda now: now.assigned(crew), *OPEN):
            assert self.standing == Standing(State.ASSIGNED, crew)

    @rule(who=st.sampled_from(PEOPLE))
    def accept(self, who):
        before = self.standing
        if before.state is State.WAITING:  # no crew sees it
            return
        if self.attempt(lambda now: now.accepted(who), State.ASSIGNED, State.ACCEPTED, State.ARRIVED):
            assert self.standing.accepted_by == who
            assert before.accepted_by in ("", who)

    @rule(who=st.sampled_from(PEOPLE))
    def arrive(self, who):
        before = self.standing
        if self.attempt(lambda now: now.arrived(who), State.ACCEPTED, State.ARRIVED):
            assert before.accepted_by == who

    @rule(who=st.sampled_from(PEOPLE))
    def complete(self, who):
        before = self.standing
        if self.attempt(lambda now: now.completed(who), State.ARRIVED):
            assert before.accepted_by == who

    @rule()
    def end_of_a_colleague(self):
        before = self.standing
        self.standing = before.released()
        assert self.standing.crew == before.crew
        assert self.standing.state not in (State.ACCEPTED, State.ARRIVED)

    @rule()
    def cancel(self):
        self.attempt(lambda now: now.cancelled(), *OPEN)

    @invariant()
    def whoever_works_is_known(self):
        assert (self.standing.state in (State.ACCEPTED, State.ARRIVED, State.COMPLETED)) <= bool(self.standing.accepted_by)
        assert (self.standing.state is State.WAITING) <= (not self.standing.crew)
        assert (self.standing.state in (State.ASSIGNED, State.ACCEPTED, State.ARRIVED)) <= bool(self.standing.crew)

    @invariant()
    def what_has_ended_stays_so(self):
        if self.ended is not None:
            assert self.standing == self.ended
        if self.standing.state not in OPEN:
            self.ended = self.standing


TestLife = Life.TestCase


def refused(kind, report):
    with pytest.raises(InvalidFields) as wrong:
        model.checked(kind, report)
    return {error.field: error.code for error in wrong.value.fields}


def test_a_colleague_cannot_take_what_is_taken():
    taken = Standing(State.ASSIGNED, "Regu Timur").accepted("ani")
    assert taken.accepted("ani") == taken
    with pytest.raises(Conflict):
        taken.accepted("budi")


def test_each_kind_of_work_has_its_outcomes():
    assert model.checked(Kind.LEAK, Report("repaired", "  pipa  diganti ")).note == "pipa diganti"
    assert refused(Kind.LEAK, Report("installed", "")) == {"outcome": "enum", "install": "required"}
    assert refused(Kind.SURVEY, Report("repaired", "")) == {"outcome": "enum"}
    assert refused(Kind.LEAK, Report("not_found", " ")) == {"note": "required"}
    assert refused(Kind.INSTALL, Report("not_possible", "")) == {"note": "required"}
    assert refused(Kind.LEAK, Report("repaired", "x" * 501)) == {"note": "text"}
    assert refused(Kind.LEAK, Report("repaired", "a\x07b")) == {"note": "text"}


def test_a_survey_says_everything_that_is_wrong_at_once():
    right = Survey(12, 20, True, *HERE)
    assert model.checked(Kind.SURVEY, Report("surveyed", "", right)).survey == right
    assert refused(Kind.SURVEY, Report("surveyed", "", Survey(-1, 21, True, 0.0, 0.0))) == {
        "survey.latitude": "position", "survey.pipe_distance_m": "range", "survey.pipe_diameter_mm": "enum",
    }  # fmt: skip
    assert refused(Kind.SURVEY, Report("surveyed", "")) == {"survey": "required"}
    assert model.checked(Kind.SURVEY, Report("surveyed", "", Survey(900, 0, False, *HERE))).survey.feasible is False


def test_an_installation_is_written_in_capitals_and_checked():
    done = model.checked(Kind.INSTALL, Report("installed", "", None, Installation(" tt-12 34 ", "sg 99", 0, *HERE))).installation
    assert (done.meter_serial, done.seal) == ("TT-1234", "SG99")
    wrong = Installation("T!", "", -1, -8.5, float("nan"))
    assert refused(Kind.INSTALL, Report("installed", "", None, wrong)) == {
        "install.latitude": "position", "install.meter_serial": "serial", "install.seal": "seal", "install.first_reading": "range",
    }  # fmt: skip


def test_an_outcome_keeps_nothing_that_it_does_not_ask_for():
    kept = model.checked(Kind.INSTALL, Report("not_possible", "batu", None, Installation("!", "!", -1, 0, 0)))
    assert (kept.survey, kept.installation) == (None, None)


@given(st.lists(st.tuples(st.sampled_from(["pipe_20", "seal", "gold"]), st.integers(-5, 2000)), max_size=25))
def test_materials_are_listed_ones_each_once(used):
    try:
        kept = model.checked_materials(used, ("pipe_20", "seal"))
    except InvalidFields as wrong:
        said = {error.field for error in wrong.fields}
    else:
        said = set()
        assert sorted(used) == kept
    fine = (
        all(code != "gold" and 1 <= quantity <= 1000 for code, quantity in used)
        and len({code for code, _ in used}) == len(used) <= 20
    )
    assert fine == (not said)
