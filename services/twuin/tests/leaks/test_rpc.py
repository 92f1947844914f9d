from __future__ import annotations

import datetime as dt
import uuid

import pytest
from chassis import clock
from chassis.rpc import Failure
from chassis.testing import as_citizen, as_staff, serve
from malang.twuin.v1 import leaks_pb2 as pb
from malang.twuin.v1 import leaks_pb2_grpc
from twuin.leaks import rpc

from services.twuin.tests.leaks.conftest import HERE
from services.twuin.tests.waterworks import NOW

ELSEWHERE = (-7.918, 112.656)  # Balearjosari
AS_OPERATOR = {"roles": ("operator",), "subject": "rosa"}


@pytest.fixture
def fetched():
    return []


@pytest.fixture
def calls(city, fetched):
    def fetch(complaint_id, photo_id):
        fetched.append((str(complaint_id), photo_id))
        return "image/jpeg", b"a citizen's photo"

    with serve(rpc.served(city.db, fetch)) as upstream:
        yield upstream.stub(leaks_pb2_grpc.LeaksStub)


def refusal(call, request) -> Failure:
    with pytest.raises(Failure) as wrong:
        call(request)
    return wrong.value


def test_the_board_shows_open_leaks_by_age_and_zone(calls, city):
    city.report(resolve_by="2026-11-20")
    with clock.frozen(NOW + dt.timedelta(hours=5)):
        city.report(ELSEWHERE, kelurahan="35.73.01.1001")
        city.report(None, kelurahan="35.73.01.1001")
    with clock.frozen(NOW + dt.timedelta(hours=7)), as_staff(**AS_OPERATOR):
        board = calls.Board(pb.LeakBoardRequest())
        one_zone = calls.Board(pb.LeakBoardRequest(zone="Z01"))
    assert [(leak.zone, leak.age_hours, leak.late, leak.positioned) for leak in board.leaks] == [
        ("Z06", 7, True, True), ("Z01", 2, False, True), ("Z01", 2, False, False),
    ]  # fmt: skip
    assert board.leaks[2].latitude == pytest.approx(-7.918)  # in the middle of its kelurahan
    counts = {zone.zone: (zone.open, zone.late, zone.oldest_hours) for zone in board.zones}
    assert len(counts) == 11
    assert (counts["Z06"], counts["Z01"], counts["Z02"]) == ((1, 1, 7), (2, 0, 2), (0, 0, 0))
    assert len(one_zone.leaks) == 2


def test_the_board_says_that_nothing_has_changed(calls, city):
    city.report()
    with as_staff(**AS_OPERATOR):
        board = calls.Board(pb.LeakBoardRequest())
        again = calls.Board(pb.LeakBoardRequest(etag=board.etag))
        assert (again.unchanged, again.etag, len(again.leaks)) == (True, board.etag, 0)
        assert not calls.Board(pb.LeakBoardRequest(etag=board.etag, zone="Z06")).unchanged
        city.report()
        assert not calls.Board(pb.LeakBoardRequest(etag=board.etag)).unchanged
        with clock.frozen(NOW + dt.timedelta(hours=1)):
            assert not calls.Board(pb.LeakBoardRequest(etag=board.etag)).unchanged


def test_what_was_closed_lately_is_shown_when_asked(calls, city):
    city.report()
    city.crew("accept", "arrive", "repaired")
    city.pump()
    with as_staff(**AS_OPERATOR):
        assert len(calls.Board(pb.LeakBoardRequest()).leaks) == 0
        [closed] = calls.Board(pb.LeakBoardRequest(closed_too=True)).leaks
        assert closed.state == pb.LEAK_STATE_REPAIRED
        with clock.frozen(NOW + dt.timedelta(days=8)):
            assert len(calls.Board(pb.LeakBoardRequest(closed_too=True)).leaks) == 0


def test_a_leak_has_its_reports_and_its_steps(calls, city):
    one, two = city.report(photos=("p-1",)), city.report()
    gone = city.report()
    city.withdraw(gone)
    city.crew("accept")
    city.pump()
    with as_staff(roles=("water_cs",)):
        [line] = calls.Board(pb.LeakBoardRequest()).leaks
        leak = calls.Get(pb.GetLeakRequest(leak_id=line.leak_id))
    assert [(each.complaint_id, list(each.photo_ids)) for each in leak.reports] == [(one, ["p-1"]), (two, [])]
    assert [each.event for each in leak.steps] == [
        "opened", "scheduled", "assigned", "joined", "joined", "report_withdrawn", "accepted",
    ]  # fmt: skip
    assert (leak.crew, leak.work_order_number, leak.state) == ("Regu Timur", "WO-26-000001", pb.LEAK_STATE_IN_WORK)


def test_a_photo_of_a_report_is_fetched_and_any_other_is_not(calls, city, fetched):
    complaint = city.report(photos=("p-1",))
    with as_staff(**AS_OPERATOR):
        [leak] = calls.Board(pb.LeakBoardRequest()).leaks
        got = calls.GetPhoto(pb.GetLeakPhotoRequest(leak_id=leak.leak_id, photo_id="p-1"))
        assert got.content == b"a citizen's photo"
        other = pb.GetLeakPhotoRequest(leak_id=leak.leak_id, photo_id="p-2")
        assert refusal(calls.GetPhoto, other).code == "leak_photo_not_found"
    assert fetched == [(complaint, "p-1")]


def test_leaks_are_for_the_desk_and_within_its_areas(calls, city):
    city.report(HERE, photos=("p-1",))
    leak_id = str(city.leaks()[0].leak_id)
    requests = (
        (calls.Get, pb.GetLeakRequest(leak_id=leak_id)),
        (calls.GetPhoto, pb.GetLeakPhotoRequest(leak_id=leak_id, photo_id="p-1")),
    )
    for call, request in (*requests, (calls.Board, pb.LeakBoardRequest())):
        for caller in (as_citizen("A"), as_staff(roles=("crew",)), as_staff(roles=("officer",))):
            with caller:
                assert refusal(call, request).kind == "denied"
    with as_staff(roles=("operator",), areas=("35.73.01.1001",)):
        for call, request in requests:
            assert refusal(call, request).kind == "not_found"
        board = calls.Board(pb.LeakBoardRequest())
        assert (len(board.leaks), sum(zone.open for zone in board.zones)) == (0, 0)
    with as_staff(**AS_OPERATOR):
        assert refusal(calls.Get, pb.GetLeakRequest(leak_id=str(uuid.uuid4()))).kind == "not_found"
        assert refusal(calls.Get, pb.GetLeakRequest(leak_id="x")).kind == "not_found"
