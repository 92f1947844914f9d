"""Reports, second thoughts, crews and the bus in any order: nobody who waits is forgotten, and nobody is told twice."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from chassis.errors import DomainError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from malang.twuin.v1 import leaks_events_pb2 as facts
from twuin.leaks.model import OPEN as OPEN_LEAK
from twuin.work_orders.model import OPEN, State

from services.twuin.tests.leaks.conftest import City

WEST, STEP = 112.60, 0.002  # degrees of longitude: each example has a place of its own, 220 m from the next
ALL = (
    "report",
    "report",
    "finish",
    "finish",
    "reopen",
    "reopen",
    "withdraw",
    "accept",
    "arrive",
    "repaired",
    "pump",
    "late",
    "twice",
)
MOVES = st.lists(st.tuples(st.sampled_from(ALL), st.integers(0, 3)), min_size=4, max_size=14)


@dataclass
class Singo:
    """What the other agency knows of its complaints: how many visits each asked for, and which it withdrew."""

    city: City
    longitude: float
    asked: Counter[str] = field(default_factory=Counter)
    withdrawn: set[str] = field(default_factory=set)

    def closed(self) -> Counter[str]:
        return Counter(each for fact in self.city.said(facts.LeakClosed) for each in fact.complaint_ids if each in self.asked)

    def do(self, move: str, which: int) -> None:
        known, closed = list(self.asked), self.closed()
        chosen = known[which % len(known)] if known else ""
        if move == "report":
            self.asked[self.city.report((-7.97, self.longitude))] = 1
        elif move == "withdraw" and chosen and closed[chosen] < self.asked[chosen] and chosen not in self.withdrawn:
            self.withdrawn.add(chosen)
            self.city.withdraw(chosen)
        elif move == "reopen" and chosen and closed[chosen] == self.asked[chosen] and chosen not in self.withdrawn:
            self.asked[chosen] += 1
            self.city.reopen(chosen)
        elif move in ("accept", "arrive", "repaired"):
            self.work(move)
        elif move == "finish":
            self.work("accept", "arrive", "repaired")
            self.city.pump()
        elif move in ("pump", "late", "twice"):
            self.city.pump(times=2 if move == "twice" else 1, order=(lambda rows: rows[::-1]) if move == "late" else list)

    def work(self, *steps: str) -> None:
        """Let the crew try a step on each of its open orders; what is refused is not done."""
        for order in self.city.orders():
            for step in steps:
                if order.state in OPEN:
                    with suppress(DomainError):
                        self.city.crew(step, order=order)


@pytest.fixture
def places():
    return iter(range(10_000))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(moves=MOVES)
@example(moves=[("report", 0), ("report", 0), ("finish", 0), ("reopen", 1)])
@example(moves=[("report", 0), ("report", 0), ("finish", 0), ("reopen", 0), ("repaired", 0), ("twice", 0), ("reopen", 1)])
@example(moves=[("report", 0), ("accept", 0), ("withdraw", 0), ("report", 0), ("late", 0)])
def test_everybody_who_waits_is_told_once_for_each_visit(city, places, moves):
    singo = Singo(city, WEST + STEP * next(places))
    for move, which in moves:
        singo.do(move, which)
    singo.work("accept", "arrive", "repaired")
    city.pump()
    closed = singo.closed()
    assert {each: closed[each] for each in singo.asked if each not in singo.withdrawn} == {
        each: visits for each, visits in singo.asked.items() if each not in singo.withdrawn
    }
    assert all(closed[each] < singo.asked[each] for each in singo.withdrawn)
    assert all(leak.state not in {state.value for state in OPEN_LEAK} for leak in city.leaks())
    assert all(order.state in (State.COMPLETED, State.CANCELLED) for order in city.orders())
    numbers = Counter(fact.work_order_number for fact in city.said(facts.LeakClosed))
    assert set(numbers.values()) <= {1}
