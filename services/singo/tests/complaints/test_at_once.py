"""Several people at the same complaint at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from chassis import rpc
from chassis.testing import as_citizen, with_key
from malang.singo.v1 import complaints_events_pb2 as facts
from malang.singo.v1 import complaints_pb2 as pb
from malang.twuin.v1 import leaks_events_pb2 as leaks


def outcome(work):
    """Return what a call gave, or the code of its failure."""
    try:
        return work()
    except rpc.Failure as failure:
        return failure.code


def at_once(*works):
    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(outcome, work) for work in works]]


def test_one_of_two_officers_gets_it(world):
    filed = world.file()
    found = at_once(*(lambda who=who: world.assign(filed, subject=who) for who in ("officer-1", "officer-2")))
    (lost,) = [each for each in found if isinstance(each, str)]
    assert lost == "somebody_else_has_it"
    ((fact, _, _),) = world.facts(facts.ComplaintAssigned)
    assert fact.complaint_id == filed.complaint_id


def test_every_follower_is_counted_once(world):
    filed = world.file()

    def follow(who):
        with as_citizen(who):
            return world.stub.Follow(pb.FollowRequest(number=filed.number))

    at_once(*(lambda who=f"citizen-{each % 5}0": follow(who) for each in range(10)))
    assert world.get(filed).followers == 5
    world.assign(filed)
    ((fact, _, _),) = world.facts(facts.ComplaintAssigned)
    assert sorted(fact.citizen_ids) == sorted({"citizen-a", *(f"citizen-{each}0" for each in range(5))})


def test_the_same_filing_sent_at_once_is_written_down_once(world):
    def file():
        with with_key("k1"):
            return world.file()

    found = at_once(*[file] * 6)
    assert {each for each in found if isinstance(each, str)} <= {"in_flight"}
    assert len({each.number for each in found if not isinstance(each, str)}) == 1
    assert len(world.facts(facts.ComplaintFiled)) == 1


def test_a_withdrawal_and_the_end_of_the_leak_meet_and_one_of_them_is_the_end(world):
    for sequence in range(1, 6):
        leak = world.leak()
        closed = leaks.LeakClosed(leak_id=f"leak-{sequence}", complaint_ids=[leak.complaint_id], outcome="repaired")

        def withdraw(leak=leak):
            with as_citizen("citizen-a"):
                return world.stub.Withdraw(pb.WithdrawComplaintRequest(complaint_id=leak.complaint_id))

        answer, _ = at_once(withdraw, lambda closed=closed, sequence=sequence: world.hear(closed, sequence))
        seen = world.get(leak)
        if answer == "not_now":
            assert (seen.state, seen.steps[-1].event) == (pb.COMPLAINT_STATE_RESOLVED, "water_repaired")
        else:
            assert (seen.state, seen.steps[-1].event) == (pb.COMPLAINT_STATE_WITHDRAWN, "withdrawn")
        assert len(seen.steps) == 2
