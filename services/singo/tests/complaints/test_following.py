"""What everyone sees of complaints, and citizens who follow somebody else's."""

from __future__ import annotations

import datetime as dt

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_guest, as_nobody
from malang.singo.v1 import complaints_events_pb2 as facts
from malang.singo.v1 import complaints_pb2 as pb
from singo.complaints import following

MONDAY = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)


def public(world, complaint):
    return world.stub.GetPublic(pb.GetPublicRequest(number=complaint.number))


def follow(world, complaint, who="citizen-b"):
    with as_citizen(who):
        return world.stub.Follow(pb.FollowRequest(number=complaint.number))


def test_the_public_page_has_a_coarse_place_the_office_s_words_and_no_person(world):
    filed = world.file("guest-1", acting=as_guest, address="Jl. Danau Toba No. 5", photos=[world.picture()])
    with world.officer():
        world.stub.Answer(pb.AnswerComplaintRequest(complaint_id=filed.complaint_id, text="Dijadwalkan Kamis."))
    world.resolve(filed, text="Sudah ditambal.")
    with as_guest("guest-1"):
        world.stub.Reopen(pb.ReopenComplaintRequest(complaint_id=filed.complaint_id, reason="Rumah Bu Siti masih tergenang."))
    with as_nobody():
        seen = public(world, filed)
    assert (seen.position.latitude, seen.position.longitude) == (-7.973, 112.659)
    assert [(each.event, each.actor, each.note) for each in seen.steps] == [
        ("filed", "citizen", ""), ("answered", "officer", "Dijadwalkan Kamis."), ("resolved", "officer", "Sudah ditambal."),
        ("reopened", "citizen", ""),
    ]  # fmt: skip
    assert (seen.mine, seen.following, seen.complaint_id) == (False, False, "")
    raw = seen.SerializeToString()
    for secret in (
        b"Aspal",
        b"Danau",
        b"Siti",
        b"guest",
        b"officer-1",
        filed.complaint_id.encode(),
        filed.photos[0].photo_id.encode(),
    ):
        assert secret not in raw


def test_a_number_is_found_however_it_is_typed_and_none_other(world):
    filed = world.file()
    with as_nobody():
        for typed in (filed.number, filed.number.lower(), filed.number.replace("-", " "), filed.number[4:]):
            assert world.stub.GetPublic(pb.GetPublicRequest(number=typed)).number == filed.number
        for typed in ("", "ADU-", "ADU-2222-2222", "%", "x" * 5000):
            with pytest.raises(rpc.Failure) as failed:
                world.stub.GetPublic(pb.GetPublicRequest(number=typed))
            assert failed.value.kind == "not_found"


def test_the_reporter_sees_that_it_is_theirs(world):
    filed = world.file()
    with as_citizen("citizen-a"):
        assert (public(world, filed).mine, public(world, filed).complaint_id) == (True, filed.complaint_id)
        (listed,) = world.stub.ListPublic(pb.ListPublicRequest()).complaints
    assert listed.mine
    with as_citizen("citizen-b"):
        assert not public(world, filed).mine


def test_the_list_is_newest_first_filtered_and_without_what_was_withdrawn(world):
    filed = []
    for hour, how in enumerate(({}, {"category": "tree"}, {"kelurahan": "35.73.03.1007"}, {})):
        with clock.frozen(MONDAY + dt.timedelta(hours=hour)):
            filed.append(world.file(**how).number)
            gone = world.file()
    with as_citizen("citizen-a"):
        for each in world.stub.ListMine(pb.ListMyComplaintsRequest(page_size=100)).complaints:
            if each.number not in filed:
                world.stub.Withdraw(pb.WithdrawComplaintRequest(complaint_id=each.complaint_id))
    with world.officer(areas=("*",)):
        world.stub.Resolve(pb.ResolveComplaintRequest(complaint_id=_id_of(world, filed[3]), text="Sudah."))

    def listed(**how):
        seen, token = [], ""
        while True:
            page = world.stub.ListPublic(pb.ListPublicRequest(page_size=2, page_token=token, **how))
            seen += [each.number for each in page.complaints]
            if not (token := page.next_page_token):
                return seen

    with as_nobody():
        assert gone.number not in listed()
        assert listed() == filed[::-1]
        assert listed(category="tree") == [filed[1]]
        assert listed(kelurahan="35.73.03.1007") == [filed[2]]
        assert listed(open_only=True) == filed[2::-1]
        for nothing in ("dragons", "\0", "'", "x" * 5000):
            assert listed(category=nothing) == listed(kelurahan=nothing) == []


def _id_of(world, number):
    (found,) = world.stub.Queue(pb.ComplaintQueueRequest(number=number)).complaints
    return found.complaint_id


def test_a_follower_is_told_like_the_reporter_until_they_stop(world):
    filed = world.file()
    assert follow(world, filed).following
    assert follow(world, filed).followers == 1
    follow(world, filed, "citizen-c")
    world.assign(filed)
    with as_citizen("citizen-c"):
        left = world.stub.Unfollow(pb.UnfollowRequest(number=filed.number))
        assert world.stub.Unfollow(pb.UnfollowRequest(number=filed.number)).followers == 1
    assert not left.following
    world.resolve(filed)
    ((assigned, _, _),), ((resolved, _, _),) = world.facts(facts.ComplaintAssigned), world.facts(facts.ComplaintResolved)
    assert list(assigned.citizen_ids) == ["citizen-a", "citizen-b", "citizen-c"]
    assert list(resolved.citizen_ids) == ["citizen-a", "citizen-b"]


def test_one_s_own_is_not_followed(world):
    filed = world.file()
    with pytest.raises(rpc.Failure) as failed:
        follow(world, filed, "citizen-a")
    assert (failed.value.kind, failed.value.code) == ("refused", "your_own")


def test_a_follower_still_reads_nothing_that_is_the_reporter_s(world):
    filed = world.file()
    follow(world, filed)
    with as_citizen("citizen-b"), pytest.raises(rpc.Failure) as failed:
        world.stub.Get(pb.GetComplaintRequest(complaint_id=filed.complaint_id))
    assert failed.value.kind == "not_found"


def test_what_one_follows_is_listed_last_followed_first(world):
    filed = [world.file() for _ in range(3)]
    for hour, each in enumerate(filed):
        with clock.frozen(MONDAY + dt.timedelta(hours=hour)):
            follow(world, each)
    with as_citizen("citizen-b"):
        first = world.stub.ListFollowed(pb.ListFollowedRequest(page_size=2))
        rest = world.stub.ListFollowed(pb.ListFollowedRequest(page_size=2, page_token=first.next_page_token))
    assert [each.number for each in (*first.complaints, *rest.complaints)] == [each.number for each in reversed(filed)]
    assert all(each.following for each in first.complaints)
    with as_citizen("citizen-c"):
        assert not world.stub.ListFollowed(pb.ListFollowedRequest()).complaints


def test_no_more_follow_than_can_be_told(world, monkeypatch):
    monkeypatch.setattr(following, "MOST", 1)
    filed = world.file()
    follow(world, filed)
    follow(world, filed)
    with pytest.raises(rpc.Failure) as failed:
        follow(world, filed, "citizen-c")
    assert failed.value.code == "too_many_followers"
