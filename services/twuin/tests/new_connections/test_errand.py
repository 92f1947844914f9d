"""Whatever is tried in whatever order, with facts that come late and again: money, water and letters stay together."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from contextlib import suppress
from typing import ClassVar

from chassis import clock, rpc
from chassis.errors import DomainError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin import ledger
from twuin.ledger import Account
from twuin.new_connections import jobs
from twuin.work_orders.model import Report

from services.twuin.tests.new_connections.conftest import Office, installed, surveyed
from services.twuin.tests.new_connections.walks import replace, withdraw

GONE = (pb.NEW_CONNECTION_STATE_REFUSED, pb.NEW_CONNECTION_STATE_WITHDRAWN, pb.NEW_CONNECTION_STATE_LAPSED)
ENDED = (pb.NEW_CONNECTION_STATE_ACTIVE, *GONE)
ONCE = ("paid", "installed", "activated", "refused", "withdrawn", "lapsed")
RARE = (pb.NEW_CONNECTION_STATE_UNSPECIFIED, pb.NEW_CONNECTION_STATE_HELD)  # held: by its own test
IN_WORK = (pb.NEW_CONNECTION_STATE_SURVEY, pb.NEW_CONNECTION_STATE_INSTALLATION)


class Errand(RuleBasedStateMachine):
    """One application after another of a person, and everything that can happen to it."""

    office: ClassVar[Office]
    reached: ClassVar[set[int]]

    def __init__(self) -> None:
        super().__init__()
        self.who = f"citizen-{uuid.uuid4()}"
        self.letter = self.office.letter(self.who)
        self.revoked = False
        self.one = self.office.apply(self.letter, self.who)

    def attempt(self, act, *args) -> None:
        # Refused, or no visit is open: the invariants say whether that changed anything.
        with suppress(rpc.Failure, DomainError, ValueError):
            act(*args)

    @property
    def now(self) -> pb.NewConnection:
        return self.office.get(self.one, self.who)

    @initialize(steps=st.integers(0, 4), turn=st.sampled_from(("go_on", "give_up", "refuse", "let_the_payment_day_pass")))
    def begin_somewhere(self, steps: int, turn: str) -> None:
        """Begin anywhere on the straight way and turn off it there, so that far states are reached as often as near ones."""
        for _ in range(steps):
            self.go_on()
        getattr(self, turn)()

    @rule()
    def go_on(self) -> None:
        match self.now.state:
            case pb.NEW_CONNECTION_STATE_APPLIED:
                self.check()
            case pb.NEW_CONNECTION_STATE_SURVEY:
                self.attempt(self.office.work, self.one, surveyed(7))
            case pb.NEW_CONNECTION_STATE_PAYMENT:
                self.pay()
            case pb.NEW_CONNECTION_STATE_INSTALLATION:
                self.install()
            case pb.NEW_CONNECTION_STATE_HELD:
                self.give_another_letter()

    @rule()
    def check(self) -> None:
        self.attempt(self.office.check, self.one)

    @rule(metres=st.sampled_from((0, 7, 100, 101)))
    def survey(self, metres: int) -> None:
        self.attempt(self.office.work, self.one, surveyed(metres))

    @rule()
    def pay(self) -> None:
        self.attempt(self.office.pay, self.one, self.who)

    @rule()
    def install(self) -> None:
        self.attempt(self.office.work, self.one, installed(f"S-{uuid.uuid4().hex[:12].upper()}"))

    @rule()
    def fail(self) -> None:
        self.attempt(self.office.work, self.one, Report("not_possible", "Pipa terhalang"))

    @rule()
    def give_up(self) -> None:
        self.attempt(withdraw, self.office, self.one, self.who)

    @rule()
    def refuse(self) -> None:
        self.attempt(self.office.refuse, self.one)

    @rule()
    def let_the_payment_day_pass(self) -> None:
        with clock.frozen(clock.now() + dt.timedelta(days=15)):
            jobs.lapse(self.office.db, self.office.means, threading.Event())

    @rule()
    def revoke(self) -> None:
        self.office.revoke(self.letter, self.who)
        self.revoked = self.revoked or self.now.state != pb.NEW_CONNECTION_STATE_ACTIVE

    @rule()
    def give_another_letter(self) -> None:
        fresh = self.office.letter(self.who)
        try:
            replace(self.office, self.one, fresh, self.who)
        except rpc.Failure:
            return
        self.letter, self.revoked = fresh, False

    @rule()
    def hear_everything_again(self) -> None:
        self.office.deliver(again=True)

    @invariant()
    def what_ends_or_pays_happens_once(self) -> None:
        now = self.now
        self.reached.add(now.state)
        said = [step.event for step in now.steps if step.event in ONCE]
        assert len(said) == len(set(said))
        assert not (self.revoked and now.state == pb.NEW_CONNECTION_STATE_ACTIVE)

    @invariant()
    def money_is_asked_for_once_and_owed_back_where_nothing_came_of_it(self) -> None:
        now, office = self.now, self.office
        with office.db.transaction() as session:
            assert sum(ledger.trial_balance(session).values()) == 0
        if not now.bill_id:
            return
        bill, paid = uuid.UUID(now.bill_id), "paid" in [step.event for step in now.steps]
        state = office.one("select state from bills where bill_id = :id", id=bill)
        assert (state == 2) == paid
        assert (state == 3) == (not paid and now.state in ENDED)
        assert office.one("select count(*) from bills where connection_id = :id", id=uuid.UUID(now.connection_id)) == 1
        owed = "select coalesce(sum(amount), 0) from transfers where reference = :id and credit = :account"
        assert office.one(owed, id=bill, account=int(Account.REFUNDS_PAYABLE)) == (now.amount if paid and now.state in GONE else 0)

    @invariant()
    def water_and_work_follow_the_state(self) -> None:
        now, office = self.now, self.office
        assert len([order for order in office.orders(self.one) if order.open]) == (now.state in IN_WORK)
        if now.connection_id:
            state = office.one("select state from connections where connection_id = :id", id=uuid.UUID(now.connection_id))
            assert state == (3 if now.state in GONE else 1 if now.state == pb.NEW_CONNECTION_STATE_ACTIVE else 4)

    def teardown(self) -> None:
        told = [fact.application_id for fact in self.office.facts(facts.NewConnectionActivated)]
        assert len(told) == len(set(told))


def test_whatever_happens_money_water_and_letters_stay_together(office: Office) -> None:
    reached: set[int] = set()
    run_state_machine_as_test(
        type("ErrandOfOffice", (Errand,), {"office": office, "reached": reached}),
        settings=settings(
            max_examples=20, stateful_step_count=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
        ),
    )
    assert reached >= {state for state in pb.NewConnectionState.values() if state not in RARE}
