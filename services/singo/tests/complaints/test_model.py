"""The life of a complaint, as values."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from singo.charter import Text
from singo.complaints.categories import load
from singo.complaints.model import (
    ENDED,
    OPEN,
    WAITING,
    Action,
    Category,
    NotNow,
    RatedAlready,
    ReopenWindowOver,
    SomebodyElseHasIt,
    Standing,
    State,
    as_number,
    new_number,
)
from workdays import Calendar, city_calendar

CALENDAR = Calendar(lambda _day: False)
ROAD = Category("road", Text("Jalan", "Road"), Text("x", "y"), respond_days=2, resolve_days=14)
MONDAY = dt.date(2026, 11, 23)
NOON = dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC)
WINDOW = dt.timedelta(days=14)
FILED = Standing.filed(ROAD, MONDAY, CALENDAR)


def test_both_clocks_run_in_working_days_from_the_next_one_on():
    friday = Standing.filed(ROAD, dt.date(2026, 11, 27), CALENDAR)
    assert (friday.respond_by, friday.resolve_by) == (dt.date(2026, 12, 1), dt.date(2026, 12, 17))
    christmas = Standing.filed(ROAD, dt.date(2026, 12, 23), city_calendar())
    assert christmas.respond_by == dt.date(2026, 12, 29)


def test_the_first_clock_runs_until_somebody_answers_and_then_the_second():
    assert FILED.due_on == FILED.assigned("o").due_on == FILED.respond_by
    assert FILED.answered("o").due_on == FILED.taken_by_water().due_on == FILED.resolve_by
    assert FILED.withdrawn().due_on is FILED.refused().due_on is FILED.resolved(NOON).due_on is None


def test_days_left_are_negative_when_late_and_none_at_the_end():
    late = dt.date(2026, 12, 1)
    assert FILED.working_days_left(MONDAY, CALENDAR) == 2
    assert FILED.working_days_left(late, CALENDAR) == -4
    assert FILED.refused().working_days_left(late, CALENDAR) == 0


def test_what_was_answered_stays_so_when_it_is_handed_on():
    assert FILED.answered("o").assigned("p") == replace(FILED.answered("o"), assigned_to="p")


def test_somebody_else_may_not_work_on_it_unless_they_may_take_over():
    taken = FILED.assigned("o")
    taken.hold(Action.RESOLVE, "o")
    taken.hold(Action.ASSIGN, "p", may_take_over=True)
    with pytest.raises(SomebodyElseHasIt):
        taken.hold(Action.RESOLVE, "p")


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_allowed_or_refused_with_a_sentence(action, state):
    standing = replace(FILED, state=state)
    if (state in OPEN) == (action not in {Action.REOPEN, Action.RATE}) and (state in OPEN or state is State.RESOLVED):
        standing.require(action)
    else:
        with pytest.raises(NotNow) as refused:
            standing.require(action)
        assert refused.value.sentence("id") != refused.value.sentence("en")


def test_the_window_of_a_reopening_ends_with_its_last_instant():
    resolved = FILED.resolved(NOON + WINDOW)
    assert resolved.reopened(ROAD, NOON + WINDOW, MONDAY, CALENDAR).visit == 2
    with pytest.raises(ReopenWindowOver):
        resolved.reopened(ROAD, NOON + WINDOW + dt.timedelta(microseconds=1), MONDAY, CALENDAR)


def test_work_of_somebody_who_left_waits_again():
    assert FILED.assigned("o").left() == FILED
    assert FILED.answered("o").left().state is State.ANSWERED
    again = FILED.resolved(NOON).reopened(ROAD, NOON, MONDAY, CALENDAR)
    assert again.assigned("o").left() == again


def test_numbers_are_read_out_and_typed_in_any_way():
    number = new_number()
    assert as_number(f" {number.lower().replace('-', '')} ") == number
    assert len({new_number() for _ in range(500)}) == 500


def test_the_city_s_own_categories_are_whole():
    assert [each.code for each in load().values() if each.water] == ["water_leak", "water_supply"]


class Life(RuleBasedStateMachine):
    """People and facts in any order; time only goes on."""

    def __init__(self):
        super().__init__()
        self.standing, self.now, self.visits = FILED, NOON, 1

    def attempt(self, action, change):
        before = self.standing
        try:
            self.standing = change(before)
        except (RatedAlready, ReopenWindowOver):
            assert action in {Action.REOPEN, Action.RATE}
        except NotNow:
            assert before.state in ENDED or action in {Action.REOPEN, Action.RATE}

    @rule(staff=st.sampled_from("ab"))
    def assign(self, staff):
        self.attempt(Action.ASSIGN, lambda standing: standing.assigned(staff))

    @rule(staff=st.sampled_from("ab"))
    def answer(self, staff):
        self.attempt(Action.ANSWER, lambda standing: standing.answered(staff))

    @rule()
    def resolve(self):
        self.attempt(Action.RESOLVE, lambda standing: standing.resolved(self.now + WINDOW))

    @rule()
    def refuse(self):
        self.attempt(Action.REFUSE, lambda standing: standing.refused())

    @rule()
    def withdraw(self):
        self.attempt(Action.WITHDRAW, lambda standing: standing.withdrawn())

    @rule(rating=st.integers(1, 5))
    def rate(self, rating):
        self.attempt(Action.RATE, lambda standing: standing.rated(rating))

    @rule()
    def reopen(self):
        today = self.now.date()
        self.attempt(Action.REOPEN, lambda standing: standing.reopened(ROAD, self.now, today, CALENDAR))
        if self.standing.visit != self.visits:
            assert self.standing.visit == self.visits + 1
            assert (self.standing.state, self.standing.rating, self.standing.assigned_to) == (State.REOPENED, 0, "")
            assert self.standing.respond_by > today
            self.visits += 1

    @precondition(lambda self: self.standing.state in OPEN)
    @rule()
    def water(self):
        self.standing = self.standing.taken_by_water()

    @precondition(lambda self: self.standing.state in OPEN)
    @rule()
    def leave(self):
        self.standing = self.standing.left()

    @rule(days=st.integers(1, 20))
    def wait(self, days):
        self.now += dt.timedelta(days=days)

    @invariant()
    def the_clock_runs_exactly_while_it_is_open(self):
        assert (self.standing.due_on is None) == (self.standing.state in ENDED)
        assert self.standing.respond_by <= self.standing.resolve_by

    @invariant()
    def what_waits_is_nobody_s_and_what_was_resolved_can_be_reopened(self):
        if self.standing.state in WAITING:
            assert self.standing.assigned_to == ""
        if self.standing.state is State.RESOLVED:
            assert self.standing.reopen_until is not None

    @invariant()
    def only_a_resolved_one_is_rated(self):
        assert not self.standing.rating or self.standing.state is State.RESOLVED


TestLife = Life.TestCase
