"""Payloads, signatures, bodies and rules of payments."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twuin.payments import delivery, local, qris, signing
from twuin.payments.model import Money, Reason, State, refund_reason, state_after
from twuin.payments.provider import UnreadableCallback

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
amounts = st.integers(1, 10**12)
instants = st.integers(10**9, 4 * 10**9).map(lambda seconds: NOW.fromtimestamp(seconds, dt.UTC))
references = st.text("0123456789abcdef", min_size=1, max_size=25)


def test_the_checksum_is_crc16_ccitt_false() -> None:
    assert qris.checksum("123456789") == "29B1"  # the check value of the published catalogue of CRCs


@given(amounts, references)
def test_a_qris_payload_says_amount_and_reference(amount: int, reference: str) -> None:
    text = qris.payload(local.MERCHANT, amount=amount, reference=reference)
    found = qris.parse(text)
    assert (found["00"], found["01"], found["53"], found["54"], found["58"]) == ("01", "12", "360", str(amount), "ID")
    assert qris.fields(found["51"])["00"] == "ID.CO.QRIS.WWW"
    assert qris.reference(text) == reference


@given(amounts, references, st.data())
def test_a_qris_payload_with_one_character_changed_is_refused(amount: int, reference: str, data) -> None:
    text = qris.payload(local.MERCHANT, amount=amount, reference=reference)
    at = data.draw(st.integers(0, len(text) - 5))
    other = data.draw(st.sampled_from("0123456789ABCXYZ").filter(lambda sign: sign != text[at]))
    with pytest.raises(qris.NotQris):
        qris.parse(text[:at] + other + text[at + 1 :])


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(qris.NotQris):
        assert "63" in qris.parse(text)


@given(st.binary(max_size=300), st.text("abcdef0123456789-", min_size=1, max_size=64))
def test_a_signature_holds_for_its_body_id_and_time_only(body: bytes, external_id: str) -> None:
    headers = signing.headers(b"secret", external_id, NOW, body)
    assert signing.valid(b"secret", headers, body, now=NOW)
    assert not signing.valid(b"other", headers, body, now=NOW)
    assert not signing.valid(b"secret", headers, body + b" ", now=NOW)
    assert not signing.valid(b"secret", {**headers, "x-id": external_id + "1"}, body, now=NOW)
    assert not signing.valid(b"secret", {**headers, "x-timestamp": str(int(headers["x-timestamp"]) + 1)}, body, now=NOW)


@pytest.mark.parametrize(("off", "accepted"), [(-300, True), (300, True), (-301, False), (301, False)])
def test_a_signature_is_good_for_five_minutes_either_way(off: int, accepted: bool) -> None:
    headers = signing.headers(b"secret", "id", NOW, b"")
    assert signing.valid(b"secret", headers, b"", now=NOW + dt.timedelta(seconds=off)) is accepted


@pytest.mark.parametrize("missing", ["x-id", "x-timestamp", "x-signature"])
def test_a_signature_needs_all_its_headers(missing: str) -> None:
    headers = signing.headers(b"secret", "id", NOW, b"")
    del headers[missing]
    assert not signing.valid(b"secret", headers, b"", now=NOW)
    assert not signing.valid(b"secret", {**headers, missing: "é"}, b"", now=NOW)


@given(amounts, st.uuids(), instants)
def test_a_callback_reads_as_it_was_written(amount: int, payment_id: uuid.UUID, at: dt.datetime) -> None:
    notice = local.read("id", local.write(payment_id, "money-1", Money(amount, at)))
    assert (notice.payment_id, notice.request_id, notice.money) == (str(payment_id), "money-1", Money(amount, at))


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with pytest.raises(UnreadableCallback):
        local.read("id", body)


def test_an_account_number_is_padded_to_eight() -> None:
    assert local.account_number("88973", "12345") == "   8897312345"
    for partner, customer in (("123456789", "1"), ("1", "1" * 21), ("", "1"), ("1", ""), ("x", "1")):
        with pytest.raises(ValueError, match="digits"):
            local.account_number(partner, customer)


class Bill(NamedTuple):
    open: bool
    cancelled: bool


bills = st.sampled_from((Bill(open=True, cancelled=False), Bill(open=False, cancelled=True), Bill(open=False, cancelled=False)))


@given(st.sampled_from(State), amounts, amounts, st.integers(-10, 10), st.lists(bills, min_size=1, max_size=4))
def test_money_pays_only_what_waits_or_lapsed_in_time_and_is_exact(state, expected, paid, late, asked) -> None:
    money = Money(paid, NOW + dt.timedelta(seconds=late))
    reason = refund_reason(state, expected=expected, expires_at=NOW, money=money, bills=asked)
    payable = state in (State.STARTING, State.PENDING, State.EXPIRED) and all(bill.open for bill in asked)
    assert (reason is None) == (payable and late <= 0 and paid == expected)
    after = state_after(state, reason)
    assert after is (State.PAID if reason is None or state is State.PAID else State.TO_REFUND)
    if state in (State.PAID, State.TO_REFUND):
        assert reason is Reason.ALREADY_PAID
    elif not all(bill.open for bill in asked):
        assert reason is (Reason.BILL_CANCELLED if any(bill.cancelled for bill in asked) else Reason.ALREADY_PAID)


@given(st.integers(1, 10_000))
def test_waiting_grows_to_a_minute_and_stays(attempts: int) -> None:
    assert dt.timedelta(seconds=1) <= delivery.wait(attempts) <= delivery.wait(attempts + 1) <= dt.timedelta(minutes=1)
