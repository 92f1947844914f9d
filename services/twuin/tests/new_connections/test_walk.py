"""From the letter to the tap through a real server, with facts and money that come again."""

from __future__ import annotations

import uuid

import pytest
from chassis import clock
from malang.twuin.v1 import connections_events_pb2
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from twuin import billing, metering
from twuin.billing import queries
from twuin.connections import planning, service
from twuin.ledger import Account

from services.twuin.tests.new_connections.conftest import Office, installed
from services.twuin.tests.new_connections.walks import COST, balance, installing, offered, states
from services.twuin.tests.waterworks import NOW


def test_a_letter_becomes_a_tap(office: Office) -> None:
    with clock.frozen(NOW):
        one = office.apply()
        assert (one.number, one.state, one.with_whom, one.due_on) == ("SB-26-000001", 1, "customer_service", "2026-11-26")
        assert office.check(one).state == pb.NEW_CONNECTION_STATE_SURVEY
        assert (office.get(one).with_whom, office.get(one).due_on) == ("crew", "2026-11-27")
        office.survey(one)
        priced = office.get(one)
        assert (priced.state, priced.amount, priced.with_whom) == (pb.NEW_CONNECTION_STATE_PAYMENT, COST, "applicant")
        assert [(line.code, line.quantity) for line in priced.cost] == [
            ("registration", 1), ("meter", 1), ("pipe_20", 12), ("labour", 1), ("deposit", 1),
        ]  # fmt: skip
        assert priced.due_on == "2026-12-08"
        office.pay(one)
        assert office.get(one).state == pb.NEW_CONNECTION_STATE_INSTALLATION
        office.install(one)
    active = office.get(one)
    assert (active.state, active.with_whom, active.due_on) == (pb.NEW_CONNECTION_STATE_ACTIVE, "nobody", "")
    assert states(office, one) == ["applied", "checked", "surveyed", "offered", "paid", "installed", "activated"]
    with office.db.transaction() as session:
        [mine] = service.mine(session, office.works.parts.holders, "ani")
    assert (str(mine.connection_id), mine.number, mine.state.name) == (active.connection_id, active.connection_number, "ACTIVE")
    assert mine.meter_serial_masked.endswith("001")
    assert office.one("select base_value from registers") == 3
    assert len(office.facts(facts.NewConnectionActivated)) == 1
    [linked] = office.facts(connections_events_pb2.ConnectionLinked)
    assert (linked.citizen_id, linked.proof) == ("ani", planning.PROOF)


def test_the_cost_is_a_bill_like_any_other(office: Office) -> None:
    one = offered(office)
    with office.db.transaction() as session:
        row = queries.own(session, "ani", uuid.UUID(one.bill_id))
        [bill] = billing.explained(session, [uuid.UUID(one.bill_id)])
    assert row is not None
    assert (bill.kind, bill.amount, bill.volume, len(bill.lines)) == ("connection", COST, 0, 5)
    assert len(bill.period) == len("2026-11")
    assert all(line.name_id != line.name_en for line in bill.lines)
    assert balance(office)[Account.RECEIVABLES] == COST
    office.pay(one)
    assert balance(office)[Account.RECEIVABLES] == 0
    assert balance(office)[Account.DEPOSITS] == -100_000
    assert balance(office)[Account.REVENUE_CONNECTION] == -(COST - 100_000)


def test_a_planned_connection_is_neither_billed_nor_found_nor_proven(office: Office) -> None:
    from chassis.principal import Principal
    from twuin import connections
    from twuin.connections import desk, proofs

    one = offered(office)
    staff = Principal("s", "staff", roles=frozenset({"water_cs"}), areas=frozenset({"*"}))
    holders = office.works.parts.holders
    with office.db.transaction() as session:
        assert session.execute(connections.billable()).all() == []
        assert desk.find(session, holders, staff, one.connection_number, size=20).connections == []
        begun = proofs.begin_phone(session, holders, "ben", one.connection_number)
        with pytest.raises(proofs.PhoneProofGone):
            proofs.take_delivery(session, holders, begun.proof_id)
        with pytest.raises(metering.MeterNotFound):
            metering.enter(
                session, uuid.UUID(one.connection_id), period="2026-11", value=5, read_on=clock.today(), by="staff"
            )  # fmt: skip


def test_facts_that_come_again_change_nothing(office: Office) -> None:
    one = installing(office)
    office.deliver(again=True)
    office.install(one)
    office.deliver(again=True)
    assert states(office, one) == ["applied", "checked", "surveyed", "offered", "paid", "installed", "activated"]
    assert (len(office.orders(one)), office.one("select count(*) from bills")) == (2, 1)


def test_money_that_comes_twice_is_paid_once(office: Office) -> None:
    one = installing(office)
    with pytest.raises(Exception, match=r"already paid|lunas"):
        office.pay(one)
    assert [order.kind.name for order in office.orders(one)] == ["SURVEY", "INSTALL"]


def test_a_serial_that_another_meter_took_meanwhile_sends_the_crew_once_more(office: Office) -> None:
    one = installing(office)
    office.visit(one, installed("SAME-0001"))
    other = office.works.connect(meter=False)
    with office.db.transaction() as session:
        metering.install(session, other.connection_id, serial="SAME-0001", digits=5, initial=0, on=clock.today())
    office.deliver()
    assert office.get(one).state == pb.NEW_CONNECTION_STATE_INSTALLATION
    assert states(office, one)[-1] == "serial_taken"
    office.install(one, "OTHER-0001")
    office.deliver(again=True)
    assert office.get(one).state == pb.NEW_CONNECTION_STATE_ACTIVE
    assert [order.visit for order in office.orders(one)] == [1, 1, 2]
