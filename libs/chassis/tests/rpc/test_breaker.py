"""One slow or dead upstream holds a bounded number of threads, and for a bounded time."""

import threading
import time

import pytest
from chassis import rpc
from chassis.rpc.breaker import Breaker
from chassis.testing import token, verifier
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from malang.singo.v1 import charter_pb2_grpc
from malang.singo.v1.charter_pb2 import GetKindRequest, Kind
from servicers import charter

REST = 0.5


class Circuit(RuleBasedStateMachine):
    """Calls that end one after the other, against a plain description of the circuit."""

    def __init__(self):
        super().__init__()
        self.at, self.failed, self.opened, self.running = 0.0, [], None, []
        self.breaker = Breaker("test", most=3, failures=3, window=10, rest=REST, now=lambda: self.at)

    @rule(seconds=st.sampled_from([0.1, 0.6, 4.0, 11.0]))
    def time_passes(self, seconds):
        self.at += seconds

    @precondition(lambda self: len(self.running) < 3)
    @rule()
    def call(self):
        probing = any(probe for probe in self.running)
        admitted = self.opened is None or (self.at >= self.opened + REST and not probing)
        if admitted:
            probe = self.breaker.enter(5.0)
            assert probe == (self.opened is not None)
            self.running.append(probe)
            return
        with pytest.raises(rpc.Failure) as raised:
            self.breaker.enter(5.0)
        assert raised.value.kind == "unavailable"
        assert raised.value.retry_after >= 1

    @precondition(lambda self: self.running)
    @rule(outcome=st.sampled_from(["unavailable", "deadline", None, "refused", "internal"]))
    def end(self, outcome):
        probe = self.running.pop(0)
        self.breaker.leave(outcome, 5.0, probe=probe)
        if outcome not in {"unavailable", "deadline"}:
            self.failed, self.opened = [], None
            self.running = [False] * len(self.running)
            return
        self.failed = [*(at for at in self.failed if at > self.at - 10), self.at][-3:]
        if probe or (self.opened is None and len(self.failed) == 3):
            self.opened = self.at

    @invariant()
    def a_place_is_held_by_each_call_only(self):
        assert self.breaker._places._value == 3 - len(self.running)


TestCircuit = Circuit.TestCase


def test_a_call_that_was_given_no_time_says_nothing_of_the_peer():
    breaker = Breaker("test", failures=2)
    for _ in range(5):
        breaker.leave("deadline", 0.1, probe=breaker.enter(0.1))
    assert breaker.enter(1.0) is False


def serving(do, **how):
    server = rpc.Server([charter(do)], verifier("test"), threads=16)
    upstream = rpc.Upstream(f"127.0.0.1:{server.start()}", "test", token=token, **how)
    return server, upstream, upstream.stub(charter_pb2_grpc.CharterStub)


def test_a_slow_peer_holds_no_more_threads_than_its_share():
    free = threading.Event()
    server, upstream, stub = serving(lambda _: free.wait(10) and Kind(), most=4)
    outcomes = []

    def call():
        began = time.monotonic()
        try:
            stub.GetKind(GetKindRequest())
            outcomes.append(("answered", time.monotonic() - began))
        except rpc.Failure as wrong:
            outcomes.append((wrong.kind, time.monotonic() - began))

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    turned_away = list(outcomes)
    free.set()
    for thread in threads:
        thread.join()
    upstream.close()
    server.stop(0)
    assert [kind for kind, _ in turned_away] == ["exhausted"] * 8
    assert max(took for _, took in turned_away) < 1.2
    assert [kind for kind, _ in outcomes].count("answered") == 4


def test_a_peer_that_is_too_late_again_and_again_is_left_alone_and_found_again():
    slow, asked = threading.Event(), []
    slow.set()

    def do(_request):
        asked.append(1)
        if slow.is_set():
            time.sleep(0.8)
        return Kind()

    server, upstream, stub = serving(do, default_timeout=0.6)
    for _ in range(5):
        with pytest.raises(rpc.Failure, match="deadline"):
            stub.GetKind(GetKindRequest())
    began, before = time.monotonic(), len(asked)
    for _ in range(20):
        with pytest.raises(rpc.Failure, match="unavailable"):
            stub.GetKind(GetKindRequest())
    assert time.monotonic() - began < 0.4
    assert len(asked) == before
    slow.clear()
    time.sleep(0.9)
    assert stub.GetKind(GetKindRequest()) == Kind()
    assert stub.GetKind(GetKindRequest()) == Kind()
    upstream.close()
    server.stop(0)
