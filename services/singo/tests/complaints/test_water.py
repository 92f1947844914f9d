"""How the facts of a leak move the complaints that reported it: once, in the leak's order, each visit for itself."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_staff, as_workload
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malang.singo.v1 import complaints_events_pb2 as facts
from malang.singo.v1 import complaints_pb2 as pb
from malang.twuin.v1 import leaks_events_pb2 as leaks

LEAK, ORDER = "7d1f3a52-0000-4000-8000-000000000001", "WO-26-000123"


def stamp(at):
    made = Timestamp()
    made.FromDatetime(at)
    return made


def events(complaint):
    return [each.event for each in complaint.steps]


def opened(complaint):
    return leaks.LeakOpened(leak_id=LEAK, complaint_id=complaint.complaint_id, zone="Z1", number="KBC-26-000001")


def joined(complaint):
    return leaks.LeakJoined(leak_id=LEAK, complaint_id=complaint.complaint_id, number="KBC-26-000001", work_order_number=ORDER)


def step(name, *complaints, order=ORDER):
    ids = [each.complaint_id for each in complaints]
    return leaks.LeakProgressed(leak_id=LEAK, complaint_ids=ids, step=name, work_order_number=order, at=stamp(clock.now()))


def closed(*complaints, outcome="repaired", order=ORDER, at=None):
    ids = [each.complaint_id for each in complaints]
    return leaks.LeakClosed(leak_id=LEAK, complaint_ids=ids, outcome=outcome, work_order_number=order, at=stamp(at or clock.now()))


def reopened(*complaints, visit=2):
    return leaks.LeakReopened(leak_id=LEAK, complaint_ids=[each.complaint_id for each in complaints], visit=visit)


def story(world, *facts_, start=1):
    for sequence, fact in enumerate(facts_, start):
        world.hear(fact, sequence)


def repaired(world, complaint):
    story(world, opened(complaint), step("scheduled", complaint), step("accepted", complaint), step("arrived", complaint))
    world.hear(closed(complaint), 5)


def test_a_repaired_leak_closes_its_complaint_and_asks_for_satisfaction(world):
    leak = world.leak()
    repaired(world, leak)
    seen = world.get(leak)
    assert seen.state == pb.COMPLAINT_STATE_RESOLVED
    assert seen.water_reference == ORDER
    assert events(seen) == ["filed", "water_joined", "water_scheduled", "water_accepted", "water_arrived", "water_repaired"]
    assert {each.actor for each in seen.steps[1:]} == {"twuin"}
    assert seen.reopen_until.ToDatetime() - seen.resolved_at.ToDatetime() == dt.timedelta(days=14)
    progressed = [
        (fact.step, fact.work_order_number, list(fact.citizen_ids)) for fact, _, _ in world.facts(facts.ComplaintProgressed)
    ]
    assert progressed == [
        ("joined", "", ["citizen-a"]), ("scheduled", ORDER, ["citizen-a"]), ("accepted", ORDER, ["citizen-a"]),
        ("arrived", ORDER, ["citizen-a"]),
    ]  # fmt: skip
    ((fact, key, sequence),) = world.facts(facts.ComplaintResolved)
    assert (fact.outcome, list(fact.citizen_ids), key, sequence) == ("repaired", ["citizen-a"], leak.complaint_id, 6)
    assert fact.reopen_until == seen.reopen_until


def test_once_the_utility_has_it_the_clock_of_the_resolution_runs(world):
    with clock.frozen(dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)):
        leak = world.leak()
        assert leak.working_days_left == 1
        world.hear(opened(leak))
        seen = world.get(leak)
    assert (seen.state, seen.working_days_left) == (pb.COMPLAINT_STATE_ASSIGNED, 3)


def test_three_reports_of_one_leak_are_resolved_together_and_told_once_each(world):
    one, two, three = (world.leak(f"citizen-{each}") for each in "abc")
    story(world, opened(one), step("scheduled", one), joined(two), joined(three), step("accepted", one, two, three))
    for _ in range(2):
        world.hear(closed(one, two, three), 6)
    for who, each in (("citizen-a", one), ("citizen-b", two), ("citizen-c", three)):
        seen = world.get(each, who)
        assert (seen.state, seen.water_reference) == (pb.COMPLAINT_STATE_RESOLVED, ORDER)
        assert events(seen).count("water_joined") == events(seen).count("water_repaired") == 1
    told = sorted(person for fact, _, _ in world.facts(facts.ComplaintResolved) for person in fact.citizen_ids)
    assert told == ["citizen-a", "citizen-b", "citizen-c"]


def test_a_leak_that_was_not_found_says_so(world):
    leak = world.leak()
    story(world, opened(leak), closed(leak, outcome="not_found"))
    assert events(world.get(leak))[-1] == "water_not_found"
    assert world.facts(facts.ComplaintResolved)[0][0].outcome == "not_found"


def test_facts_that_come_twice_have_one_effect(world):
    leak = world.leak()
    told = [opened(leak), step("scheduled", leak), step("accepted", leak), step("arrived", leak), closed(leak)]
    for sequence, fact in enumerate(told, 1):
        world.hear(fact, sequence)
        world.hear(fact, sequence)
    story(world, *told)  # all of it again, as after a rebuild
    assert events(world.get(leak)) == [
        "filed", "water_joined", "water_scheduled", "water_accepted", "water_arrived", "water_repaired",
    ]  # fmt: skip
    assert len(world.facts(facts.ComplaintResolved)) == 1


def test_several_facts_of_one_change_share_its_version(world):
    leak = world.leak()
    for fact in (opened(leak), step("scheduled", leak)):
        world.hear(fact, 1)
    assert events(world.get(leak)) == ["filed", "water_joined", "water_scheduled"]


def test_an_older_fact_that_comes_late_undoes_nothing(world):
    leak = world.leak()
    story(world, opened(leak), step("scheduled", leak))
    world.hear(closed(leak), 5)
    world.hear(step("accepted", leak), 3)
    world.hear(step("arrived", leak), 4)
    seen = world.get(leak)
    assert seen.state == pb.COMPLAINT_STATE_RESOLVED
    assert events(seen) == ["filed", "water_joined", "water_scheduled", "water_repaired"]


def test_what_was_withdrawn_is_not_moved_by_its_leak(world):
    leak = world.leak()
    world.hear(opened(leak))
    with as_citizen("citizen-a"):
        world.stub.Withdraw(pb.WithdrawComplaintRequest(complaint_id=leak.complaint_id))
    ((fact, _, _),) = world.facts(facts.ComplaintWithdrawn)
    assert fact.water
    story(world, step("scheduled", leak), closed(leak), reopened(leak), start=2)
    seen = world.get(leak)
    assert seen.state == pb.COMPLAINT_STATE_WITHDRAWN
    assert events(seen) == ["filed", "water_joined", "withdrawn"]
    assert world.facts(facts.ComplaintResolved) == []


def test_a_reopened_complaint_is_a_new_visit_that_ends_for_itself(world):
    leak, other = world.leak(), world.leak("citizen-b")
    story(world, opened(leak), joined(other), step("scheduled", leak, other), closed(leak, other))
    world.reopen(leak)
    ((fact, _, _),) = world.facts(facts.ComplaintReopened)
    assert (fact.water, fact.visit) == (True, 2)
    story(world, reopened(leak, other), step("scheduled", leak, other, order="WO-26-000124"), start=5)
    seen = world.get(leak)
    assert (seen.state, seen.water_reference, seen.visits) == (pb.COMPLAINT_STATE_ASSIGNED, "WO-26-000124", 2)
    assert world.get(other, "citizen-b").state == pb.COMPLAINT_STATE_RESOLVED
    world.hear(closed(leak, other, order="WO-26-000124"), 7)
    assert events(world.get(leak))[-4:] == ["reopened", "water_joined", "water_scheduled", "water_repaired"]
    assert world.get(leak).state == pb.COMPLAINT_STATE_RESOLVED
    told = [person for fact, _, _ in world.facts(facts.ComplaintResolved) for person in fact.citizen_ids]
    assert sorted(told) == ["citizen-a", "citizen-a", "citizen-b"]


def test_the_end_of_an_earlier_visit_does_not_end_a_later_one(world):
    leak = world.leak()
    story(world, opened(leak), closed(leak))
    before = clock.now()
    world.reopen(leak)
    world.hear(closed(leak), 2)  # told again
    world.hear(closed(leak, at=before), 3)  # told as if it were new, of the time before
    assert world.get(leak).state == pb.COMPLAINT_STATE_REOPENED
    world.hear(reopened(leak), 4)
    world.hear(closed(leak), 3)  # older than what was heard
    assert world.get(leak).state == pb.COMPLAINT_STATE_ASSIGNED
    world.hear(closed(leak), 5)
    assert world.get(leak).state == pb.COMPLAINT_STATE_RESOLVED


def test_a_leak_moves_no_complaint_that_is_not_of_water_and_none_that_is_not_there(world):
    road = world.file()
    fact = closed(road)
    fact.complaint_ids.extend(["x", LEAK])
    world.hear(fact)
    assert world.get(road).version == 1


def test_a_step_that_no_contract_knows_is_an_error_and_not_skipped(world):
    leak = world.leak()
    with pytest.raises(ValueError, match="teleported"):
        world.hear(step("teleported", leak))
    with pytest.raises(ValueError, match="vanished"):
        world.hear(closed(leak, outcome="vanished"), 2)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heard=st.lists(st.integers(0, 4), max_size=14))
def test_whatever_is_told_again_or_late_no_step_doubles_and_the_end_is_told_once(world, heard):
    number = next(TELLINGS)
    leak = world.leak()
    whole = [opened(leak), step("scheduled", leak), step("accepted", leak), step("arrived", leak), closed(leak)]
    for fact in whole:
        fact.leak_id = f"{LEAK}-{number}"
    for place in (*heard, 4):
        world.hear(whole[place], place + 1)
    seen = world.get(leak)
    assert len(set(events(seen))) == len(events(seen))
    assert events(seen)[-1] == "water_repaired"
    assert seen.state == pb.COMPLAINT_STATE_RESOLVED
    ends = [fact for fact, key, _ in world.facts(facts.ComplaintResolved) if key == leak.complaint_id]
    assert len(ends) == 1


TELLINGS = itertools.count()


def test_the_crew_s_service_fetches_photos_of_water_and_each_view_is_told(world):
    leak, road = world.leak(photos=[world.picture()]), world.file(photos=[world.picture()])
    asked = pb.FetchPhotoRequest(complaint_id=leak.complaint_id, photo_id=leak.photos[0].photo_id)
    with as_workload("twuin"):
        assert world.stub.FetchPhoto(asked).content.startswith(b"\xff\xd8\xff")
        world.stub.FetchPhoto(asked)
        for complaint, photo in ((road, road), (leak, road)):
            with pytest.raises(rpc.Failure) as failed:
                world.stub.FetchPhoto(pb.FetchPhotoRequest(complaint_id=complaint.complaint_id, photo_id=photo.photos[0].photo_id))
            assert failed.value.kind == "not_found"
    for who in (as_workload("gateway"), as_citizen("citizen-a"), as_staff(roles=["crew"])):
        with who, pytest.raises(rpc.Failure) as failed:
            world.stub.FetchPhoto(asked)
        assert failed.value.kind == "denied"
    said = [fact for fact, _, _ in world.facts(facts.ComplainantViewed)]
    assert [(each.citizen_id, each.viewer_id, each.purpose, each.subject_kind) for each in said] == [
        ("citizen-a", "twuin", "complaint", "photo")
    ] * 2
