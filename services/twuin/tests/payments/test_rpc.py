"""Payments through a real server: who may do what, keys that are used twice, callbacks that pay once."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from chassis import clock, rpc
from chassis.testing import as_citizen, as_staff, as_workload, with_key
from malang.twuin.v1 import billing_pb2
from malang.twuin.v1 import payments_pb2 as pb
from malang.twuin.v1.billing_pb2_grpc import BillingStub
from twuin import ledger
from twuin.ledger import Account
from twuin.payments import flow, local, service, signing
from twuin.payments.model import Money

from services.twuin.tests.billing.city import City
from services.twuin.tests.payments.conftest import SECRET


def start(payments, bills, channel=pb.CHANNEL_VA, citizen="ani"):
    with as_citizen(citizen):
        return payments.Start(pb.StartPaymentRequest(bill_ids=[str(bill) for bill in bills], channel=channel))


def callback(payment, *, amount=None, paid_at=None, request_id=None, external_id=None, at=None):
    body = local.write(
        uuid.UUID(payment.payment_id), request_id or uuid.uuid4().hex, Money(amount or payment.amount, paid_at or clock.now())
    )
    headers = signing.headers(SECRET, external_id or uuid.uuid4().hex, at or clock.now(), body)
    return pb.CallbackRequest(provider="local", body=body, headers=headers)


def deliver(payments, request):
    with as_workload("gateway"):
        return payments.Callback(request)


def refused(kind: str, code: str, call, *args):
    with pytest.raises(rpc.Failure) as failure:
        call(*args)
    assert (failure.value.kind, failure.value.code) == (kind, code)
    assert failure.value.id != failure.value.en


def get(payments, payment, citizen="ani"):
    with as_citizen(citizen):
        return payments.Get(pb.GetPaymentRequest(payment_id=payment.payment_id))


def balance(city: City) -> dict[Account, int]:
    with city.db.transaction() as session:
        sums = ledger.trial_balance(session)
    assert sum(sums.values()) == 0
    return sums


def facts(city: City) -> list[str]:
    return [
        str(name).rpartition(".")[2]
        for (name,) in city.rows("select type from outbox where topic = 'twuin.payments' or type like '%BillPaid' order by id")
    ]


def test_several_bills_are_paid_by_one_va(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    assert (payment.state, payment.amount, payment.demo) == (pb.PAYMENT_STATE_PENDING, 145_500, True)
    assert payment.va_number.isdigit()
    assert payment.va_number.startswith(local.PARTNER)
    assert payment.expires_at.ToDatetime(dt.UTC) - payment.created_at.ToDatetime(dt.UTC) == dt.timedelta(hours=24)
    assert deliver(payments, callback(payment)).response_code == "2002500"
    paid = get(payments, payment)
    assert paid.state == pb.PAYMENT_STATE_PAID
    assert paid.receipt_number.startswith("KW-")
    assert city.rows("select state, payment_id::text from bills") == [(2, payment.payment_id)] * 2
    assert balance(city)[Account.RECEIVABLES] == 0
    assert balance(city)[Account.VA_CLEARING] == 145_500
    assert facts(city) == ["BillPaid", "BillPaid", "PaymentReceived"]


def test_a_qris_payment_clears_at_the_acquirer(city: City, payments, bills) -> None:
    payment = start(payments, bills[:1], pb.CHANNEL_QRIS)
    assert payment.qris_payload.startswith("000201010212")
    deliver(payments, callback(payment))
    assert balance(city)[Account.QRIS_CLEARING] == 110_000


def test_one_callback_delivered_five_times_pays_once(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    request = callback(payment)
    assert [deliver(payments, request).response_code for _ in range(5)] == ["2002500"] * 5
    assert city.one("select count(*) from payment_money") == 1
    assert facts(city) == ["BillPaid", "BillPaid", "PaymentReceived"]
    assert balance(city)[Account.VA_CLEARING] == 145_500


def test_the_same_money_under_another_callback_id_pays_once(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    for _ in range(2):
        deliver(payments, callback(payment, request_id="money-1"))
    assert city.one("select count(*) from payment_money") == 1
    assert balance(city)[Account.REFUNDS_PAYABLE] == 0


def test_callbacks_at_the_same_moment_pay_once(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    same = callback(payment, request_id="money-1")
    requests = [same] * 4 + [callback(payment, request_id="money-1") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda request: deliver(payments, request).response_code, requests))
    assert answers == ["2002500"] * 8
    assert city.one("select count(*) from payment_money") == 1
    assert city.one("select count(*) from outbox where type like '%PaymentReceived'") == 1
    assert balance(city)[Account.VA_CLEARING] == 145_500


@pytest.mark.parametrize("spoil", ["body", "signature", "id", "stale", "early", "unsigned", "other secret"])
def test_a_forged_callback_is_refused_and_changes_nothing(city: City, payments, bills, spoil: str) -> None:
    payment = start(payments, bills)
    at = {"stale": clock.now() - dt.timedelta(minutes=6), "early": clock.now() + dt.timedelta(minutes=6)}.get(spoil)
    request = callback(payment, at=at)
    if spoil == "body":
        request.body = request.body.replace(b"145500", b"145501")
    elif spoil == "signature":
        first = request.headers["x-signature"][0]
        request.headers["x-signature"] = ("0" if first != "0" else "1") + request.headers["x-signature"][1:]
    elif spoil == "id":
        request.headers["x-id"] = "another"
    elif spoil == "unsigned":
        del request.headers["x-signature"]
    elif spoil == "other secret":
        request.headers.update(signing.headers(b"guess", "guess", clock.now(), request.body))
    refused("refused", "forged_callback", deliver, payments, request)
    assert get(payments, payment).state == pb.PAYMENT_STATE_PENDING
    assert city.one("select count(*) from payment_callbacks") == 0


def test_a_signed_callback_that_says_nonsense_is_refused(payments, bills) -> None:
    for body in (
        b"{}",
        b"[]",
        b"\xff",
        b'{"paidAmount": {"value": "1.50", "currency": "IDR"}, "trxDateTime": "2026-11-24T00:00:00+00:00", "trxId": "x", "paymentRequestId": "y"}',
    ):
        headers = signing.headers(SECRET, uuid.uuid4().hex, clock.now(), body)
        refused(
            "refused", "unreadable_callback", deliver, payments, pb.CallbackRequest(provider="local", body=body, headers=headers)
        )


def test_money_for_no_payment_of_ours_is_not_taken(city: City, payments, bills) -> None:
    unknown = pb.Payment(payment_id=str(uuid.uuid4()), amount=5)
    refused("not_found", "unknown_payment", deliver, payments, callback(unknown))
    assert city.one("select count(*) from payment_callbacks") == 0


def test_a_wrong_amount_goes_back_and_the_bills_stay_open(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    deliver(payments, callback(payment, amount=145_499))
    assert get(payments, payment).state == pb.PAYMENT_STATE_TO_REFUND
    assert city.rows("select distinct state from bills") == [(1,)]
    assert city.rows("select reason from payment_money") == [("wrong_amount",)]
    assert balance(city)[Account.REFUNDS_PAYABLE] == -145_499
    assert facts(city) == ["PaymentToRefund"]
    again = start(payments, bills)
    deliver(payments, callback(again))
    assert get(payments, again).state == pb.PAYMENT_STATE_PAID


def test_a_second_payer_gets_the_money_back(city: City, payments, bills) -> None:
    [connection_id] = {row[0] for row in city.rows("select connection_id from bills")}
    city.link(connection_id, "budi")
    first, second = start(payments, bills), start(payments, bills, citizen="budi")
    deliver(payments, callback(first))
    deliver(payments, callback(second))
    assert get(payments, first).state == pb.PAYMENT_STATE_PAID
    assert get(payments, second, "budi").state == pb.PAYMENT_STATE_TO_REFUND
    assert city.rows("select reason from payment_money where reason is not null") == [("already_paid",)]


def test_more_money_for_a_paid_payment_goes_back_and_it_stays_paid(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    deliver(payments, callback(payment))
    deliver(payments, callback(payment))
    assert get(payments, payment).state == pb.PAYMENT_STATE_PAID
    assert balance(city)[Account.REFUNDS_PAYABLE] == -145_500


def test_a_late_callback_of_money_paid_in_time_pays(city: City, payments, provider, bills) -> None:
    payment = start(payments, bills)
    in_time, later = clock.now() + dt.timedelta(hours=23), clock.now() + dt.timedelta(hours=25)
    with clock.frozen(later):
        assert flow.expire(city.db, provider) == 1
        assert get(payments, payment).state == pb.PAYMENT_STATE_EXPIRED
        deliver(payments, callback(payment, paid_at=in_time))
        assert get(payments, payment).state == pb.PAYMENT_STATE_PAID


def test_money_paid_after_the_end_goes_back(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    with clock.frozen(clock.now() + dt.timedelta(hours=25)):
        deliver(payments, callback(payment))
    assert city.rows("select reason from payment_money") == [("expired",)]
    assert get(payments, payment).state == pb.PAYMENT_STATE_TO_REFUND


def test_money_for_a_cancelled_payment_goes_back(city: City, payments, bills) -> None:
    payment = start(payments, bills)
    with as_citizen("ani"):
        cancelled = payments.Cancel(pb.CancelPaymentRequest(payment_id=payment.payment_id))
        again = payments.Cancel(pb.CancelPaymentRequest(payment_id=payment.payment_id))
    assert cancelled.state == again.state == pb.PAYMENT_STATE_CANCELLED
    deliver(payments, callback(payment))
    assert city.rows("select reason from payment_money") == [("cancelled",)]


def test_the_same_key_starts_one_payment_and_shows_where_it_stands(city: City, payments, bills) -> None:
    with with_key("key-1"):
        first, second = start(payments, bills), start(payments, bills)
        assert first == second
        assert second.state == pb.PAYMENT_STATE_PENDING
        refused("refused", "key_reused", start, payments, bills[:1])
    assert city.one("select count(*) from payments") == 1


def test_a_new_start_replaces_the_waiting_one(payments, bills) -> None:
    first = start(payments, bills)
    second = start(payments, bills[:1])
    assert get(payments, first).state == pb.PAYMENT_STATE_CANCELLED
    assert get(payments, second).state == pb.PAYMENT_STATE_PENDING


def test_starts_at_the_same_moment_leave_one_waiting(city: City, payments, bills) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: start(payments, bills), range(6)))
    assert city.one("select count(*) from payments where state in (1, 2)") == 1


def test_a_paid_bill_cannot_be_paid_again(payments, bills) -> None:
    deliver(payments, callback(start(payments, bills)))
    refused("conflict", "bill_not_open", start, payments, bills)


@pytest.mark.parametrize(("chosen", "channel", "code"), [(0, pb.CHANNEL_VA, "bill_ids"), (2, pb.CHANNEL_UNSPECIFIED, "channel")])
def test_a_start_without_bills_or_channel_names_the_field(payments, bills, chosen: int, channel: int, code: str) -> None:
    with pytest.raises(rpc.Failure) as failure:
        start(payments, bills[:chosen], channel)
    assert [field.field for field in failure.value.fields] == [code]


def test_somebody_else_finds_nothing(payments, upstream, bills) -> None:
    payment = start(payments, bills)
    deliver(payments, callback(payment))
    refused("not_found", "bill_not_found", start, payments, bills, pb.CHANNEL_VA, "budi")
    with as_citizen("budi"):
        refused("not_found", "payment_not_found", payments.Get, pb.GetPaymentRequest(payment_id=payment.payment_id))
        refused("not_found", "payment_not_found", payments.Cancel, pb.CancelPaymentRequest(payment_id=payment.payment_id))
        refused("not_found", "payment_not_found", payments.Receipt, pb.ReceiptRequest(payment_id=payment.payment_id))
        assert not payments.ListMine(pb.ListMyPaymentsRequest()).payments
    with as_citizen("ani"):
        assert payments.Receipt(pb.ReceiptRequest(payment_id=payment.payment_id)).content.startswith(b"%PDF")


def test_only_the_gateway_delivers_callbacks_and_only_citizens_pay(payments, bills) -> None:
    request = callback(start(payments, bills))
    for who in (as_citizen("ani"), as_staff(roles=("admin",)), as_workload("singo")):
        with who, pytest.raises(rpc.Failure) as failure:
            payments.Callback(request)
        assert failure.value.kind == "denied"
    with as_staff(roles=("admin",)), pytest.raises(rpc.Failure) as failure:
        payments.ListMine(pb.ListMyPaymentsRequest())
    assert failure.value.kind == "denied"


def test_my_payments_come_in_pages_newest_first(payments, bills) -> None:
    made = [start(payments, bills).payment_id for _ in range(5)]
    seen, token = [], ""
    with as_citizen("ani"):
        while True:
            page = payments.ListMine(pb.ListMyPaymentsRequest(page_size=2, page_token=token))
            seen += [payment.payment_id for payment in page.payments]
            if not (token := page.next_page_token):
                break
    assert seen == made[::-1]


def test_a_receipt_comes_only_after_payment(payments, bills) -> None:
    payment = start(payments, bills)
    with as_citizen("ani"):
        refused("conflict", "not_paid_yet", payments.Receipt, pb.ReceiptRequest(payment_id=payment.payment_id))


def test_a_paid_bill_shows_in_the_list(payments, upstream, bills) -> None:
    billing_stub = upstream.stub(BillingStub)
    with as_citizen("ani"):
        before = billing_stub.ListBills(billing_pb2.ListBillsRequest())
    deliver(payments, callback(start(payments, bills[:1])))
    with as_citizen("ani"):
        after = billing_stub.ListBills(billing_pb2.ListBillsRequest())
    assert (before.open_amount, after.open_amount) == (145_500, 35_500)


def test_jobs_finish_a_start_that_was_cut_off(city: City, payments, provider, bills) -> None:
    with city.db.transaction() as session:
        cut = service.start(session, citizen_id="ani", bill_ids=bills, channel=service.Channel.VA, provider="local")
    assert flow.resolve(city.db, provider) == 0, "a fresh one is left to its own call"
    assert flow.resolve(city.db, provider, older_than_s=-1) == 1
    assert city.rows("select state, va_number <> '' from payments") == [(2, True)]
    # The provider had acted, but its answer was lost: the same order is found, not another one made.
    with city.db.transaction() as session:
        session.get_one(type(cut), cut.payment_id).state = 1
    assert flow.resolve(city.db, provider, older_than_s=-1) == 1
    assert city.one("select count(*) from local_orders") == 1


def test_a_payment_whose_bills_somebody_else_paid_is_cancelled_by_the_jobs(city: City, payments, provider, bills) -> None:
    [connection_id] = {row[0] for row in city.rows("select connection_id from bills")}
    city.link(connection_id, "budi")
    second = start(payments, bills, citizen="budi")
    deliver(payments, callback(start(payments, bills)))
    assert flow.expire(city.db, provider) == 1
    assert get(payments, second, "budi").state == pb.PAYMENT_STATE_CANCELLED


def test_a_bill_that_is_paid_leaves_payments_of_other_bills_waiting(city: City, payments, provider, bills) -> None:
    older, newer = bills
    [connection_id] = {row[0] for row in city.rows("select connection_id from bills")}
    city.link(connection_id, "budi")
    waiting = start(payments, [newer], citizen="budi")
    deliver(payments, callback(start(payments, [older])))
    assert flow.expire(city.db, provider) == 0
    assert get(payments, waiting, "budi").state == pb.PAYMENT_STATE_PENDING
