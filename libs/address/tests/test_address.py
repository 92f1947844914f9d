import dataclasses
import os

import pytest
from address import Home, address_hash, street
from hypothesis import given
from hypothesis import strategies as st

KEY = os.urandom(32)
HOME = Home("35.73.03.1008", "012", "003", "Jl. Danau Toba No. 5")
words = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)


@pytest.mark.parametrize(
    "written",
    [
        Home("35.73.03.1008", "12", "3", "JL DANAU TOBA 5"),
        Home("35.73.03.1008", "012", "03", "jalan  danau toba, nomor 5"),
        Home("35.73.03.1008 ", "0012", "003", "Jln. Danau Toba No.5"),
    ],
)
def test_the_same_house_has_the_same_hash_however_it_is_written(written):
    assert address_hash(KEY, written) == address_hash(KEY, HOME)


@pytest.mark.parametrize(
    "changed",
    [{"address": "Jl. Danau Toba No. 6"}, {"rt": "004"}, {"rw": "011"}, {"kelurahan": "35.73.03.1009"}, {"rw": "003", "rt": "012"}],
)
def test_another_house_has_another_hash(changed):
    assert address_hash(KEY, dataclasses.replace(HOME, **changed)) != address_hash(KEY, HOME)


def test_without_the_key_nobody_makes_the_hash():
    assert address_hash(KEY, HOME) != address_hash(os.urandom(32), HOME)


@given(words)
def test_a_street_is_brought_to_one_form_once_and_for_all(text):
    assert street(street(text)) == street(text)
