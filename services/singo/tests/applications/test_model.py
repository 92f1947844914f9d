from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from singo.applications.model import (
    ALLOWED,
    ENDED,
    Action,
    NotNow,
    NotYourStep,
    SomebodyElseHasIt,
    Standing,
    State,
    as_reference,
    initials,
    new_reference,
)
from singo.charter import StepRole
from workdays import city_calendar

CALENDAR = city_calendar()
OFFICERS = ("officer-a", "officer-b")
LURAHS = ("lurah-a", "lurah-b")


class ApplicationMachine(RuleBasedStateMachine):
    """Anybody tries anything on any day; the machine is held to a plain account of what happened."""

    @initialize(checks=st.integers(0, 3), limit=st.integers(1, 10))
    def begin(self, checks, limit):
        self.checks_needed, self.limit = checks, limit
        self.today = dt.date(2026, 3, 2)
        self.standing = Standing()
        self.history = [State.DRAFT]
        self.worked = 0  # working days that the kelurahan had the file

    def take(self, action, standing):
        assert self.history[-1] in ALLOWED[action]
        self.standing = standing
        self.history.append(standing.state)

    def attempt(self, action, do):
        if self.history[-1] in ALLOWED[action]:
            self.take(action, do())
        else:
            with pytest.raises(NotNow) as refused:
                do()
            assert refused.value.sentence("id") != refused.value.sentence("en")

    @rule(days=st.integers(0, 12))
    def time_passes(self, days):
        for _ in range(days):
            self.today += dt.timedelta(days=1)
            if self.history[-1] in {State.SUBMITTED, State.APPROVED, State.SIGNING} and CALENDAR.works(self.today):
                self.worked += 1

    @rule()
    def submit(self):
        self.attempt(
            Action.SUBMIT,
            lambda: self.standing.submitted(
                checks_needed=self.checks_needed, limit=self.limit, today=self.today, calendar=CALENDAR
            ),
        )

    @rule()
    def withdraw(self):
        self.attempt(Action.WITHDRAW, self.standing.withdrawn)

    @rule()
    def give_back(self):
        self.attempt(Action.RETURN, lambda: self.standing.returned(self.today, CALENDAR))

    @rule()
    def approve(self):
        self.attempt(Action.APPROVE, lambda: self.standing.approved(self.checks_needed))

    @rule()
    def refuse(self):
        self.attempt(Action.REFUSE, self.standing.refused)

    @rule(staff=st.sampled_from(OFFICERS + LURAHS))
    def claim(self, staff):
        self.attempt(Action.CLAIM, lambda: self.standing.claimed(staff))
        if self.standing.state in ALLOWED[Action.CLAIM]:
            assert self.standing.claimed_by == staff

    @rule()
    def release(self):
        self.attempt(Action.RELEASE, self.standing.released)

    @rule(lurah=st.sampled_from(LURAHS))
    def sign(self, lurah):
        self.attempt(Action.SIGN, lambda: self.standing.signing(lurah))

    @rule()
    def finish(self):
        self.attempt(Action.FINISH, self.standing.signed)

    @precondition(lambda self: self.standing.claimed_by)
    @rule(staff=st.sampled_from(OFFICERS + LURAHS))
    def only_who_has_it_may_act(self, staff):
        roles = {"officer", "lurah"}
        if staff == self.standing.claimed_by:
            self.standing.at_desk_of(staff, roles)
        else:
            with pytest.raises(SomebodyElseHasIt):
                self.standing.at_desk_of(staff, roles)

    @invariant()
    def an_end_is_an_end(self):
        ends = [place for place, state in enumerate(self.history) if state in ENDED]
        assert not ends or ends[0] == len(self.history) - 1

    @invariant()
    def nothing_is_signed_that_the_lurah_did_not_sign_after_every_check(self):
        if self.standing.state is State.SIGNED:
            assert self.history[-2] is State.SIGNING
        if self.standing.state in {State.APPROVED, State.SIGNING, State.SIGNED}:
            assert self.standing.checks == self.checks_needed
        if self.standing.state is State.SUBMITTED:
            assert self.standing.checks < self.checks_needed

    @invariant()
    def nobody_holds_what_waits_for_the_citizen_or_has_ended(self):
        if self.standing.state in ENDED | {State.DRAFT, State.RETURNED}:
            assert not self.standing.claimed_by

    @invariant()
    def the_clock_counts_the_days_of_the_kelurahan_only(self):
        if self.standing.state in {State.SUBMITTED, State.APPROVED, State.SIGNING}:
            left = self.standing.clock.remaining(self.today, CALENDAR)
            # A late file that comes back on a day off may gain that day's rounding, never more.
            assert left == self.limit - self.worked or (self.worked > self.limit and left < 0)
        if self.standing.state is State.DRAFT:
            assert self.standing.clock.promised(self.today, CALENDAR) is None


TestApplicationMachine = ApplicationMachine.TestCase


def test_each_desk_belongs_to_its_role():
    submitted, approved = Standing(State.SUBMITTED), Standing(State.APPROVED, 1)
    assert submitted.at_desk_of("x", {"officer"}) is StepRole.OFFICER
    assert approved.at_desk_of("x", {"lurah"}) is StepRole.LURAH
    with pytest.raises(NotYourStep) as refused:
        submitted.at_desk_of("x", {"lurah"})
    assert "petugas kelurahan" in refused.value.sentence("id")
    with pytest.raises(NotYourStep):
        approved.at_desk_of("x", {"officer"})


def test_a_kind_without_officers_steps_goes_straight_to_the_lurah():
    today = dt.date(2026, 11, 24)
    assert Standing().submitted(checks_needed=0, limit=1, today=today, calendar=CALENDAR).state is State.APPROVED


def test_references_are_distinct_and_read_back_however_they_are_typed():
    drawn = {new_reference() for _ in range(2000)}
    assert len(drawn) == 2000
    for reference in drawn:
        assert re.fullmatch(r"SGO-[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}", reference)
        assert as_reference(f" {reference.lower().replace('-', ' ')} ") == reference
        assert as_reference(reference.removeprefix("SGO-")) == reference


@given(st.text(max_size=60))
def test_initials_never_show_a_name(name):
    assert len(initials(name).replace("SS", "ß")) <= 11
    for part in name.split():
        assert len(part) < 3 or part not in initials(name)


def test_initials_of_a_long_name():
    assert initials("Sri Rahayu Wulandari Putri") == "S. R. W."
