"""Whatever is tried in whatever order, with facts that come late and again: money, water and letters stay together."""

from __future__ import annotations

import uuid
from contextlib import suppress

from chassis import rpc
from chassis.errors import DomainError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin import ledger
from twuin.work_orders.model import Report

from services.twuin.tests.new_connections.conftest import Office, installed, surveyed
from services.twuin.tests.new_connections.test_rpc import replace, withdraw

ENDED = (pb.NEW_CONNECTION_STATE_ACTIVE, pb.NEW_CONNECTION_STATE_REFUSED, pb.NEW_CONNECTION_STATE_WITHDRAWN)


RARE = (pb.NEW_CONNECTION_STATE_UNSPECIFIED, pb.NEW_CONNECTION_STATE_HELD)  # held: by its own test


def machine(office: Office, reached: set[int]) -> type[RuleBasedStateMachine]:  # noqa: C901 - its rules are what it has
    class Errand(RuleBasedStateMachine):
        """One application after another of a person, and everything that can happen to it."""

        def __init__(self) -> None:
            super().__init__()
            self.who = f"citizen-{uuid.uuid4()}"
            self.letter = office.letter(self.who)
            self.revoked = False
            self.one = office.apply(self.letter, self.who)

        def attempt(self, act, *args) -> None:
            # Refused, or no visit is open: the invariants say whether that changed anything.
            with suppress(rpc.Failure, DomainError, ValueError):
                act(*args)

        @initialize(steps=st.integers(0, 4))
        def begin_somewhere(self, steps: int) -> None:
            """Begin anywhere on the straight way, so that far states are reached as often as near ones."""
            for _ in range(steps):
                self.go_on()

        @rule()
        def go_on(self) -> None:
            match office.get(self.one, self.who).state:
                case pb.NEW_CONNECTION_STATE_APPLIED:
                    self.check()
                case pb.NEW_CONNECTION_STATE_SURVEY:
                    self.attempt(office.work, self.one, surveyed(7))
                case pb.NEW_CONNECTION_STATE_PAYMENT:
                    self.pay()
                case pb.NEW_CONNECTION_STATE_INSTALLATION:
                    self.install()
                case pb.NEW_CONNECTION_STATE_HELD:
                    self.give_another_letter()

        @rule()
        def check(self) -> None:
            self.attempt(office.check, self.one)

        @rule(metres=st.sampled_from((0, 7, 100, 101)))
        def survey(self, metres: int) -> None:
            self.attempt(office.work, self.one, surveyed(metres))

        @rule()
        def pay(self) -> None:
            self.attempt(office.pay, self.one, self.who)

        @rule()
        def install(self) -> None:
            self.attempt(office.work, self.one, installed(f"S-{uuid.uuid4().hex[:12].upper()}"))

        @rule()
        def fail(self) -> None:
            self.attempt(office.work, self.one, Report("not_possible", "Pipa terhalang"))

        @rule()
        def give_up(self) -> None:
            self.attempt(withdraw, office, self.one, self.who)

        @rule()
        def refuse(self) -> None:
            self.attempt(office.refuse, self.one)

        @rule()
        def revoke(self) -> None:
            office.revoke(self.letter, self.who)
            self.revoked = self.revoked or office.get(self.one, self.who).state != pb.NEW_CONNECTION_STATE_ACTIVE

        @rule()
        def give_another_letter(self) -> None:
            fresh = office.letter(self.who)
            try:
                replace(office, self.one, fresh, self.who)
            except rpc.Failure:
                return
            self.letter, self.revoked = fresh, False

        @rule()
        def hear_everything_again(self) -> None:
            office.deliver(again=True)

        @invariant()
        def all_is_in_order(self) -> None:
            now = office.get(self.one, self.who)
            events = [step.event for step in now.steps]
            assert len([event for event in events if event in ("paid", "installed", "activated", "refused", "withdrawn")]) == len(
                {event for event in events if event in ("paid", "installed", "activated", "refused", "withdrawn")}
            )
            assert not (self.revoked and now.state == pb.NEW_CONNECTION_STATE_ACTIVE)
            reached.add(now.state)
            if now.bill_id:
                bill = office.one("select state from bills where bill_id = :id", id=uuid.UUID(now.bill_id))
                assert (bill == 2) == ("paid" in events)
                assert (bill == 3) == ("paid" not in events and now.state in ENDED)
                assert office.one("select count(*) from bills where connection_id = :id", id=uuid.UUID(now.connection_id)) == 1
                state = office.one("select state from connections where connection_id = :id", id=uuid.UUID(now.connection_id))
                gone = now.state in (pb.NEW_CONNECTION_STATE_REFUSED, pb.NEW_CONNECTION_STATE_WITHDRAWN)
                assert state == (3 if gone else 1 if now.state == pb.NEW_CONNECTION_STATE_ACTIVE else 4)
            assert len([order for order in office.orders(self.one) if order.open]) == (
                now.state in (pb.NEW_CONNECTION_STATE_SURVEY, pb.NEW_CONNECTION_STATE_INSTALLATION)
            )
            with office.db.transaction() as session:
                assert sum(ledger.trial_balance(session).values()) == 0

        def teardown(self) -> None:
            told = [fact.application_id for fact in office.facts(facts.NewConnectionActivated)]
            assert len(told) == len(set(told))

    return Errand


def test_whatever_happens_money_water_and_letters_stay_together(office: Office) -> None:
    reached: set[int] = set()
    kind = machine(office, reached)
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=20, stateful_step_count=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
        ),
    )
    assert reached >= {state for state in pb.NewConnectionState.values() if state not in RARE}
