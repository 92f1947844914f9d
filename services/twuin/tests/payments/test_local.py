"""The local bank: takes money, delivers signed callbacks over HTTP until they are taken."""

from __future__ import annotations

import datetime as dt
import http.server
import threading
from collections.abc import Iterator

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_workload
from malang.twuin.v1 import payments_pb2 as pb
from twuin.payments import delivery, pay_in_demo, qris

from services.twuin.tests.billing.city import City
from services.twuin.tests.payments.conftest import SECRET


class Endpoint:
    """What stands for the gateway's callback address: hands each request on, and may fail first."""

    def __init__(self, payments) -> None:
        self.failures, self.calls = 0, 0
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items() if name.lower().startswith("x-")}
                self.send_response(endpoint.take(payments, pb.CallbackRequest(provider="local", body=body, headers=headers)))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def take(self, payments, request: pb.CallbackRequest) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            return 503
        with as_workload("gateway"):
            payments.Callback(request)
        return 200


@pytest.fixture
def endpoint(payments) -> Iterator[Endpoint]:
    endpoint = Endpoint(payments)
    thread = threading.Thread(target=endpoint.server.serve_forever, args=(0.02,))
    thread.start()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()
    thread.join()


def start(payments, bills, channel) -> pb.Payment:
    with as_citizen("ani"):
        return payments.Start(pb.StartPaymentRequest(bill_ids=[str(bill) for bill in bills], channel=channel))


def simulate(payments, **said) -> pb.SimulatePaymentResponse:
    with as_citizen("ani"):
        return payments.SimulatePayment(pb.SimulatePaymentRequest(**said))


@pytest.mark.parametrize("channel", [pb.CHANNEL_VA, pb.CHANNEL_QRIS])
def test_five_deliveries_over_http_pay_once(city: City, payments, bills, endpoint: Endpoint, channel: int) -> None:
    payment = start(payments, bills, channel)
    played = simulate(payments, va_number=payment.va_number, qris_payload=payment.qris_payload, deliveries=5)
    assert (played.payment_id, played.deliveries) == (payment.payment_id, 5)
    assert delivery.deliver(city.db, url=endpoint.url, secret=SECRET) == 5
    assert endpoint.calls == 5
    assert city.rows("select state from payments") == [(3,)]
    assert city.one("select count(*) from payment_money") == 1
    assert delivery.deliver(city.db, url=endpoint.url, secret=SECRET) == 0


def test_a_delivery_that_fails_is_tried_again_later_with_a_fresh_signature(city: City, payments, bills, endpoint: Endpoint) -> None:
    payment = start(payments, bills, pb.CHANNEL_VA)
    simulate(payments, va_number=payment.va_number)
    endpoint.failures = 2
    begun, taken = clock.now(), []
    for seconds in (1, 1.5, 2.5, 3.5, 5):
        with clock.frozen(begun + dt.timedelta(seconds=seconds)):
            taken.append(delivery.deliver(city.db, url=endpoint.url, secret=SECRET))
    # Tried at once, a second after that, two seconds after that; then there is nothing left to do.
    assert taken == [0, 0, 0, 0, 1]
    assert endpoint.calls == 3
    assert city.rows("select state from payments") == [(3,)]


def test_nobody_at_the_address_is_a_failure_like_another(city: City, payments, bills) -> None:
    payment = start(payments, bills, pb.CHANNEL_VA)
    simulate(payments, va_number=payment.va_number)
    assert delivery.deliver(city.db, url="http://127.0.0.1:9/", secret=SECRET) == 0
    assert city.rows("select attempts, delivered_at from local_deliveries") == [(1, None)]


def test_the_bank_takes_an_amount_that_is_wrong_and_the_money_goes_back(city: City, payments, bills, endpoint: Endpoint) -> None:
    payment = start(payments, bills, pb.CHANNEL_VA)
    simulate(payments, va_number=payment.va_number, amount=1000)
    delivery.deliver(city.db, url=endpoint.url, secret=SECRET)
    assert city.rows("select state from payments") == [(6,)]


def test_the_bank_knows_neither_other_numbers_nor_changed_codes(payments, bills) -> None:
    payment = start(payments, bills, pb.CHANNEL_QRIS)
    changed = qris.payload(
        qris.Merchant("X", "Y", "65111", "ID1", "ID.X", "9"), amount=payment.amount, reference=qris.reference(payment.qris_payload)
    )
    for said in ({"va_number": "123"}, {"qris_payload": "000201"}, {"qris_payload": changed}, {}):
        with pytest.raises(rpc.Failure) as failure:
            simulate(payments, **said)
        assert failure.value.code == "nothing_to_pay"


def test_an_order_that_was_paid_or_cancelled_takes_no_more_money(payments, bills) -> None:
    payment = start(payments, bills, pb.CHANNEL_VA)
    simulate(payments, va_number=payment.va_number)
    cancelled = start(payments, bills, pb.CHANNEL_VA)
    with as_citizen("ani"):
        payments.Cancel(pb.CancelPaymentRequest(payment_id=cancelled.payment_id))
    for number in (payment.va_number, cancelled.va_number):
        with pytest.raises(rpc.Failure) as failure:
            simulate(payments, va_number=number)
        assert failure.value.code == "order_closed"


def test_old_bills_of_the_demo_are_paid_by_the_same_code(city: City, provider, bills) -> None:
    pay_in_demo(city.db, provider, citizen_id="ani", bill_ids=bills, paid_at=clock.now())
    assert city.rows("select distinct state from bills") == [(2,)]
    assert city.one("select count(*) from transfers where kind = 'settlement'") == 2
