import base64
import os

import pytest
from chassis.crypto import Unreadable, Vault
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW, INDEX = (bytes([n]) * 32 for n in (1, 2, 3))
BEFORE = Vault({"k1": OLD}, "k1", INDEX)
AFTER = Vault({"k2": NEW, "k1": OLD}, "k2", INDEX)
PLACE = "person:7:nik"


@given(st.text(), st.text())
def test_opens_what_it_sealed_for_the_same_place(text, place):
    assert BEFORE.open(BEFORE.seal(text, bound=place), bound=place) == text


@given(st.text(), st.text(), st.text())
def test_opens_nothing_in_another_place(text, place, other):
    if place != other:
        with pytest.raises(Unreadable):
            BEFORE.open(BEFORE.seal(text, bound=place), bound=other)


@given(st.data())
def test_opens_nothing_that_was_altered(data):
    sealed = bytearray(BEFORE.seal("3573030101900001", bound=PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        BEFORE.open(bytes(sealed), bound=PLACE)


@given(st.binary(max_size=80))
def test_opens_no_other_bytes(content):
    with pytest.raises(Unreadable):
        BEFORE.open(content, bound=PLACE)


def test_every_seal_differs_and_shows_nothing():
    first, second = (BEFORE.seal("3573030101900001", bound=PLACE) for _ in range(2))
    assert first != second
    assert b"3573" not in first


def test_rotation_opens_the_old_and_seals_with_the_new():
    old = BEFORE.seal("rahasia", bound=PLACE)
    assert AFTER.open(old, bound=PLACE) == "rahasia"
    assert AFTER.stale(old)
    new = AFTER.seal("rahasia", bound=PLACE)
    assert not AFTER.stale(new)
    with pytest.raises(Unreadable, match="k2"):
        BEFORE.open(new, bound=PLACE)


def test_the_key_id_in_a_value_is_authenticated():
    same_key_two_names = Vault({"k1": OLD, "k9": OLD}, "k1", INDEX)
    sealed = same_key_two_names.seal("x", bound=PLACE).replace(b"k1", b"k9", 1)
    with pytest.raises(Unreadable):
        same_key_two_names.open(sealed, bound=PLACE)


def test_reads_what_a_driver_hands_over():
    assert BEFORE.open(memoryview(BEFORE.seal("x", bound=PLACE)), bound=PLACE) == "x"


def test_seals_bytes():
    content = os.urandom(100)
    assert BEFORE.open_bytes(BEFORE.seal_bytes(content, bound=PLACE), bound=PLACE) == content


def test_the_index_finds_equal_texts_across_rotation_and_not_across_kinds():
    assert BEFORE.index("3573030101900001") == AFTER.index("3573030101900001")
    assert BEFORE.index("3573030101900001") != BEFORE.index("3573030101900002")
    assert BEFORE.index("3573030101900001", of="nik") != BEFORE.index("3573030101900001", of="kk")
    assert BEFORE.index("x") != Vault({"k1": OLD}, "k1", b"\4" * 32).index("x")


def test_reads_keys_from_a_setting_the_first_seals():
    first, second, index = (base64.b64encode(key).decode() for key in (NEW, OLD, INDEX))
    vault = Vault.from_setting(f"k2:{first}, k1:{second}", index=index)
    assert vault.open(BEFORE.seal("x", bound=PLACE), bound=PLACE) == "x"
    assert AFTER.open(vault.seal("x", bound=PLACE), bound=PLACE) == "x"
    assert not AFTER.stale(vault.seal("x", bound=PLACE))


@pytest.mark.parametrize(
    ("keys", "index", "said"),
    [
        ("", "AA==", "no key"),
        ("k1:%%%", base64.b64encode(INDEX).decode(), "not base64"),
        ("k1:AA==", base64.b64encode(INDEX).decode(), "32 bytes"),
        (f"k1:{base64.b64encode(OLD).decode()}", "AA==", "index key"),
        (f"k1:{base64.b64encode(OLD).decode()}", base64.b64encode(OLD).decode(), "none of the others"),
        (f":{base64.b64encode(OLD).decode()}", base64.b64encode(INDEX).decode(), "id of 1"),
    ],
)
def test_refuses_keys_that_are_wrong_without_showing_them(keys, index, said):
    with pytest.raises(ValueError, match=said) as caught:
        Vault.from_setting(keys, index=index)
    assert base64.b64encode(OLD).decode() not in str(caught.value)


def test_refuses_an_unknown_current_key():
    with pytest.raises(ValueError, match="k9"):
        Vault({"k1": OLD}, "k9", INDEX)
