"""Money through the gateway: what is forged changes nothing, what comes twice counts once, what cannot pay goes back."""

import concurrent.futures
import datetime as dt
import time
import uuid

import pytest
from callers import citizen_of, deliver, notice, open_bills, rows, sign
from running import wait_for


@pytest.fixture(scope="module")
def payer(running):
    return citizen_of(running, 30)


def begin(person, bill=None, channel="va"):
    return person.call("POST", "/payments", {"bill_ids": [bill or open_bills(person)[0]], "channel": channel}, expect=201)


def state_of(person, payment):
    return person.call("GET", f"/payments/{payment['payment_id']}")["state"]


def bill_state(person, payment):
    return person.call("GET", f"/bills/{payment['bill_ids'][0]}")["state"]


def money(running, payment):
    """Return all that the water service knows of money for a payment, and how many callbacks it took in all."""
    known = rows(
        running, "twuin", "select amount, reason from payment_money where payment_id = %s", uuid.UUID(payment["payment_id"])
    )
    return known, rows(running, "twuin", "select count(*) from payment_callbacks")


def settlements(running, payment):
    bill = uuid.UUID(payment["bill_ids"][0])
    return rows(running, "twuin", "select amount from transfers where reference = %s and kind = 'settlement'", bill)


def hold_balance(running):
    """Hold the books to their rules: no bill settled twice, receivables are what open bills ask, receipts are unique."""
    (unsettled,) = rows(
        running, "twuin",
        "select coalesce(sum(amount) filter (where debit = 1100), 0) - coalesce(sum(amount) filter (where credit = 1100), 0) from transfers",
    )[0]  # fmt: skip
    (asked,) = rows(running, "twuin", "select coalesce(sum(amount), 0) from bills where paid_at is null")[0]
    assert unsettled == asked
    doubled = rows(
        running, "twuin",
        "select receipt_number from payments where receipt_number is not null group by receipt_number having count(*) > 1",
    )  # fmt: skip
    assert doubled == []
    owed = rows(running, "twuin", "select coalesce(sum(amount), 0) from payment_money where reason is not null")
    booked = rows(running, "twuin", "select coalesce(sum(amount), 0) from transfers where credit = 2100")
    assert owed == booked


def forged(running, payment):
    """Return forgeries by name: body and headers."""
    secret = running.platform.services["twuin"]["TWUIN_PROVIDER_SECRET"]
    body, now = notice(payment["payment_id"], payment["amount"]), int(time.time())
    name = uuid.uuid4().hex
    good = sign(secret, name, str(now), body)
    return {
        "another secret": (body, sign("not-the-secret-of-the-provider", name, str(now), body)),
        "no signature": (body, {}),
        "a signature from an hour ago": (body, sign(secret, name, str(now - 3600), body)),
        "a signature of tomorrow": (body, sign(secret, name, str(now + 86_400), body)),
        "an altered amount": (body.replace(b".00", b"0.00"), good),
        "an altered payment": (body.replace(payment["payment_id"].encode(), str(uuid.uuid4()).encode()), good),
        "another id on the same signature": (body, good | {"X-Id": uuid.uuid4().hex}),
        "a signature turned round": (body, good | {"X-Signature": good["X-Signature"][::-1]}),
    }


@pytest.mark.parametrize(
    "how",
    [
        "another secret", "no signature", "a signature from an hour ago", "a signature of tomorrow", "an altered amount",
        "an altered payment", "another id on the same signature", "a signature turned round",
    ],
)  # fmt: skip
def test_a_forged_callback_is_refused_and_changes_nothing(running, payer, how):
    payment = begin(payer)
    before = money(running, payment)
    answer = deliver(running, *forged(running, payment)[how])
    assert (answer.status_code, answer.json()["code"]) == (422, "forged_callback")
    assert money(running, payment) == before
    assert state_of(payer, payment) == "pending"
    assert bill_state(payer, payment) == "open"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"trxId": 1}', b"\xff\xfe"])
def test_a_signed_callback_that_says_nothing_is_refused(running, payer, body):
    payment = begin(payer)
    before = money(running, payment)
    assert 400 <= deliver(running, body).status_code < 500
    assert money(running, payment) == before


def test_a_callback_for_no_payment_of_ours_is_not_taken(running, payer):
    before = money(running, begin(payer))[1]
    assert deliver(running, notice(str(uuid.uuid4()), 1000)).status_code == 404
    assert rows(running, "twuin", "select count(*) from payment_callbacks") == before


def test_one_callback_delivered_five_times_pays_once(running, payer):
    payment = begin(payer)
    body = notice(payment["payment_id"], payment["amount"])
    assert [deliver(running, body).status_code for _ in range(5)] == [200] * 5
    paid = payer.call("GET", f"/payments/{payment['payment_id']}")
    assert paid["state"] == "paid"
    assert paid["receipt_number"]
    assert money(running, payment)[0] == [(payment["amount"], None)]
    assert settlements(running, payment) == [(payment["amount"],)]
    assert payer.call("GET", f"/payments/{payment['payment_id']}/receipt").startswith(b"%PDF-")
    notices = wait_for(
        lambda: [n for n in payer.call("GET", "/me/notices")["notices"] if payment["payment_id"] in n["link"]], seconds=30
    )
    assert [n["code"] for n in notices] == ["payment_received"]
    hold_balance(running)


def test_callbacks_at_the_same_moment_pay_once(running, payer):
    payment = begin(payer, channel="qris")
    body = notice(payment["payment_id"], payment["amount"])
    secret = running.platform.services["twuin"]["TWUIN_PROVIDER_SECRET"]
    same = sign(secret, uuid.uuid4().hex, str(int(time.time())), body)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: deliver(running, body, same if n % 2 else None), range(8)))
    # One that waited too long for the first may be asked to come again; it must not have done anything.
    assert {answer.status_code for answer in answers} <= {200, 409, 503, 504}
    assert deliver(running, body).status_code == 200
    assert state_of(payer, payment) == "paid"
    assert money(running, payment)[0] == [(payment["amount"], None)]
    assert settlements(running, payment) == [(payment["amount"],)]
    hold_balance(running)


def refunded(running, payer, payment, reason, amount=None):
    """Hold a payment whose money goes back to all that this means."""
    amount = payment["amount"] if amount is None else amount
    assert state_of(payer, payment) == "to_refund"
    assert money(running, payment)[0] == [(amount, reason)]
    told = wait_for(
        lambda: [n for n in payer.call("GET", "/me/notices")["notices"] if payment["payment_id"] in n["link"]], seconds=30
    )
    assert [n["code"] for n in told] == ["payment_to_refund"]
    assert f"{amount:,}".replace(",", ".") in told[0]["text"]
    assert settlements(running, payment) == []
    hold_balance(running)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_wrong_amount_goes_back_and_the_bill_stays_open(running, payer, off):
    payment = begin(payer)
    assert deliver(running, notice(payment["payment_id"], payment["amount"] + off)).status_code == 200
    refunded(running, payer, payment, "wrong_amount", payment["amount"] + off)
    assert bill_state(payer, payment) == "open"


def test_money_for_a_cancelled_payment_goes_back(running, payer):
    payment = begin(payer)
    payer.call("POST", f"/payments/{payment['payment_id']}/cancel", {})
    assert deliver(running, notice(payment["payment_id"], payment["amount"])).status_code == 200
    refunded(running, payer, payment, "cancelled")
    assert bill_state(payer, payment) == "open"


def make_late(running, payment):
    """Let a payment's time end an hour ago."""
    over = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    rows(running, "twuin", "update payments set expires_at = %s where payment_id = %s", over, uuid.UUID(payment["payment_id"]))
    wait_for(lambda: rows(
        running, "twuin", "select 1 from payments where payment_id = %s and state = 4", uuid.UUID(payment["payment_id"])
    ), seconds=90)  # fmt: skip
    return over


def test_money_that_was_paid_too_late_goes_back_and_money_in_time_still_pays(running, payer):
    late, in_time = begin(payer, open_bills(payer)[0]), begin(payer, open_bills(payer)[1])
    make_late(running, late)
    over = make_late(running, in_time)
    assert state_of(payer, late) == "expired"
    assert deliver(running, notice(late["payment_id"], late["amount"])).status_code == 200
    refunded(running, payer, late, "expired")
    paid_at = (over - dt.timedelta(minutes=5)).isoformat()
    assert deliver(running, notice(in_time["payment_id"], in_time["amount"], paid_at=paid_at)).status_code == 200
    assert state_of(payer, in_time) == "paid"
    assert bill_state(payer, in_time) == "paid"
    hold_balance(running)


def test_two_people_pay_one_bill_at_once_and_the_second_gets_the_money_back(running, payer):
    other = citizen_of(running, 30)  # a household shares its connection
    bill = open_bills(payer)[0]
    payments = {id(payer): begin(payer, bill), id(other): begin(other, bill)}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(deliver, running, notice(p["payment_id"], p["amount"])) for p in payments.values()]
    for payment, answer in zip(payments.values(), sent, strict=True):
        if answer.result().status_code != 200:  # waited too long for the other: the provider comes again
            assert deliver(running, notice(payment["payment_id"], payment["amount"])).status_code == 200
    states = {id(person): state_of(person, payments[id(person)]) for person in (payer, other)}
    assert sorted(states.values()) == ["paid", "to_refund"]
    second = payer if states[id(payer)] == "to_refund" else other
    known, _ = money(running, payments[id(second)])
    assert known == [(payments[id(second)]["amount"], "already_paid")]
    assert settlements(running, payments[id(payer)]) == [(payments[id(payer)]["amount"],)]
    hold_balance(running)


def test_a_payment_that_is_paid_cannot_be_cancelled_nor_its_bill_be_paid_again(running, payer):
    payment = begin(payer)
    assert deliver(running, notice(payment["payment_id"], payment["amount"])).status_code == 200
    refused = payer.call("POST", f"/payments/{payment['payment_id']}/cancel", {}, expect=422)
    assert refused["code"] == "payment_ended"
    again = payer.call("POST", "/payments", {"bill_ids": payment["bill_ids"], "channel": "va"}, expect=409)
    assert again["code"] == "bill_not_open"
    assert state_of(payer, payment) == "paid"
