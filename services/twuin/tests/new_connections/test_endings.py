"""How applications end before water flows, and where the money goes."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chassis import clock, principal
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from malang.twuin.v1 import payments_events_pb2
from twuin import billing, payments
from twuin.billing import queries
from twuin.connections import service
from twuin.ledger import Account
from twuin.work_orders import field
from twuin.work_orders.model import Report

from services.twuin.tests.new_connections.conftest import CREW, Office, installed
from services.twuin.tests.new_connections.walks import COST, balance, installing, offered, refused, states, withdraw


def test_who_is_behind_with_bills_is_refused_by_the_check_with_the_amount(office: Office) -> None:
    other = office.works.connect(citizens=("ani",))
    with office.db.transaction() as session:
        billing.issue_connection(
            session, other.connection_id, number=other.number, tariff_group="IIIA", due_on=clock.today() - dt.timedelta(days=1),
            lines=[billing.Line("labour", 1, 145_500)],
        )  # fmt: skip
    one = office.apply()
    assert office.check(one).state == pb.NEW_CONNECTION_STATE_REFUSED
    told = office.get(one)
    assert (told.reason, told.reason_text) == ("arrears", "Rp 145.500")
    assert [fact.reason for fact in office.facts(facts.NewConnectionRefused)] == ["arrears"]


@pytest.mark.parametrize("found", [{"metres": 101}, {"feasible": False}])
def test_where_no_pipe_is_near_nothing_is_offered(office: Office, found: dict) -> None:
    one = offered(office, **found)
    assert (one.state, one.reason, one.bill_id) == (pb.NEW_CONNECTION_STATE_REFUSED, "no_pipe", "")
    assert states(office, one)[-2:] == ["surveyed", "refused"]


def test_what_cannot_be_installed_is_owed_back_once(office: Office) -> None:
    one = installing(office)
    office.work(one, Report("not_possible", "Pipa terhalang saluran"))
    office.deliver(again=True)
    ended = office.get(one)
    assert (ended.state, ended.reason) == (pb.NEW_CONNECTION_STATE_REFUSED, "not_possible")
    [owed] = office.facts(payments_events_pb2.PaymentToRefund)
    assert (owed.citizen_id, owed.amount, owed.reason) == ("ani", COST, "not_possible")
    sums = balance(office)
    assert (sums[Account.REFUNDS_PAYABLE], sums[Account.REVENUE_CONNECTION], sums[Account.DEPOSITS]) == (-COST, 0, 0)
    assert office.one("select state from connections") == 3
    with office.db.transaction() as session:
        assert queries.own(session, "ani", uuid.UUID(ended.bill_id)) is not None


def test_withdrawing_cancels_the_bill_and_the_work(office: Office) -> None:
    one = office.apply()
    office.check(one)
    withdraw(office, one)
    assert [order.state.name for order in office.orders(one)] == ["CANCELLED"]
    other = offered(office)
    withdraw(office, other)
    assert office.one("select state from bills") == 3
    with office.db.transaction() as session:
        assert service.mine(session, office.works.parts.holders, "ani") == []
    assert set(balance(office).values()) == {0}
    assert len(office.facts(facts.NewConnectionWithdrawn)) == 2
    refused("refused", "step_passed", withdraw, office, other)


def test_what_is_paid_is_not_withdrawn_but_customer_service_ends_it_and_the_money_goes_back(office: Office) -> None:
    one = installing(office)
    refused("refused", "already_paid", withdraw, office, one)
    ended = office.refuse(one, "other", "Pemohon pindah ke luar kota")
    assert (ended.state, ended.reason, ended.due_on) == (pb.NEW_CONNECTION_STATE_REFUSED, "other", "")
    office.deliver(again=True)
    assert [order.state.name for order in office.orders(one)] == ["COMPLETED", "CANCELLED"]
    assert [fact.reason for fact in office.facts(facts.NewConnectionRefused)] == ["other"]
    [owed] = office.facts(payments_events_pb2.PaymentToRefund)
    assert (owed.citizen_id, owed.amount, owed.reason) == ("ani", COST, "refused")
    sums = balance(office)
    assert (sums[Account.REFUNDS_PAYABLE], sums[Account.REVENUE_CONNECTION], sums[Account.DEPOSITS]) == (-COST, 0, 0)
    assert office.one("select state from connections") == 3
    refused("refused", "step_passed", office.refuse, one)
    assert balance(office)[Account.REFUNDS_PAYABLE] == -COST


def test_once_the_crew_is_there_or_the_meter_stands_nobody_refuses(office: Office) -> None:
    one = installing(office)
    [order] = [each for each in office.orders(one) if each.open]
    with principal.acting(CREW), office.db.transaction() as session:
        field.accept(session, CREW, order.work_order_id)
        field.arrive(session, CREW, order.work_order_id, 0, 0)
    refused("refused", "crew_on_site", office.refuse, one)
    with principal.acting(CREW), office.db.transaction() as session:
        field.complete(session, CREW, order.work_order_id, installed())
    refused("refused", "meter_installed", office.refuse, one)  # before the fact of it has come
    office.revoke(one.letter_id)
    office.deliver()
    assert office.get(one).state == pb.NEW_CONNECTION_STATE_HELD
    refused("refused", "meter_installed", office.refuse, one)
    assert office.facts(payments_events_pb2.PaymentToRefund) == []


def test_a_refusal_that_money_overtakes_is_asked_again(office: Office) -> None:
    one = offered(office)
    payments.pay_in_demo(office.db, office.works.parts.provider, citizen_id="ani", bill_ids=[uuid.UUID(one.bill_id)])
    refused("conflict", "payment_arrived", office.refuse, one)
    office.deliver()
    assert office.refuse(one).state == pb.NEW_CONNECTION_STATE_REFUSED
    assert balance(office)[Account.REFUNDS_PAYABLE] == -COST


def test_money_and_withdrawal_at_one_moment_do_not_both_win(office: Office) -> None:
    one = offered(office)

    def attempt(act) -> object:
        try:
            return act()
        except Exception as wrong:  # noqa: BLE001 - either may lose
            return wrong

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, [lambda: withdraw(office, one), lambda: office.pay(one)]))
    office.deliver(again=True)
    ended, bill = office.get(one), office.one("select state from bills")
    assert (ended.state, bill) in {(pb.NEW_CONNECTION_STATE_WITHDRAWN, 3), (pb.NEW_CONNECTION_STATE_INSTALLATION, 2)}
    balance(office)


def test_a_refusal_needs_a_reason_and_words(office: Office) -> None:
    one = office.apply()
    refused("invalid", "invalid_fields", office.refuse, one, reason="mood")
    refused("invalid", "invalid_fields", office.refuse, one, text="x")
    assert office.refuse(one).reason == "documents"
    assert office.get(one).reason_text == "Foto tidak jelas"
    refused("refused", "step_passed", office.refuse, one)
    refused("refused", "step_passed", office.check, one)
