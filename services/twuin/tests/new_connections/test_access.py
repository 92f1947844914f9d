"""Who sees, moves and reads applications."""

from __future__ import annotations

import pytest
from chassis import rpc
from chassis.testing import as_citizen, as_staff
from malang.twuin.v1 import connections_events_pb2
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin.new_connections.means import Place

from services.twuin.tests.new_connections.conftest import Office
from services.twuin.tests.new_connections.walks import refused


def test_nobody_else_sees_moves_or_reads_an_application(office: Office) -> None:
    one = office.apply()
    [document] = office.get(one).documents
    asked = {"application_id": one.application_id}
    with as_citizen("ben"):
        for call, request in (
            (office.calls.Get, pb.GetNewConnectionRequest(**asked)),
            (office.calls.GetDocument, pb.GetDocumentRequest(**asked, document_id=document.document_id)),
            (office.calls.Withdraw, pb.WithdrawNewConnectionRequest(**asked)),
            (office.calls.ReplaceProof, pb.ReplaceProofRequest(**asked, letter_id=office.letter("ben"))),
        ):
            refused("not_found", "application_not_found", call, request)
        assert office.calls.ListMine(pb.ListMyNewConnectionsRequest()).total == 0


def test_staff_of_another_area_and_of_other_roles_see_nothing(office: Office) -> None:
    one = office.apply()
    elsewhere = {"areas": ["35.73.01.1001"]}
    refused("not_found", "application_not_found", office.check, one, **elsewhere)
    with as_staff(roles=["water_cs"], **elsewhere):
        assert office.calls.Queue(pb.NewConnectionQueueRequest()).total == 0
        opened = pb.OpenNewConnectionRequest(application_id=one.application_id, purpose="memeriksa permohonan")
        refused("not_found", "application_not_found", office.calls.Open, opened)
    for roles in (["officer"], ["crew"], ["cashier"]):
        with as_staff(roles=roles), pytest.raises(rpc.Failure) as denied:
            office.calls.Queue(pb.NewConnectionQueueRequest())
        assert denied.value.kind == "denied"


def test_opening_takes_a_purpose_and_tells_the_applicant(office: Office) -> None:
    one = office.apply()
    with as_staff(roles=["water_cs"]):
        asked = pb.OpenNewConnectionRequest(application_id=one.application_id, purpose="")
        refused("invalid", "invalid_fields", office.calls.Open, asked)
        asked.purpose = "memeriksa permohonan"
        opened = office.calls.Open(asked)
    assert (opened.applicant.name, opened.proof.usable, opened.arrears) == ("Ani Lestari", True, 0)
    [viewed] = office.facts(connections_events_pb2.HolderViewed)
    assert (viewed.citizen_id, viewed.subject_kind, viewed.subject_id) == ("ani", "new_connection", one.application_id)


def test_the_queue_shows_no_address_and_goes_page_by_page(office: Office) -> None:
    made = [office.apply(citizen=f"citizen-{place}").number for place in range(3)]
    with as_staff(roles=["water_cs"]):
        first = office.calls.Queue(pb.NewConnectionQueueRequest(page_size=2))
        rest = office.calls.Queue(pb.NewConnectionQueueRequest(page_size=2, page_token=first.next_page_token))
        found = office.calls.Queue(pb.NewConnectionQueueRequest(number=made[1].lower()))
        refused("invalid", "invalid_fields", office.calls.Queue, pb.NewConnectionQueueRequest(page_token="%%"))
    assert [each.number for each in (*first.applications, *rest.applications)] == made
    assert (first.total, rest.next_page_token) == (3, "")
    assert {each.address for each in first.applications} == {""}
    assert first.applications[0].applicant_initials == "A.L."
    assert [each.number for each in found.applications] == [made[1]]


def test_ones_own_list_is_newest_first(office: Office) -> None:
    made = [
        office.apply(office.letter(home=Place(f"Jl. {n}", "1", "1")), address=f"jalan {n}", rt="1", rw="1").number for n in "abc"
    ]
    with as_citizen("ani"):
        first = office.calls.ListMine(pb.ListMyNewConnectionsRequest(page_size=2))
        rest = office.calls.ListMine(pb.ListMyNewConnectionsRequest(page_size=2, page_token=first.next_page_token))
    assert [each.number for each in (*first.applications, *rest.applications)] == made[::-1]
    assert first.applications[0].address == "jalan c"
