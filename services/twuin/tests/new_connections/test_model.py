import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twuin.new_connections import model, pricing
from twuin.new_connections.model import OPEN, Flaw, Letter, Prices, Promises, State
from workdays import city_calendar

TODAY = dt.date(2026, 11, 24)
PROMISES = Promises(check=2, survey=3, payment=14, installation=5, proof=30)
days = st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1))
rupiah = st.integers(0, 10_000_000)


def letter(kind="domisili", until=None, hashed="ab", revoked=False):
    return Letter(kind, until, hashed, revoked)


@given(st.sampled_from(State), days)
def test_only_what_is_open_waits_for_somebody_until_a_day(state, day):
    assert (model.with_whom(state) != "nobody") == (state in OPEN) == (PROMISES.due(state, day, city_calendar()) is not None)


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (State.APPLIED, "2026-12-29"),  # after joint leave, Christmas and a weekend
        (State.SURVEY, "2026-12-30"),
        (State.INSTALLATION, "2027-01-04"),  # after New Year, too
        (State.PAYMENT, "2027-01-06"),  # the applicant's own steps count calendar days
        (State.HELD, "2027-01-22"),
    ],
)
def test_what_offices_and_crews_promise_counts_their_working_days(state, due):
    assert PROMISES.due(state, dt.date(2026, 12, 23), city_calendar()) == dt.date.fromisoformat(due)


@given(st.lists(st.sampled_from(State), max_size=12))
def test_no_way_leads_out_of_an_end_or_back_past_the_money(wanted):
    state, paid = State.APPLIED, False
    for after in wanted:
        if model.may(state, after):
            assert state in OPEN
            assert not (paid and after in (State.APPLIED, State.SURVEY, State.PAYMENT, State.WITHDRAWN))
            state, paid = after, paid or after is State.INSTALLATION
    assert state is not State.ACTIVE or paid


@pytest.mark.parametrize(
    ("what", "flaw"),
    [
        (letter(), None),
        (letter(until=TODAY), None),
        (letter(until=TODAY - dt.timedelta(days=1)), Flaw.EXPIRED),
        (letter(revoked=True), Flaw.REVOKED),
        (letter(revoked=True, until=dt.date(2020, 1, 1)), Flaw.REVOKED),
        (letter(kind="sktm", revoked=True), Flaw.WRONG_KIND),
        (letter(hashed=""), Flaw.WITHOUT_ADDRESS),
    ],
)
def test_a_letter_proves_a_home_or_has_one_flaw(what, flaw):
    assert what.flaw(TODAY) == flaw


@given(st.tuples(*[rupiah] * 5), st.integers(0, 5_000), st.sampled_from((20, 25, 32, 50)))
def test_the_cost_is_the_sum_of_its_lines_and_no_line_is_empty(each, metres, diameter):
    registration, meter, labour, deposit, metre = each
    prices = Prices(registration, meter, labour, deposit, {diameter: metre})
    lines = prices.lines(metres=metres, diameter=diameter)
    assert sum(line.amount for line in lines) == registration + meter + labour + deposit + metre * metres
    assert all(line.quantity > 0 and line.amount > 0 for line in lines)
    assert len({line.code for line in lines}) == len(lines)


@given(st.integers(0, 10**8))
def test_a_register_has_room_for_what_it_shows(value):
    assert value < 10 ** model.digits_for(value)


def test_the_demo_prices_say_that_they_are_invented():
    assert pricing.read().demo


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("meter = 375000", "meter = -1"), "-1"),
        (("meter = 375000", 'meter = "free"'), "free"),
        (("meter = 375000", ""), "meter"),
        (("50 = 96000", ""), "50"),
        (("check = 2", ""), "check"),
        (("[days]", "[days"), "line"),
    ],
)
def test_a_file_of_prices_that_is_wrong_says_where(tmp_path, change, says):
    from importlib import resources

    text = resources.files("twuin.new_connections").joinpath("costs.toml").read_text("utf-8")
    path = tmp_path / "costs.toml"
    path.write_text(text.replace(*change))
    with pytest.raises(pricing.PriceFileWrong, match=says):
        pricing.read(str(path))
