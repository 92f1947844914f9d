from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chassis import clock
from chassis.rpc import Failure
from chassis.testing import as_citizen, as_staff, as_workload, serve
from malang.twuin.v1 import connections_pb2 as pb
from malang.twuin.v1 import connections_pb2_grpc
from malang.twuin.v1.connections_events_pb2 import ConnectionLinked, ConnectionUnlinked, HolderViewed
from twuin.connections import jobs, rpc

from services.twuin.tests.waterworks import LAST_BILL, NOW, PHONE


@pytest.fixture
def calls(waterworks):
    with serve(rpc.served(waterworks.db, waterworks.parts.holders)) as upstream, clock.frozen(NOW):
        yield upstream.stub(connections_pb2_grpc.ConnectionsStub)


def _by_meter(works, one, **wrong):
    right = {"connection_number": one.number, "meter_serial": works.serial(one), "last_bill_amount": LAST_BILL}
    return pb.LinkByMeterRequest(**{**right, **wrong})


def _refusal(call, request) -> Failure:
    with pytest.raises(Failure) as wrong:
        call(request)
    return wrong.value


def _proof(calls, number, code=None):
    """Begin a proof as citizen A and link with the code that was sent, or another."""
    with as_citizen("A"):
        begun = calls.BeginPhoneProof(pb.BeginPhoneProofRequest(connection_number=number))
    with as_workload("gateway"):
        sent = calls.TakePhoneProofDelivery(pb.TakePhoneProofDeliveryRequest(proof_id=begun.proof_id))
    return begun, sent, pb.LinkByPhoneRequest(proof_id=begun.proof_id, code=code or sent.code)


def test_meter_and_last_bill_link_an_account_once(calls, waterworks):
    one = waterworks.connect()
    with as_citizen("A"):
        linked = calls.LinkByMeter(_by_meter(waterworks, one, meter_serial=f" tt {one.number} "))
        assert calls.LinkByMeter(_by_meter(waterworks, one)) == linked
        assert list(calls.ListMine(pb.ListMyConnectionsRequest()).connections) == [linked]
    assert linked.number == one.number
    assert linked.meter_serial_masked == "••••••••" + one.number[-3:]
    assert linked.holder_initials == "B. S."
    assert "Danau" not in linked.address_masked
    assert "7" not in linked.address_masked
    [fact] = waterworks.facts(ConnectionLinked)
    assert (fact.connection_id, fact.citizen_id, fact.proof) == (str(one.connection_id), "A", "meter")


def test_a_wrong_proof_and_an_unknown_number_are_told_the_same(calls, waterworks):
    one = waterworks.connect()
    with as_citizen("A"):
        wrong_amount = _refusal(calls.LinkByMeter, _by_meter(waterworks, one, last_bill_amount=1))
    with as_citizen("B"):
        wrong_serial = _refusal(calls.LinkByMeter, _by_meter(waterworks, one, meter_serial="TT-1"))
    with as_citizen("C"):
        unknown = _refusal(calls.LinkByMeter, _by_meter(waterworks, one, connection_number="99887766"))
    assert {(each.kind, each.code, each.id, each.en) for each in (wrong_amount, wrong_serial, unknown)} == {
        ("refused", "proof_wrong", wrong_amount.id, wrong_amount.en)
    }
    assert "4" in wrong_amount.en


@pytest.mark.parametrize("known", [True, False])
def test_five_wrong_tries_wait_a_day_even_with_the_right_proof(calls, waterworks, known):
    one = waterworks.connect()
    number = one.number if known else "99887766"
    with as_citizen("A"):
        for _ in range(5):
            request = _by_meter(waterworks, one, connection_number=number, last_bill_amount=5)
            assert _refusal(calls.LinkByMeter, request).code == "proof_wrong"
        blocked = _refusal(calls.LinkByMeter, _by_meter(waterworks, one, connection_number=number))
        assert blocked.code == "too_many_tries"
        assert "25-11-2026 10:00 WIB" in blocked.id
        with clock.frozen(NOW + dt.timedelta(hours=23, minutes=59)):
            assert _refusal(calls.LinkByMeter, _by_meter(waterworks, one, connection_number=number)).code == "too_many_tries"
        if known:
            with clock.frozen(NOW + dt.timedelta(hours=24, seconds=1)):
                assert calls.LinkByMeter(_by_meter(waterworks, one)).number == number
    with as_citizen("B"):  # somebody else is not held up
        if known:
            assert calls.LinkByMeter(_by_meter(waterworks, one)).number == number


def test_twenty_wrong_tries_over_many_numbers_wait_too(calls, waterworks):
    one = waterworks.connect()
    with as_citizen("A"):
        for place in range(20):
            request = _by_meter(waterworks, one, connection_number=f"77{place:06}")
            assert _refusal(calls.LinkByMeter, request).code == "proof_wrong"
        assert _refusal(calls.LinkByMeter, _by_meter(waterworks, one)).code == "too_many_tries"


def test_tries_at_the_same_moment_are_all_counted(calls, waterworks):
    one = waterworks.connect()

    def attempt(amount: int) -> str:
        with as_citizen("A"):
            return _refusal(calls.LinkByMeter, _by_meter(waterworks, one, last_bill_amount=amount)).code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(attempt, range(12)))
    assert codes.count("proof_wrong") == 5
    assert codes.count("too_many_tries") == 7


def test_a_code_to_the_registered_phone_links_once(calls, waterworks):
    one = waterworks.connect()
    begun, sent, request = _proof(calls, one.number)
    assert sent.phone == PHONE
    assert (len(sent.code), sent.code.isdigit()) == (6, True)
    assert begun.phone_masked == "+62 8•• •••• ••01"
    assert begun.expires_at.ToDatetime(dt.UTC) == NOW + dt.timedelta(minutes=10)
    with as_workload("gateway"):  # handed over once
        assert _refusal(calls.TakePhoneProofDelivery, pb.TakePhoneProofDeliveryRequest(proof_id=begun.proof_id)).kind == "not_found"
    with as_citizen("B"):  # somebody else's proof
        assert _refusal(calls.LinkByPhone, request).kind == "not_found"
    with as_citizen("A"):
        assert calls.LinkByPhone(request).number == one.number
        calls.Unlink(pb.UnlinkRequest(connection_id=str(one.connection_id)))
        assert _refusal(calls.LinkByPhone, request).code == "proof_wrong"


def test_a_code_ends_after_ten_minutes_and_when_a_newer_one_is_made(calls, waterworks):
    one = waterworks.connect()
    _, _, first = _proof(calls, one.number)
    _, _, second = _proof(calls, one.number)
    with as_citizen("A"):
        assert _refusal(calls.LinkByPhone, first).code == "proof_wrong"
        with clock.frozen(NOW + dt.timedelta(minutes=10)):
            assert _refusal(calls.LinkByPhone, second).code == "proof_wrong"


def test_an_unknown_number_looks_like_any_other_and_sends_nothing(calls, waterworks):
    waterworks.connect()
    with as_citizen("A"):
        begun = calls.BeginPhoneProof(pb.BeginPhoneProofRequest(connection_number="99887766"))
        again = calls.BeginPhoneProof(pb.BeginPhoneProofRequest(connection_number="99887766"))
        wrong = _refusal(calls.LinkByPhone, pb.LinkByPhoneRequest(proof_id=again.proof_id, code="123456"))
    assert begun.phone_masked == again.phone_masked
    assert begun.phone_masked.startswith("+62 8•• •••• ••")
    assert wrong.code == "proof_wrong"
    with as_workload("gateway"):
        assert _refusal(calls.TakePhoneProofDelivery, pb.TakePhoneProofDeliveryRequest(proof_id=again.proof_id)).kind == "not_found"


def test_codes_are_sent_to_a_phone_only_so_often(calls, waterworks):
    one = waterworks.connect()
    begin = pb.BeginPhoneProofRequest(connection_number=one.number)
    for citizen in ("A", "B"):
        with as_citizen(citizen):
            for _ in range(5):
                calls.BeginPhoneProof(begin)
    with as_citizen("C"):
        assert _refusal(calls.BeginPhoneProof, begin).code == "too_many_tries"


def test_a_number_that_cannot_be_one_is_named(calls):
    with as_citizen("A"):
        wrong = _refusal(calls.BeginPhoneProof, pb.BeginPhoneProofRequest(connection_number="12ab"))
    [field] = wrong.fields
    assert (field.field, field.code) == ("connection_number", "connection_number")
    assert field.id != field.en


def test_what_is_over_is_forgotten(calls, waterworks):
    one = waterworks.connect()
    _proof(calls, one.number)
    assert jobs.forget(waterworks.db) == 0
    with clock.frozen(NOW + dt.timedelta(hours=25)):
        assert jobs.forget(waterworks.db) == 3  # the proof, and the sendings of the number and of the person


def test_citizen_b_finds_nothing_of_citizen_a(calls, waterworks):
    one = waterworks.connect(citizens=("A",))
    connection_id = str(one.connection_id)
    with as_citizen("A"):
        assert calls.Get(pb.GetConnectionRequest(connection_id=connection_id)).number == one.number
    with as_citizen("B"):
        assert not calls.ListMine(pb.ListMyConnectionsRequest()).connections
        for wanted in (connection_id, str(uuid.uuid4()), "not an id"):
            assert _refusal(calls.Get, pb.GetConnectionRequest(connection_id=wanted)).kind == "not_found"
            assert _refusal(calls.Unlink, pb.UnlinkRequest(connection_id=wanted)).kind == "not_found"
        for call, request in ((calls.Find, pb.FindConnectionsRequest(query="3500")), (calls.Open, pb.OpenConnectionRequest())):
            assert _refusal(call, request).kind == "denied"


def test_unlinking_ends_it_and_says_so(calls, waterworks):
    one = waterworks.connect(citizens=("A", "B"))
    with as_citizen("A"):
        calls.Unlink(pb.UnlinkRequest(connection_id=str(one.connection_id)))
        assert not calls.ListMine(pb.ListMyConnectionsRequest()).connections
    with as_citizen("B"):
        assert len(calls.ListMine(pb.ListMyConnectionsRequest()).connections) == 1
    assert [fact.citizen_id for fact in waterworks.facts(ConnectionUnlinked)] == ["A"]


def test_staff_find_by_number_or_phone_within_their_areas(calls, waterworks):
    mine = waterworks.connect(phone="0800 0000 777")
    other = waterworks.connect(kelurahan="35.73.01.1001")
    with as_staff(roles=["water_cs"], areas=["35.73.03.1008"]):
        found = calls.Find(pb.FindConnectionsRequest(query="35 00"))
        assert [each.number for each in found.connections] == [mine.number]
        assert [each.number for each in calls.Find(pb.FindConnectionsRequest(query="+62 8000000777")).connections] == [mine.number]
        hidden = pb.OpenConnectionRequest(connection_id=str(other.connection_id), purpose="Telepon pelanggan")
        assert _refusal(calls.Open, hidden).kind == "not_found"
        assert _refusal(calls.Find, pb.FindConnectionsRequest(query="%")).fields[0].field == "query"
    with as_staff(roles=["officer"]):
        assert _refusal(calls.Find, pb.FindConnectionsRequest(query="3500")).kind == "denied"


def test_pages_of_a_search_follow_each_other(calls, waterworks):
    numbers = [waterworks.connect().number for _ in range(5)]
    seen, token = [], ""
    with as_staff(roles=["water_cs"]):
        while True:
            page = calls.Find(pb.FindConnectionsRequest(query="3500", page_size=2, page_token=token))
            seen += [each.number for each in page.connections]
            if not (token := page.next_page_token):
                break
    assert seen == numbers


def test_opening_needs_a_purpose_and_every_linked_person_can_read_it(calls, waterworks):
    one = waterworks.connect(citizens=("A", "B"))
    connection_id = str(one.connection_id)
    with as_staff(roles=["water_cs"], subject="cs-1"):
        assert _refusal(calls.Open, pb.OpenConnectionRequest(connection_id=connection_id)).fields[0].field == "purpose"
        assert not waterworks.facts(HolderViewed)
        opened = calls.Open(pb.OpenConnectionRequest(connection_id=connection_id, purpose=" Keluhan tagihan "))
    assert (opened.holder_name, opened.phone, opened.meter_serial) == ("Budi Santoso", PHONE, waterworks.serial(one))
    assert list(opened.linked_citizens) == ["A", "B"]
    facts = waterworks.facts(HolderViewed)
    assert [(each.citizen_id, each.viewer_id, each.purpose, each.subject_id) for each in facts] == [
        ("A", "cs-1", "Keluhan tagihan", connection_id), ("B", "cs-1", "Keluhan tagihan", connection_id),
    ]  # fmt: skip


def test_nothing_of_the_holder_stands_readable_in_the_database(waterworks):
    one = waterworks.connect()
    with waterworks.db.engine.connect() as connection:
        row = connection.exec_driver_sql("select connections::text from connections").scalar_one()
        stored = connection.exec_driver_sql("select holder_name, address, phone from connections").one()
    assert one.number in row
    for secret in (one.holder_name, one.address, one.phone):
        assert secret not in row
        assert all(secret.encode() not in bytes(value) for value in stored)
