"""One time line over both agencies: the same whatever comes twice or in another order between topics."""

import datetime as dt
import itertools
import string
import uuid

import pytest
from chassis import clock
from chassis.inbox import Envelope
from gateway import errands
from gateway.errands import service, subscriptions, texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malang.singo.v1 import applications_events_pb2 as applications
from malang.singo.v1 import complaints_events_pb2 as complaints
from malang.singo.v1 import letters_events_pb2 as letters
from malang.twuin.v1 import billing_events_pb2 as billing
from malang.twuin.v1 import new_connections_events_pb2 as new_connections

ME, OTHER, THIRD = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
SUBJECT = str(uuid.UUID(int=9))
START = dt.datetime(2026, 11, 2, 2, tzinfo=dt.UTC)
HANDLES = {each.fact: each.handle for each in subscriptions.subscriptions()}


def envelope(fact, sequence, *, minutes=0, restated=False):
    return Envelope(
        id=uuid.uuid4(), type=fact.DESCRIPTOR.full_name, source="/test", time=START + dt.timedelta(minutes=minutes or sequence),
        subject="key", sequence=sequence, traceparent="", topic="test", partition=0, offset=0, restated=restated,
    )  # fmt: skip


def tell(means, *facts):
    for fact, sequence in facts:
        with means.db.transaction() as session:
            HANDLES[type(fact)](session, fact, envelope(fact, sequence))


def mine(means, citizen=ME, **how):
    with means.db.transaction(readonly=True) as session:
        return errands.page(session, citizen, **how)


def letter(kind, **more):
    return kind(application_id=SUBJECT, citizen_id=ME, kind="domisili", reference="SGO-7K3M", **more)


APPLICATION = [
    (letter(applications.ApplicationSubmitted, due_on="2026-11-09"), 2),
    (letter(applications.ApplicationReturned), 3),
    (letter(applications.ApplicationSubmitted, due_on="2026-11-12", corrected=True), 4),
    (letter(applications.ApplicationApproved), 5),
]
LETTER = [(letter(letters.LetterIssued), 1), (letter(letters.LetterRevoked), 2)]


def test_a_letter_shows_where_it_stands_who_has_it_and_until_when(means):
    seen = []
    for fact in APPLICATION:
        tell(means, fact)
        (one,) = mine(means).entries
        seen.append((one.state, one.with_whom, one.due_on))
    assert seen == [
        ("submitted", "officer", "2026-11-09"), ("returned", "citizen", "2026-11-09"), ("submitted", "officer", "2026-11-12"),
        ("approved", "lurah", "2026-11-12"),
    ]  # fmt: skip
    tell(means, LETTER[0])
    (one,) = mine(means).entries
    assert (one.state, one.open, one.due_on, one.reference, one.agency) == ("issued", False, "", "SGO-7K3M", "singo")
    assert one.link == f"/permohonan/{SUBJECT}"
    assert [step.state for step in one.steps] == ["issued", "submitted", "returned", "submitted", "approved"]  # by their instants


def orders():
    """Return orders in which each topic keeps its own, and facts come up to twice."""
    merged = st.lists(st.booleans(), min_size=len(APPLICATION) + len(LETTER), max_size=12)
    return st.tuples(merged, st.lists(st.integers(0, 5), max_size=6))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders())
def test_the_time_line_is_the_same_in_whatever_order_topics_come_and_however_often(means, order):
    choices, again = order
    left = [list(APPLICATION), list(LETTER)]
    told = []
    for choice in itertools.chain(choices, itertools.repeat(False)):
        queue = left[choice] or left[not choice]
        if not queue:
            break
        told.append(queue.pop(0))
    with means.db.transaction() as session:
        session.execute(service.delete(service.ErrandRow))
    tell(means, *told, *(told[at] for at in again))
    (one,) = mine(means).entries
    assert (one.state, one.open, one.with_whom) == ("revoked", False, "")
    assert len(one.steps) == len(APPLICATION) + len(LETTER)


def complaint(kind, **more):
    fields = {field.name for field in kind.DESCRIPTOR.fields}
    whom = {"citizen_ids": [ME, OTHER]} if "citizen_ids" in fields else {"citizen_id": ME}
    return kind(complaint_id=SUBJECT, number="ADU-7K3M-92QF", category="water_leak", **whom, **more)


def test_a_report_is_its_reporters_errand_and_not_of_those_who_follow_it(means):
    tell(
        means, (complaint(complaints.ComplaintFiled, water=True, resolve_by="2026-11-05"), 1),
        (complaint(complaints.ComplaintProgressed, step="accepted", work_order_number="WO-26-000001"), 3),
    )  # fmt: skip
    (one,) = mine(means).entries
    assert (one.state, one.with_whom, one.due_on, one.reference) == ("accepted", "twuin", "2026-11-05", "ADU-7K3M-92QF")
    assert mine(means, OTHER).entries == []
    tell(means, (complaint(complaints.ComplaintResolved, outcome="repaired"), 5))
    assert mine(means, open_only=True).entries == []
    tell(means, (complaint(complaints.ComplaintReopened, water=True, resolve_by="2026-11-20"), 6))
    (one,) = mine(means, open_only=True).entries
    assert (one.state, one.due_on) == ("reopened", "2026-11-20")


def test_an_older_fact_that_comes_late_undoes_nothing_but_is_a_step(means):
    tell(means, (complaint(complaints.ComplaintFiled), 1), (complaint(complaints.ComplaintResolved), 4))
    tell(means, (complaint(complaints.ComplaintAnswered), 3))
    (one,) = mine(means).entries
    assert one.state == "resolved"
    assert [step.state for step in one.steps] == ["filed", "answered", "resolved"]


def test_a_new_connection_says_who_has_it(means):
    new = {"application_id": SUBJECT, "citizen_id": ME, "number": "SB-26-000001"}
    tell(
        means, (new_connections.NewConnectionApplied(**new, due_on="2026-11-05"), 1),
        (new_connections.NewConnectionAdvanced(**new, step="survey", with_whom="crew", due_on="2026-11-10"), 2),
    )  # fmt: skip
    assert [(e.state, e.with_whom, e.due_on, e.agency) for e in mine(means).entries] == [("survey", "crew", "2026-11-10", "twuin")]
    tell(means, (new_connections.NewConnectionOffered(**new, amount=1_500_000, bill_id="b", due_on="2026-11-24"), 3))
    assert mine(means).entries[0].with_whom == "citizen"
    assert mine(means, agency="singo").entries == []


def test_a_bill_is_an_errand_of_everybody_linked_until_it_is_paid(means):
    bill = billing.BillIssued(bill_id=SUBJECT, period="2026-10", amount=1, due_on="2026-11-20", citizen_ids=[ME, OTHER])
    tell(means, (bill, 1))
    with clock.frozen(dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC)):
        assert mine(means, OTHER).entries[0].late
    assert mine(means).entries[0].title("id") == "Tagihan air Oktober 2026"
    tell(means, (billing.BillPaid(bill_id=SUBJECT, period="2026-10", amount=1, payment_id="p"), 2))
    assert [e.state for who in (ME, OTHER) for e in mine(means, who).entries] == ["paid", "paid"]
    assert mine(means, THIRD).entries == []


def test_what_a_source_says_again_changes_nothing_and_rebuilds_what_was_lost(means):
    tell(means, *APPLICATION)
    before = mine(means).entries
    tell(means, APPLICATION[-1])
    assert mine(means).entries == before
    with means.db.transaction() as session:
        session.execute(service.delete(service.ErrandRow))
    tell(means, APPLICATION[-1])
    (one,) = mine(means).entries
    assert (one.state, one.with_whom, len(one.steps)) == ("approved", "lurah", 1)
    assert all(each.restated for each in subscriptions.subscriptions())


def test_pages_are_newest_first_and_lose_nothing(means):
    for number in range(23):
        fact = billing.BillIssued(bill_id=str(uuid.uuid4()), period="2026-10", citizen_ids=[ME])
        with means.db.transaction() as session:
            HANDLES[type(fact)](session, fact, envelope(fact, 1, minutes=1 + number // 2))
    first = mine(means, page_size=10)
    second = mine(means, page_size=10, page_token=first.next_page_token)
    third = mine(means, page_size=10, page_token=second.next_page_token)
    everything = first.entries + second.entries + third.entries
    assert len({each.id for each in everything}) == 23
    assert third.next_page_token == ""
    assert [each.updated_at for each in everything] == sorted((each.updated_at for each in everything), reverse=True)


def test_ended_errands_are_forgotten_after_two_years_and_open_ones_are_not(means):
    tell(means, *APPLICATION, LETTER[0])
    tell(means, (billing.BillIssued(bill_id=str(uuid.uuid4()), period="2026-10", citizen_ids=[ME]), 1))
    with clock.frozen(START + dt.timedelta(days=731)), means.db.transaction() as session:
        errands.purge(session)
    assert [each.kind for each in mine(means).entries] == ["bill"]


@pytest.mark.parametrize("moves", subscriptions.MOVES, ids=lambda moves: moves.fact.DESCRIPTOR.name)
def test_every_state_and_holder_has_words_in_both_languages(moves):
    states = {"{step}": {"complaint": ["joined", "scheduled", "accepted", "arrived"], "new_connection": ["survey", "installation"]}}
    for state in states.get(moves.state, {}).get(moves.kind, [moves.state]):
        assert set(texts.STATES[moves.kind][state]) == {"id", "en"}
    fields = {field.name for field in moves.fact.DESCRIPTOR.fields}
    named = {name for pattern in (moves.state, moves.with_whom) for _, name, _, _ in string.Formatter().parse(pattern) if name}
    assert named <= fields
    if moves.with_whom and not named:
        assert set(texts.WHOM[moves.with_whom]) == {"id", "en"}
