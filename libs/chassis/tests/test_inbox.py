import threading
import uuid

import pytest
from chassis import inbox, principal, telemetry
from chassis.principal import Principal
from malang.twuin.v1.billing_events_pb2 import BillIssued, BillPaid

REQUEST = BillPaid(bill_id="b", amount=10)


@pytest.fixture
def key():
    token = telemetry.idempotency_key.set("key-1")
    yield "key-1"
    telemetry.idempotency_key.reset(token)


class Effect:
    def __init__(self):
        self.runs = 0

    def __call__(self):
        self.runs += 1
        return BillIssued(bill_id=f"answer {self.runs}")


def _call(database, effect, request=REQUEST):
    with database.transaction() as session:
        return inbox.once(session, request, BillIssued, effect).bill_id


def test_without_a_key_every_call_has_its_effect(database):
    effect = Effect()
    assert [_call(database, effect), _call(database, effect)] == ["answer 1", "answer 2"]


def test_the_same_request_with_the_same_key_gets_the_stored_answer(database, key):
    effect = Effect()
    assert [_call(database, effect) for _ in range(3)] == ["answer 1"] * 3
    assert effect.runs == 1


def test_another_request_with_the_same_key_is_refused(database, key):
    effect = Effect()
    _call(database, effect)
    with pytest.raises(inbox.KeyReused):
        _call(database, effect, BillPaid(bill_id="b", amount=11))
    assert effect.runs == 1


def test_a_key_belongs_to_one_person(database, key):
    effect = Effect()
    for subject in ("one", "two", "one"):
        with principal.acting(Principal(subject, "citizen")):
            _call(database, effect)
    assert effect.runs == 2


def test_an_effect_that_failed_may_be_tried_again(database, key):
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        _call(database, fail)
    assert _call(database, Effect()) == "answer 1"


def test_the_second_of_two_calls_at_once_is_told_to_wait_and_does_not_block(database, key):
    inside, go_on, outcome = threading.Event(), threading.Event(), []

    def slow():
        inside.set()
        assert go_on.wait(10)
        return BillIssued(bill_id="first")

    def first():
        telemetry.idempotency_key.set("key-1")
        outcome.append(_call(database, slow))

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    with pytest.raises(inbox.InFlight):
        _call(database, Effect())
    go_on.set()
    thread.join()
    assert outcome == ["first"]
    assert _call(database, Effect()) == "first"


def test_a_fact_is_met_first_only_once(database):
    event = uuid.uuid4()
    with database.transaction() as session:
        assert inbox.first(session, "g", event)
        assert not inbox.first(session, "g", event)
        assert inbox.first(session, "other", event)


def test_a_projection_ignores_what_is_not_newer(database):
    with database.transaction() as session:
        seen = [inbox.newer(session, "p", "key", sequence) for sequence in (3, 2, 3, 5, 4, 6)]
        assert seen == [True, False, False, True, False, True]
        assert inbox.newer(session, "p", "other", 1)
        assert inbox.newer(session, "q", "key", 1)
