from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twuin.metering import model
from twuin.metering.model import Notice, Register, Usual

NONE = Usual()


@given(st.integers(4, 9).flatmap(lambda digits: st.tuples(st.just(digits), st.integers(0, 10**digits - 1), st.integers(0, 100))))
def test_a_turned_register_counts_on(case):
    digits, base, used = case
    value = (base + used) % 10**digits
    assert model.advance(base, value, digits, NONE) == (used, base + used >= 10**digits)


@given(st.integers(0, 99_999), st.integers(0, 99_999), st.integers(0, 6), st.integers(0, 200))
def test_a_lower_value_is_taken_only_when_turning_over_is_plausible(base, value, count, volume):
    usual = Usual(count, count * volume)
    if value >= base:
        assert model.advance(base, value, 5, usual) == (value - base, False)
    elif value + 100_000 - base <= min(50_000, max(100, 10 * (volume if count else 0))):
        assert model.advance(base, value, 5, usual) == (value + 100_000 - base, True)
    else:
        with pytest.raises(model.BelowPrevious):
            model.advance(base, value, 5, usual)


def test_a_typing_error_just_below_the_last_value_is_no_rollover():
    with pytest.raises(model.BelowPrevious):
        model.advance(9950, 9905, 4, Usual.of([20] * 6))


@pytest.mark.parametrize("value", [-1, 10_000])
def test_a_register_shows_only_its_digits(value):
    with pytest.raises(model.TooManyDigits):
        model.advance(0, value, 4, NONE)


def test_a_replaced_meter_adds_both_parts():
    register = Register(digits=5, base=500, shown=500)
    after = model.replaced(register, final=512, initial=3, digits=6, usual=NONE)
    counted = model.read(after, 10, NONE)
    assert (counted.volume, counted.replaced, counted.previous, counted.value) == (12 + 7, True, 500, 10)
    assert counted.after == Register(digits=6, base=10, shown=10)


def test_an_estimate_too_high_is_taken_off_until_it_is_made_good():
    register = Register(digits=5, base=100, shown=100)
    first = model.estimate(register, 30)
    assert (first.value, first.volume, first.estimated) == (130, 30, True)
    second = model.read(first.after, 110, NONE)  # 10 went through, 30 were billed
    assert (second.volume, second.after.carried) == (0, -20)
    third = model.read(second.after, 145, NONE)
    assert third.volume == 35 - 20


def test_two_estimates_follow_each_other():
    first = model.estimate(Register(digits=5, base=99_990, shown=99_990), 20)
    second = model.estimate(first.after, 20)
    assert (first.value, second.previous, second.value) == (10, 10, 30)


_steps = st.lists(st.tuples(st.sampled_from(["read", "estimate", "replace"]), st.integers(0, 90)), max_size=30)


@given(_steps, st.integers(0, 99_999))
def test_what_is_billed_is_what_went_through_whatever_happens(steps, start):
    register, through, billed, showing = Register(digits=5, base=start, shown=start), 0, 0, start
    for kind, used in steps:
        if kind == "estimate":
            counted = model.estimate(register, used)
            assert counted.after.base == register.base
            billed, register = billed + counted.volume, counted.after
            continue
        showing, through = (showing + used) % 100_000, through + used
        if kind == "replace":
            register = model.replaced(register, showing, used, 5, NONE)
            showing = used
        else:
            counted = model.read(register, showing, NONE)
            billed, register = billed + counted.volume, counted.after
    left = (showing - register.base) % 100_000
    assert billed + register.carried + left == through


@pytest.mark.parametrize(
    ("volume", "history", "codes"),
    [
        (59, [20] * 6, []), (60, [20] * 6, ["unusually_high"]), (0, [20] * 6, ["zero"]), (50, [], []), (50, [0] * 6, []),
        (60, [20] * 6 + [900], ["unusually_high"]),
    ],
)  # fmt: skip
def test_warns_of_what_a_person_should_look_at_again(volume, history, codes):
    assert model.warnings_of(volume, Usual.of(history), rolled_over=False).codes == codes
    assert (Notice.ROLLED_OVER | Notice.ZERO).codes == ["rolled_over", "zero"]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6))
def test_the_mean_is_rounded_half_up(volumes):
    assert model.Usual.of(volumes).mean == int(sum(volumes) / len(volumes) + 0.5)
