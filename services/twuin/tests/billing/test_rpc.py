"""Bills over gRPC: mine and nobody else's, in pages, explained; runs of the staff."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_nobody, as_staff, serve
from malang.twuin.v1 import billing_pb2 as pb
from malang.twuin.v1.billing_pb2_grpc import BillingStub, add_BillingServicer_to_server
from malang.twuin.v1.connections_events_pb2 import HolderViewed
from twuin import billing
from twuin.billing import jobs
from twuin.billing.rpc import BillingServicer

from services.twuin.tests.billing.city import DUE, PERIOD, City

MONTHS = [f"2026-{month:02}" for month in range(1, 11)]


def served(city: City) -> rpc.Served:
    return rpc.Served(add_BillingServicer_to_server, BillingServicer(city.db), "malang.twuin.v1.Billing")


@pytest.fixture
def stub(city: City) -> Iterator[BillingStub]:
    with serve(served(city)) as upstream:
        yield upstream.stub(BillingStub)


@pytest.fixture
def ani(city: City) -> uuid.UUID:
    """A connection of Ani's with ten bills of 3,550 rupiah; Budi has one of his own."""
    connection_id = city.connect(dict.fromkeys(MONTHS, 1), citizens=["ani"])
    city.connect({PERIOD: 2}, citizens=["budi"])
    for period in MONTHS:
        billing.run_period(city.db, period, DUE)
    return connection_id


def test_every_method_has_a_rule(city: City) -> None:
    assert rpc.unruled([served(city)]) == []


def test_bills_come_newest_first_in_pages_with_what_is_open_in_all(stub: BillingStub, ani: uuid.UUID) -> None:
    seen, token, sizes = [], "", []
    with as_citizen("ani"):
        while True:
            page = stub.ListBills(pb.ListBillsRequest(connection_id=str(ani), page_size=4, page_token=token))
            seen += [bill.period for bill in page.bills]
            sizes.append(page.open_amount)
            if not (token := page.next_page_token):
                break
    assert seen == MONTHS[::-1]
    assert sizes == [35_500] * 3


def test_without_a_connection_all_of_mine_are_listed(stub: BillingStub, city: City, ani: uuid.UUID) -> None:
    second = city.connect({PERIOD: 10}, citizens=["ani"])
    billing.run_period(city.db, PERIOD, DUE)
    with as_citizen("ani"):
        page = stub.ListBills(pb.ListBillsRequest())
    assert len(page.bills) == 11
    assert {bill.connection_id for bill in page.bills} == {str(ani), str(second)}
    assert page.open_amount == 35_500 + 35_500


def test_somebody_else_finds_nothing(stub: BillingStub, ani: uuid.UUID) -> None:
    with as_citizen("ani"):
        [bill] = stub.ListBills(pb.ListBillsRequest(page_size=1)).bills
        assert stub.GetBill(pb.GetBillRequest(bill_id=bill.bill_id)).bill_id == bill.bill_id
    with as_citizen("budi"):
        assert [mine.connection_id == str(ani) for mine in stub.ListBills(pb.ListBillsRequest()).bills] == [False]
        for call, request in (
            (stub.GetBill, pb.GetBillRequest(bill_id=bill.bill_id)),
            (stub.ListBills, pb.ListBillsRequest(connection_id=str(ani))),
        ):
            with pytest.raises(rpc.Failure) as failure:
                call(request)
            assert failure.value.kind == "not_found"


def test_a_bill_explains_itself(stub: BillingStub, city: City) -> None:
    city.connect({PERIOD: 25}, citizens=["ani"], group="II")
    billing.run_period(city.db, PERIOD, DUE)
    with as_citizen("ani"):
        [listed] = stub.ListBills(pb.ListBillsRequest()).bills
        bill = stub.GetBill(pb.GetBillRequest(bill_id=listed.bill_id))
    assert not listed.lines
    assert [(line.code, line.quantity, line.unit_price, line.amount) for line in bill.lines] == [
        ("block", 10, 1050, 10_500), ("block", 10, 1050, 10_500), ("block", 5, 1575, 7875),
        ("meter", 1, 4000, 4000), ("administration", 1, 2500, 2500),
    ]  # fmt: skip
    assert all(line.name_id and line.name_en for line in bill.lines)
    assert sum(line.amount for line in bill.lines) == bill.amount == 35_375
    assert (bill.previous_value, bill.current_value, bill.volume, bill.due_on) == (100, 125, 25, DUE.isoformat())
    assert (bill.tariff.group, bill.tariff.effective_from) == ("II", "2020-01-01")
    assert bill.number == f"202610-{bill.connection_number}"


@pytest.mark.parametrize("token", ["x", "W10", "WyIyMDI2LTEwIiwgIngiXQ", "bnVsbA"])
def test_a_page_token_of_somebodys_making_is_refused(stub: BillingStub, token: str) -> None:
    with as_citizen("ani"), pytest.raises(rpc.Failure) as failure:
        stub.ListBills(pb.ListBillsRequest(page_token=token))
    assert [field.field for field in failure.value.fields] == ["page_token"]


@pytest.mark.parametrize(
    ("period", "due_on", "fields"),
    [
        ("2026-13", "2099-01-01", ["period"]), ("2098-01", "2099-01-01", ["period"]), (PERIOD, "2020-01-01", ["due_on"]),
        ("", "20", ["period", "due_on"]),
    ],
)  # fmt: skip
def test_a_run_of_no_period_or_due_in_the_past_names_the_field(stub: BillingStub, city: City, period, due_on, fields) -> None:
    with as_staff(roles=("operator",)), pytest.raises(rpc.Failure) as failure:
        stub.StartRun(pb.StartRunRequest(period=period, due_on=due_on))
    assert [field.field for field in failure.value.fields] == fields
    assert all(field.id and field.en for field in failure.value.fields)
    assert city.one("select count(*) from billing_runs") == 0


def test_a_run_is_started_by_staff_and_done_by_the_jobs(stub: BillingStub, city: City) -> None:
    city.connect({PERIOD: 10})
    city.connect()
    due_on = (clock.today() + dt.timedelta(days=20)).isoformat()
    with as_staff(roles=("admin",)):
        begun = stub.StartRun(pb.StartRunRequest(period=PERIOD, due_on=due_on))
        assert (begun.state, begun.expected, begun.issued) == (pb.RUN_STATE_RUNNING, 2, 0)
        with pytest.raises(rpc.Failure) as failure:
            stub.StartRun(pb.StartRunRequest(period=PERIOD, due_on=due_on))
        assert (failure.value.kind, failure.value.code) == ("conflict", "run_goes_on")
        jobs.advance_runs(city.db, threading.Event())
        run = stub.GetRun(pb.GetRunRequest(run_id=begun.run_id))
        assert (run.state, run.issued, run.skipped, run.amount) == (pb.RUN_STATE_FINISHED, 1, 1, 35_500)
        assert [each.run_id for each in stub.ListRuns(pb.ListRunsRequest()).runs] == [run.run_id]
    for who in (as_citizen("ani"), as_staff(roles=("water_cs",)), as_nobody()):
        with who, pytest.raises(rpc.Failure) as failure:
            stub.StartRun(pb.StartRunRequest(period=PERIOD, due_on=due_on))
        assert failure.value.kind in ("denied", "unauthenticated")


def test_staff_see_open_bills_for_a_purpose_that_the_holder_can_read(stub: BillingStub, city: City, ani: uuid.UUID) -> None:
    number = city.one("select number from connections where connection_id = :id", id=ani)
    with as_staff(roles=("cashier",)):
        with pytest.raises(rpc.Failure) as failure:
            stub.OpenBills(pb.OpenBillsRequest(connection_number=number))
        assert [field.field for field in failure.value.fields] == ["purpose"]
        found = stub.OpenBills(pb.OpenBillsRequest(connection_number=number, purpose="Bertanya tentang tunggakan"))
    assert ([bill.period for bill in found.bills], found.open_amount) == (MONTHS, 35_500)
    [(payload,)] = city.rows("select payload from outbox where type like '%HolderViewed'")
    fact = HolderViewed.FromString(bytes(payload))
    assert (fact.citizen_id, fact.subject_kind, fact.purpose) == ("ani", "bills", "Bertanya tentang tunggakan")
    with as_staff(roles=("cashier",), areas=("35.73.01.1001",)), pytest.raises(rpc.Failure) as failure:
        stub.OpenBills(pb.OpenBillsRequest(connection_number=number, purpose="Bertanya tentang tunggakan"))
    assert failure.value.kind == "not_found"
