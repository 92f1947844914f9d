"""How money, numbers, days and instants are written."""

import datetime as dt

from flask import Flask, g
from gateway.web import formats
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

EVENING = dt.datetime(2026, 11, 24, 17, 5, tzinfo=dt.UTC)  # the 25th in Malang


def _in(language, call):
    with Flask("test").test_request_context():
        g.language = language
        return call()


def test_rupiah_follow_the_language():
    assert _in("id", lambda: formats.rupiah(110_000)) == "Rp\u00a0110.000"
    assert _in("en", lambda: formats.rupiah(110_000)) == "Rp\u00a0110,000"


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_no_digit_of_an_amount_is_lost(amount):
    shown = formats.rupiah(amount)
    assert int("".join(sign for sign in shown if sign.isdigit())) == abs(amount)
    assert shown.startswith("−") is (amount < 0)


def test_an_instant_is_shown_in_local_time_and_on_its_local_day():
    stamp = Timestamp()
    stamp.FromDatetime(EVENING)
    assert _in("id", lambda: formats.instant(stamp)) == "25 November 2026, 00.05\u00a0WIB"
    assert _in("en", lambda: formats.day(EVENING)) == "25 November 2026"
    assert formats.iso(stamp) == "2026-11-25T00:05:00+07:00"


def test_a_month_is_named_in_the_language():
    assert _in("id", lambda: formats.period("2026-10")) == "Oktober 2026"
    assert _in("en", lambda: formats.period("2026-10")) == "October 2026"


def test_an_instant_that_was_not_set_is_not_present():
    assert not formats.present(Timestamp())
    assert not formats.present(None)


def test_a_size_is_never_shown_as_nothing():
    assert formats.size(12) == "1\u00a0kB"
    assert formats.size(2_500_000) == "2,5\u00a0MB"
