"""Keys of clients, end to end: done once, answered alike, also when the gateway lost its answer."""

import uuid

import pytest
from callers import ask, citizen_of, open_bills, rows


@pytest.fixture(scope="module")
def payer(running):
    return citizen_of(running, 31)


def count(running, bill):
    return rows(running, "twuin", "select count(*) from payment_bills where bill_id = %s", uuid.UUID(bill))[0][0]


def test_the_same_key_and_body_give_the_stored_answer(running, payer):
    bill, key = open_bills(payer)[0], str(uuid.uuid4())
    body = {"bill_ids": [bill], "channel": "va"}
    before = count(running, bill)
    first, second = (ask(payer, "POST", "/payments", body, Idempotency_Key=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count(running, bill) == before + 1


def test_another_body_or_another_path_under_the_same_key_is_refused(running, payer):
    bill, key = open_bills(payer)[0], str(uuid.uuid4())
    first = ask(payer, "POST", "/payments", {"bill_ids": [bill], "channel": "va"}, Idempotency_Key=key)
    before = count(running, bill)
    other = ask(payer, "POST", "/payments", {"bill_ids": [bill], "channel": "qris"}, Idempotency_Key=key)
    cancel = ask(payer, "POST", f"/payments/{first.json()['payment_id']}/cancel", {}, Idempotency_Key=key)
    for answer in (other, cancel):
        assert answer.status_code == 422
        assert answer.json()["code"] == "key_reused"
    assert count(running, bill) == before
    assert payer.call("GET", f"/payments/{first.json()['payment_id']}")["state"] == "pending"


def test_a_key_of_one_person_means_nothing_for_another(running, payer):
    other, key = citizen_of(running, 31), str(uuid.uuid4())
    body = {"bill_ids": [open_bills(payer)[0]], "channel": "va"}
    first = ask(payer, "POST", "/payments", body, Idempotency_Key=key)
    second = ask(other, "POST", "/payments", body, Idempotency_Key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["payment_id"] != second.json()["payment_id"]
    assert "Idempotency-Replayed" not in second.headers


def test_a_key_that_is_missing_is_asked_for_and_nothing_is_done(running, payer):
    bill = open_bills(payer)[0]
    before = count(running, bill)
    answer = ask(payer, "POST", "/payments", {"bill_ids": [bill], "channel": "va"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "key_required"
    assert count(running, bill) == before


def test_one_that_is_in_flight_is_told_so_and_taken_over_when_its_lease_is_over(running, payer):
    bill, key = open_bills(payer)[0], str(uuid.uuid4())
    body = {"bill_ids": [bill], "channel": "va"}
    first = ask(payer, "POST", "/payments", body, Idempotency_Key=key)
    before = count(running, bill)
    unanswered = (
        "update kept_answer set status = null, body_sealed = null, headers = null, locked_until = now() + %s where key = %s"
    )
    rows(running, "gateway", unanswered, "1 minute", key)
    told = ask(payer, "POST", "/payments", body, Idempotency_Key=key)
    assert told.status_code == 409
    assert told.json()["code"] == "in_flight"
    rows(running, "gateway", unanswered, "-1 second", key)
    taken_over = ask(payer, "POST", "/payments", body, Idempotency_Key=key)
    assert taken_over.status_code == 201
    assert taken_over.json()["payment_id"] == first.json()["payment_id"]
    assert count(running, bill) == before


def test_a_gateway_that_lost_its_answer_gets_the_same_one_from_the_service(running, payer):
    bill, key = open_bills(payer)[0], str(uuid.uuid4())
    body = {"bill_ids": [bill], "channel": "qris"}
    first = ask(payer, "POST", "/payments", body, Idempotency_Key=key)
    before = count(running, bill)
    assert rows(running, "gateway", "delete from kept_answer where key = %s returning 1", key) == [(1,)]
    again = ask(payer, "POST", "/payments", body, Idempotency_Key=key)
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers  # the service remembered, the gateway did not
    assert again.json() == first.json()
    assert count(running, bill) == before
    rows(running, "gateway", "delete from kept_answer where key = %s", key)
    other = ask(payer, "POST", "/payments", body | {"channel": "va"}, Idempotency_Key=key)
    assert other.status_code == 422
    assert other.json()["code"] == "key_reused"


def test_a_refusal_is_not_kept_so_that_what_was_mended_can_be_sent_under_its_key(running, payer):
    key = str(uuid.uuid4())
    refused = ask(payer, "POST", "/payments", {"bill_ids": [], "channel": "va"}, Idempotency_Key=key)
    assert refused.status_code == 422
    assert (
        ask(payer, "POST", "/payments", {"bill_ids": open_bills(payer)[:1], "channel": "va"}, Idempotency_Key=key).status_code
        == 201
    )


def test_what_is_kept_is_not_readable_in_the_database(running, payer):
    key = str(uuid.uuid4())
    answer = ask(payer, "POST", "/payments", {"bill_ids": open_bills(payer)[:1], "channel": "va"}, Idempotency_Key=key)
    (sealed,) = rows(running, "gateway", "select body_sealed from kept_answer where key = %s", key)[0]
    assert answer.json()["payment_id"].encode() not in bytes(sealed)
    assert answer.json()["va_number"].strip().encode() not in bytes(sealed)
