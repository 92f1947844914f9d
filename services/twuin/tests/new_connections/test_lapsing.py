"""Applications whose cost is not paid by its day."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from chassis import clock
from malang.twuin.v1 import new_connections_events_pb2 as facts
from malang.twuin.v1 import new_connections_pb2 as pb
from malang.twuin.v1 import payments_events_pb2
from twuin.billing import BillNotFound
from twuin.connections import service as connections
from twuin.ledger import Account
from twuin.new_connections import jobs
from twuin.payments import callbacks, flow, service, signing
from twuin.payments.local import write
from twuin.payments.model import Channel, Money

from services.twuin.tests.new_connections.conftest import Office
from services.twuin.tests.new_connections.walks import COST, balance, offered, states
from services.twuin.tests.waterworks import NOW

DUE = NOW + dt.timedelta(days=14)  # an instant of the last day to pay


def lapse(office: Office) -> int:
    return jobs.lapse(office.db, office.means, threading.Event())


def start(office: Office, one: pb.NewConnection) -> uuid.UUID:
    provider, bill = office.works.parts.provider, uuid.UUID(one.bill_id)
    with office.db.transaction() as session:
        begun = service.start(session, citizen_id="ani", bill_ids=[bill], channel=Channel.VA, provider=provider.name)
    flow.open_order(office.db, provider, begun.payment_id)
    return begun.payment_id


def money(office: Office, payment_id: uuid.UUID, paid_at: dt.datetime) -> None:
    """Let the provider say that it took the money."""
    provider = office.works.parts.provider
    body = write(payment_id, f"money-{payment_id.hex}", Money(COST, paid_at))
    notice = provider.verify(signing.headers(provider.secret, uuid.uuid4().hex, clock.now(), body), body, now=clock.now())
    with office.db.transaction() as session:
        callbacks.take(session, provider.name, notice, body)


@pytest.fixture
def priced(office: Office) -> pb.NewConnection:
    with clock.frozen(NOW):
        one = offered(office)
    assert one.due_on == clock.day_of(DUE).isoformat()
    return one


def test_it_ends_the_day_after_with_its_bill_and_its_plan_and_its_applicant_is_told(office: Office, priced) -> None:
    with clock.frozen(DUE):
        assert lapse(office) == 0
    with clock.frozen(DUE + dt.timedelta(days=1)):
        assert (lapse(office), lapse(office)) == (1, 0)
    ended = office.get(priced)
    assert (ended.state, ended.with_whom, ended.due_on, ended.late) == (pb.NEW_CONNECTION_STATE_LAPSED, "nobody", "", False)
    assert states(office, priced)[-2:] == ["offered", "lapsed"]
    [told] = office.facts(facts.NewConnectionLapsed)
    assert (told.application_id, told.citizen_id, told.number) == (priced.application_id, "ani", priced.number)
    assert set(balance(office).values()) == {0}
    with office.db.transaction() as session:
        assert connections.mine(session, office.works.parts.holders, "ani") == []
    with pytest.raises(BillNotFound):
        start(office, priced)
    assert office.apply(office.letter()).state == pb.NEW_CONNECTION_STATE_APPLIED


def test_other_steps_do_not_lapse_however_late_they_are(office: Office) -> None:
    with clock.frozen(NOW):
        one = office.apply()
    with clock.frozen(NOW + dt.timedelta(days=400)):
        assert lapse(office) == 0
        assert office.get(one).late


def test_a_payment_that_was_started_in_time_is_waited_for_and_pays(office: Office, priced) -> None:
    with clock.frozen(DUE):
        payment = start(office, priced)
    with clock.frozen(DUE + dt.timedelta(hours=20)):
        assert lapse(office) == 0
        money(office, payment, clock.now())
        assert lapse(office) == 0  # the fact of the payment has not come yet
        office.deliver()
    assert office.get(priced).state == pb.NEW_CONNECTION_STATE_INSTALLATION


def test_a_payment_that_was_started_too_late_holds_nothing_and_its_money_goes_back(office: Office, priced) -> None:
    with clock.frozen(DUE + dt.timedelta(days=1)):
        payment = start(office, priced)
        assert lapse(office) == 1
        money(office, payment, clock.now())
        office.deliver()
    assert office.get(priced).state == pb.NEW_CONNECTION_STATE_LAPSED
    [owed] = office.facts(payments_events_pb2.PaymentToRefund)
    assert (owed.citizen_id, owed.amount, owed.reason) == ("ani", COST, "bill_cancelled")
    sums = balance(office)
    assert (sums[Account.REFUNDS_PAYABLE], sums[Account.RECEIVABLES], sums[Account.REVENUE_CONNECTION]) == (-COST, 0, 0)


def test_a_payment_that_ended_unpaid_is_waited_for_no_longer_and_its_order_is_closed(office: Office, priced) -> None:
    with clock.frozen(DUE):
        start(office, priced)
    with clock.frozen(DUE + dt.timedelta(hours=25)):
        assert lapse(office) == 0
        assert flow.expire(office.db, office.works.parts.provider) == 1
        assert lapse(office) == 1
