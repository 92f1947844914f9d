"""Passwords: long enough and not what everybody tries; nothing about which signs they have."""

import pytest
from gateway.identity.hashing import Hasher
from gateway.identity.model import ACCOUNT, ADDRESS, PAIR, check_password


@pytest.mark.parametrize("good", ["rawon nguling enak", "kucing-hitam-7", "tahu tempe bacem", "8391749264173055", "Θάλασσα-νερό"])
def test_a_long_password_of_any_signs_is_taken(good):
    assert check_password(good) == []


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("short", "too_short"), ("x" * 129, "too_long"), ("password123", "too_common"), ("Password123!", "too_common"),
        ("qwertyuiop", "too_common"), ("aremania1987", "too_common"), ("aaaaaaaaaaaa", "too_common"), ("1234567890", "too_common"),
        ("0812345678", "too_common"), ("abcdefghijkl", "too_common"),
    ],
)  # fmt: skip
def test_what_everybody_tries_is_refused(bad, code):
    assert [error.code for error in check_password(bad)] == [code]


def test_ones_own_name_or_number_is_refused_forwards_and_backwards():
    for bad in ("Ayu Wibisono", "ayuwibisono", "onosibiwuya"):
        assert [error.code for error in check_password(bad, not_like=["Ayu Wibisono"])] == ["too_common"]


def test_hashes_are_argon2id_of_the_agreed_costs_and_an_unknown_user_costs_the_same_work():
    hasher = Hasher()
    stored = hasher.hash("rawon nguling enak")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify(stored, "rawon nguling enak")
    assert not hasher.verify(stored, "rawon nguling")
    assert not hasher.verify(None, "a password that nobody has")
    assert not hasher.outdated(stored)
    assert hasher.outdated("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG")


@pytest.mark.parametrize("rule", [PAIR, ACCOUNT, ADDRESS])
def test_waiting_begins_after_the_free_tries_and_doubles_up_to_its_limit(rule):
    waits = [rule.wait(failures) for failures in range(200)]
    assert waits[: rule.free + 1] == [0] * (rule.free + 1)
    assert waits[rule.free + 1] == rule.first
    assert waits == sorted(waits)
    assert max(waits) == rule.longest
