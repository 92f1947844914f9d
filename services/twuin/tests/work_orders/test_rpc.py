from __future__ import annotations

import datetime as dt
import io
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chassis import clock
from chassis.principal import Principal
from chassis.rpc import Failure, Server, Upstream, access, workload
from chassis.rpc.rules import Served
from chassis.testing import as_citizen, as_staff, minter, verifier, with_key
from malang.gateway.v1.identity_events_pb2 import StaffEnded
from malang.singo.v1 import complaints_pb2, complaints_pb2_grpc
from malang.twuin.v1 import work_orders_events_pb2 as facts
from malang.twuin.v1 import work_orders_pb2 as pb
from malang.twuin.v1.connections_events_pb2 import HolderViewed
from PIL import Image
from twuin import work_orders
from twuin.work_orders import Kind, jobs, rpc, subscriptions
from twuin.work_orders.photos import Album

from services.twuin.tests.waterworks import NOW
from services.twuin.tests.work_orders.conftest import HERE, as_crew, photo

NOBODYS = str(uuid.uuid4())
AS_OPERATOR = {"roles": ("operator",), "subject": "rosa"}


def refusal(call, request) -> Failure:
    with pytest.raises(Failure) as wrong:
        call(request)
    return wrong.value


def begin(calls, order, subject="ani"):
    with as_crew(subject):
        calls.Accept(pb.AcceptWorkOrderRequest(work_order_id=str(order.work_order_id)))
        return calls.Arrive(pb.ArriveWorkOrderRequest(work_order_id=str(order.work_order_id), latitude=HERE[0], longitude=HERE[1]))


def repaired(order):
    return pb.CompleteWorkOrderRequest(work_order_id=str(order.work_order_id), outcome="repaired", note="pipa diganti")


def test_a_crew_takes_an_order_from_its_list_to_its_end(calls, crewed, make):
    order = make()
    with as_crew():
        [listed] = calls.ListMine(pb.ListMyWorkOrdersRequest()).work_orders
        assert (listed.number, listed.state, listed.mine, listed.late) == ("WO-26-000001", pb.WORK_STATE_ASSIGNED, False, False)
        accepted = calls.Accept(pb.AcceptWorkOrderRequest(work_order_id=listed.work_order_id))
        assert (accepted.state, accepted.mine) == (pb.WORK_STATE_ACCEPTED, True)
        assert refusal(calls.Complete, repaired(order)).code == "not_arrived"
        arrived = calls.Arrive(pb.ArriveWorkOrderRequest(work_order_id=listed.work_order_id))
        assert arrived.state == pb.WORK_STATE_ARRIVED
        used = [pb.Material(code="repair_clamp", quantity=2), pb.Material(code="pipe_20", quantity=6)]
        used_by = calls.SetMaterials(pb.SetMaterialsRequest(work_order_id=listed.work_order_id, materials=used))
        assert [(each.code, each.quantity) for each in used_by.materials] == [("pipe_20", 6), ("repair_clamp", 2)]
        done = calls.Complete(repaired(order))
        assert (done.state, done.outcome, done.note) == (pb.WORK_STATE_COMPLETED, "repaired", "pipa diganti")
        assert [each.event for each in done.steps] == ["created", "assigned", "accepted", "arrived", "materials", "repaired"]
        assert {each.actor for each in done.steps} == {"system", "crew"}
        assert not calls.ListMine(pb.ListMyWorkOrdersRequest()).work_orders
        [over] = calls.ListMine(pb.ListMyWorkOrdersRequest(completed=True)).work_orders
        assert over.work_order_id == listed.work_order_id
        assert refusal(calls.Arrive, pb.ArriveWorkOrderRequest(work_order_id=listed.work_order_id)).code == "work_order_ended"
    [said] = crewed.facts(facts.WorkOrderCompleted)
    assert (said.outcome, said.kind, said.subject_id, said.staff_id) == ("repaired", "leak", str(order.subject_id), "ani")
    assert len(crewed.facts(facts.WorkOrderAccepted)) == len(crewed.facts(facts.WorkOrderArrived)) == 1


@pytest.mark.parametrize("method", ["Get", "Accept", "Arrive", "AddPhoto", "GetPhoto", "SetMaterials", "Complete"])
def test_another_crews_order_is_not_there(calls, make, method):
    order = make()
    begin(calls, order)
    kind = {
        "Get": pb.GetWorkOrderRequest, "Accept": pb.AcceptWorkOrderRequest, "Arrive": pb.ArriveWorkOrderRequest,
        "AddPhoto": pb.AddWorkPhotoRequest, "GetPhoto": pb.GetWorkPhotoRequest, "SetMaterials": pb.SetMaterialsRequest,
        "Complete": pb.CompleteWorkOrderRequest,
    }[method]  # fmt: skip
    for work_order_id in (str(order.work_order_id), NOBODYS, "no id"):
        with as_crew("dedi", "Regu Barat"):
            assert refusal(getattr(calls, method), kind(work_order_id=work_order_id)).kind == "not_found"
        with as_crew("ani", ""):  # an account without an office
            assert refusal(getattr(calls, method), kind(work_order_id=work_order_id)).kind == "not_found"
    with as_citizen("A"):
        assert refusal(getattr(calls, method), kind(work_order_id=str(order.work_order_id))).kind == "denied"
    with as_crew("dedi", "Regu Barat"):
        assert not calls.ListMine(pb.ListMyWorkOrdersRequest()).work_orders


def test_of_two_who_accept_at_once_one_has_it(calls, crewed, make):
    order, start = make(), threading.Barrier(4)

    def accept(who):
        with as_crew(who):
            start.wait()
            try:
                return calls.Accept(pb.AcceptWorkOrderRequest(work_order_id=str(order.work_order_id))).mine
            except Failure as wrong:
                return wrong.code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(accept, ["ani", "budi", "cici", "dedi"]))
    assert sorted(map(str, answers)) == ["True", *["already_accepted"] * 3]
    assert len(crewed.facts(facts.WorkOrderAccepted)) == 1


def test_only_who_accepted_goes_on(calls, make):
    order = make()
    begin(calls, order)
    for request, call in (
        (repaired(order), calls.Complete),
        (pb.ArriveWorkOrderRequest(work_order_id=str(order.work_order_id)), calls.Arrive),
        (pb.AddWorkPhotoRequest(work_order_id=str(order.work_order_id), content=photo()), calls.AddPhoto),
        (pb.SetMaterialsRequest(work_order_id=str(order.work_order_id)), calls.SetMaterials),
    ):
        with as_crew("budi"):
            assert refusal(call, request).kind == "conflict"


def test_a_key_used_twice_has_one_effect(calls, crewed, make):
    order = make()
    begin(calls, order)
    with as_crew(), with_key("k-1"):
        first = calls.Complete(repaired(order))
    with as_crew(), with_key("k-1"):
        assert calls.Complete(repaired(order)) == first
    assert len(crewed.facts(facts.WorkOrderCompleted)) == 1


def test_a_photo_is_stored_without_what_it_told_of_its_place(calls, crewed, make, tmp_path):
    order = make()
    begin(calls, order)
    with as_crew():
        shown = calls.AddPhoto(
            pb.AddWorkPhotoRequest(work_order_id=str(order.work_order_id), file_name="../../x.svg", content=photo() + b"<script>")
        )
        assert (
            len(calls.AddPhoto(pb.AddWorkPhotoRequest(work_order_id=str(order.work_order_id), content=photo((20, 20)))).photos) == 2
        )
        got = calls.GetPhoto(pb.GetWorkPhotoRequest(work_order_id=str(order.work_order_id), photo_id=shown.photos[0].photo_id))
        missing = pb.GetWorkPhotoRequest(work_order_id=str(order.work_order_id), photo_id=NOBODYS)
        assert refusal(calls.GetPhoto, missing).code == "work_photo_not_found"
    assert got.media_type == "image/jpeg"
    assert Image.open(io.BytesIO(got.content)).size == (64, 48)
    assert b"where I live" not in got.content
    assert b"<script>" not in got.content
    stored = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(stored) == 2
    assert all(b"JFIF" not in path.read_bytes() for path in stored)
    with as_staff(**AS_OPERATOR):
        assert (
            calls.GetPhoto(pb.GetWorkPhotoRequest(work_order_id=str(order.work_order_id), photo_id=shown.photos[0].photo_id)) == got
        )
    with as_staff(roles=("operator",), areas=("35.73.01.1001",)):
        elsewhere = pb.GetWorkPhotoRequest(work_order_id=str(order.work_order_id), photo_id=shown.photos[0].photo_id)
        assert refusal(calls.GetPhoto, elsewhere).kind == "not_found"


def test_photos_are_six_at_most_and_pictures(calls, make):
    order = make()
    begin(calls, order)
    with as_crew():
        wrong = refusal(calls.AddPhoto, pb.AddWorkPhotoRequest(work_order_id=str(order.work_order_id), content=b"<svg/>"))
        assert [(error.field, error.code) for error in wrong.fields] == [("content", "type")]
        same = photo()
        for place in range(6):
            sent = pb.AddWorkPhotoRequest(work_order_id=str(order.work_order_id), content=photo((30 + place, 30)))
            assert len(calls.AddPhoto(sent).photos) == place + 1
        assert (
            refusal(calls.AddPhoto, pb.AddWorkPhotoRequest(work_order_id=str(order.work_order_id), content=same)).code
            == "too_many_photos"
        )


def test_a_stored_photo_that_no_row_names_is_forgotten_after_a_day(calls, crewed, make, tmp_path):
    order = make()
    begin(calls, order)
    with as_crew():
        calls.AddPhoto(pb.AddWorkPhotoRequest(work_order_id=str(order.work_order_id), content=photo()))
    album = crewed.parts.album
    album.store(order.work_order_id, photo((33, 33)))
    assert jobs.forget_unused_photos(crewed.db, album) == 0
    for file in album.files.under("work"):
        os.utime(tmp_path / "files" / file.path, ((NOW - dt.timedelta(days=2)).timestamp(),) * 2)
    assert jobs.forget_unused_photos(crewed.db, album) == 1
    assert len(list(album.files.under("work"))) == 1


class Singo(complaints_pb2_grpc.ComplaintsServicer):
    """A stand-in for the other agency: it hands out one photo to twuin, and knows who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    @access(workload("twuin"))
    def FetchPhoto(self, request, context):  # noqa: N802 - the contract's name
        self.asked.append((request.complaint_id, request.photo_id))
        if request.photo_id == "gone":
            from chassis.errors import NotFound

            raise NotFound
        return complaints_pb2.PhotoContent(photo=complaints_pb2.Photo(media_type="image/jpeg"), content=b"jpeg of a citizen")


def test_a_citizens_photo_comes_from_singo_and_its_absence_stops_no_work(crewed, make):
    from chassis.testing import serve
    from malang.twuin.v1.work_orders_pb2_grpc import WorkOrdersStub

    order, complaint, singo = make(), uuid.uuid4(), Singo()
    with crewed.db.transaction() as session:
        photos = [work_orders.ReportedPhoto(name, complaint, NOW) for name in ("p-1", "gone")]
        work_orders.note_reports(session, order.work_order_id, 2, photos)
    server = Server(
        [Served(complaints_pb2_grpc.add_ComplaintsServicer_to_server, singo, "malang.singo.v1.Complaints")], verifier("singo")
    )
    own = Principal("twuin", "workload")
    peer = Upstream(f"127.0.0.1:{server.start()}", "singo", token=lambda audience: minter().mint(own, audience))
    album = Album(crewed.parts.vault, crewed.parts.files, lambda: peer)
    try:
        with serve(rpc.served(crewed.db, album)) as upstream, as_crew():
            calls = upstream.stub(WorkOrdersStub)
            shown = calls.Get(pb.GetWorkOrderRequest(work_order_id=str(order.work_order_id)))
            assert shown.reports == 2
            assert [each.of_citizen for each in shown.photos] == [True, True]
            wanted = pb.GetWorkPhotoRequest(work_order_id=str(order.work_order_id), photo_id="p-1")
            assert calls.GetPhoto(wanted).content == b"jpeg of a citizen"
            assert singo.asked == [(str(complaint), "p-1")]
            gone = pb.GetWorkPhotoRequest(work_order_id=str(order.work_order_id), photo_id="gone")
            assert refusal(calls.GetPhoto, gone).code == "work_photo_not_found"
            server.stop(0)
            away = refusal(calls.GetPhoto, wanted)
            assert (away.kind, away.code) == ("unavailable", "photo_away")
            assert "Singo" in away.id
            assert "Singo" in away.en
            begin(calls, order)
            with as_crew():
                assert calls.Complete(repaired(order)).outcome == "repaired"
    finally:
        peer.close()
        server.stop(0)


def test_without_a_key_of_its_own_twuin_says_that_the_photo_is_away(calls, crewed, make):
    order = make()
    with crewed.db.transaction() as session:
        work_orders.note_reports(session, order.work_order_id, 1, [work_orders.ReportedPhoto("p-1", uuid.uuid4(), NOW)])
    with as_crew():
        wanted = pb.GetWorkPhotoRequest(work_order_id=str(order.work_order_id), photo_id="p-1")
        assert refusal(calls.GetPhoto, wanted).code == "photo_away"


def test_an_address_is_read_by_who_accepted_and_its_person_is_told(calls, crewed, make):
    order = make(kind=Kind.SURVEY, place="Jl. Danau Toba No. 7", citizen_id="A")
    wanted = pb.GetWorkOrderRequest(work_order_id=str(order.work_order_id))
    with as_crew():
        assert calls.Get(wanted).place == ""
        assert calls.Accept(pb.AcceptWorkOrderRequest(work_order_id=str(order.work_order_id))).place == ""
        assert crewed.facts(HolderViewed) == []
        assert calls.Get(wanted).place == "Jl. Danau Toba No. 7"
    with as_crew("budi"):
        assert calls.Get(wanted).place == ""
    with as_staff(**AS_OPERATOR):
        assert calls.Open(pb.OpenWorkOrderRequest(work_order_id=str(order.work_order_id))).place == "Jl. Danau Toba No. 7"
    first, second = crewed.facts(HolderViewed)
    assert (first.citizen_id, first.viewer_id, first.viewer_role, first.subject_kind) == ("A", "ani", "crew", "work_order")
    assert (second.viewer_id, second.viewer_role, second.office) == ("rosa", "operator", "")


def test_an_installation_takes_a_serial_that_no_other_meter_has(calls, crewed, make):
    one = crewed.connect()
    order = make(kind=Kind.INSTALL)
    begin(calls, order)

    def complete(serial):
        install = pb.InstallResult(meter_serial=serial, seal="SG-1", first_reading=0, latitude=HERE[0], longitude=HERE[1])
        return pb.CompleteWorkOrderRequest(work_order_id=str(order.work_order_id), outcome="installed", install=install)

    with as_crew():
        taken = refusal(calls.Complete, complete(crewed.serial(one)))
        assert [(error.field, error.code) for error in taken.fields] == [("install.meter_serial", "taken")]
        assert calls.Complete(complete("tt-9999")).install.meter_serial == "TT-9999"
    with crewed.db.transaction() as session:
        assert work_orders.get(session, order.work_order_id).installation.seal == "SG-1"


def test_a_survey_is_kept_as_it_was_found(calls, crewed, make):
    order = make(kind=Kind.SURVEY)
    begin(calls, order)
    found = pb.SurveyResult(pipe_distance_m=18, pipe_diameter_mm=20, feasible=True, latitude=HERE[0], longitude=HERE[1])
    with as_crew():
        done = calls.Complete(
            pb.CompleteWorkOrderRequest(work_order_id=str(order.work_order_id), outcome="surveyed", survey=found)
        )  # fmt: skip
    assert done.survey == found
    with crewed.db.transaction() as session:
        kept = work_orders.get(session, order.work_order_id)
    assert (kept.survey.pipe_distance_m, kept.survey.feasible, kept.installation, kept.open) == (18, True, None, False)


def test_the_operator_lists_opens_and_gives_to_another_crew(calls, crewed, make):
    order, other = make(), make(zone="Z08", kind=Kind.SURVEY)
    begin(calls, order)
    with as_staff(**AS_OPERATOR):
        assert calls.List(pb.ListWorkOrdersRequest()).total == 2
        assert [each.number for each in calls.List(pb.ListWorkOrdersRequest(kind=pb.WORK_KIND_SURVEY)).work_orders] == [
            other.number
        ]
        assert [each.number for each in calls.List(pb.ListWorkOrdersRequest(crew="Regu Timur")).work_orders] == [order.number]
        assert calls.List(pb.ListWorkOrdersRequest(state=pb.WORK_STATE_COMPLETED)).total == 0
        moved = calls.AssignCrew(pb.AssignCrewRequest(work_order_id=str(order.work_order_id), crew="Regu Barat"))
        assert (moved.state, moved.crew) == (pb.WORK_STATE_ASSIGNED, "Regu Barat")
        wrong = refusal(calls.AssignCrew, pb.AssignCrewRequest(work_order_id=str(order.work_order_id), crew="Regu Lain"))
        assert [error.field for error in wrong.fields] == ["crew"]
        crews = calls.ListCrews(pb.ListCrewsRequest())
        assert {crew.name: crew.open_orders for crew in crews.crews} == {"Regu Barat": 2, "Regu Timur": 0, "Regu Utara": 0}
        assert "pipe_20" in crews.material_codes
    with as_crew():
        assert refusal(calls.Complete, repaired(order)).kind == "not_found"
    with as_staff(roles=("water_cs",)):
        assert (
            refusal(calls.AssignCrew, pb.AssignCrewRequest(work_order_id=str(order.work_order_id), crew="Regu Timur")).kind
            == "denied"
        )


def test_staff_of_another_area_do_not_find_it(calls, make):
    order = make()
    with as_staff(roles=("operator",), areas=("35.73.01.1001",)):
        assert calls.List(pb.ListWorkOrdersRequest()).total == 0
        assert refusal(calls.Open, pb.OpenWorkOrderRequest(work_order_id=str(order.work_order_id))).kind == "not_found"
        assert (
            refusal(calls.AssignCrew, pb.AssignCrewRequest(work_order_id=str(order.work_order_id), crew="Regu Barat")).kind
            == "not_found"
        )


def test_lists_are_read_page_by_page_whatever_comes_between(calls, make):
    made = {make(due_on=dt.date(2026, 11, 25 + place % 3)).number for place in range(7)}
    seen, token = [], ""
    with as_crew():
        while True:
            page = calls.ListMine(pb.ListMyWorkOrdersRequest(page_size=3, page_token=token))
            seen += page.work_orders
            token = page.next_page_token
            if not token:
                break
            make(due_on=dt.date(2026, 11, 1))  # comes before the place that was read
        assert refusal(calls.ListMine, pb.ListMyWorkOrdersRequest(page_token="!!")).fields[0].field == "page_token"
    assert made <= {each.number for each in seen}
    assert len({each.number for each in seen}) == len(seen)
    assert [each.due_on for each in seen] == sorted(each.due_on for each in seen)


def test_ended_orders_are_read_newest_first(calls, crewed, make):
    orders = [make() for _ in range(3)]
    for minutes, order in enumerate(orders):
        with clock.frozen(NOW + dt.timedelta(minutes=minutes)):
            begin(calls, order)
            with as_crew():
                calls.Complete(repaired(order))
    with as_staff(**AS_OPERATOR):
        first = calls.List(pb.ListWorkOrdersRequest(state=pb.WORK_STATE_COMPLETED, page_size=2))
        rest = calls.List(pb.ListWorkOrdersRequest(state=pb.WORK_STATE_COMPLETED, page_size=2, page_token=first.next_page_token))
    assert [each.number for each in [*first.work_orders, *rest.work_orders]] == [order.number for order in reversed(orders)]
    assert first.total == 3


def test_what_a_former_colleague_had_accepted_is_free_again(calls, crewed, make):
    order = make()
    begin(calls, order)
    for _ in range(2):
        with crewed.db.transaction() as session:
            subscriptions.staff_ended(session, StaffEnded(staff_id="ani"), None)
    with as_crew("budi"):
        assert calls.Accept(pb.AcceptWorkOrderRequest(work_order_id=str(order.work_order_id))).mine
    assert [fact.crew for fact in crewed.facts(facts.WorkOrderAssigned)] == ["Regu Timur", "Regu Timur"]


def test_an_order_past_its_day_is_late(calls, make):
    make(due_on=dt.date(2026, 11, 20))
    with as_crew():
        assert calls.ListMine(pb.ListMyWorkOrdersRequest()).work_orders[0].late
