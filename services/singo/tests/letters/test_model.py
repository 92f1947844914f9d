import dataclasses
import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singo import charter
from singo.letters import model
from singo.letters.model import new_code, number_text, read_code, series_of

KINDS = charter.load().kinds
words = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)


def kind_with(**letter):
    kind = KINDS["domisili"]
    return dataclasses.replace(kind, letter=dataclasses.replace(kind.letter, **letter))


@pytest.mark.parametrize(
    ("month", "roman"),
    [(1, "I"), (4, "IV"), (5, "V"), (8, "VIII"), (9, "IX"), (11, "XI"), (12, "XII")],
)
def test_a_number_is_printed_with_the_month_in_roman_figures(month, roman):
    assert number_text(KINDS["domisili"], "35.73.03.1008", 7, dt.date(2026, month, 3)) == f"470/007/35.73.03.1008/{roman}/2026"


def test_a_number_beyond_three_figures_is_not_cut():
    assert "/1234/" in number_text(KINDS["domisili"], "35.73.03.1008", 1234, dt.date(2026, 1, 1))


def test_the_pattern_of_a_kind_is_followed():
    kind = kind_with(number_pattern="{classification}.45/{number}/{unit}/{year}", classification="188")
    assert number_text(kind, "35.73.02", 34, dt.date(2018, 5, 1)) == "188.45/034/35.73.02/2018"


def test_kinds_that_print_the_same_classification_share_a_series():
    one, other = KINDS["domisili"], dataclasses.replace(KINDS["belum_menikah"], letter=KINDS["domisili"].letter)
    assert series_of(one, "35.73.03.1008") == series_of(other, "35.73.03.1008")
    assert series_of(one, "35.73.03.1008") != series_of(one, "35.73.03.1009")


def test_an_office_may_count_all_its_letters_together_and_a_city_too():
    office = kind_with(series="office")
    other = kind_with(series="office", classification="331")
    assert series_of(office, "35.73.03.1008") == series_of(other, "35.73.03.1008")
    city = kind_with(series="city")
    assert series_of(city, "35.73.03.1008") == series_of(city, "35.73.01.1001") == "kota"


@given(
    series=st.sampled_from(["kind", "office", "city"]),
    pattern=st.sampled_from(
        ["{classification}/{number}/{unit}/{year}", "{number}/{unit}/{year}", "{classification}/{number}/{year}"]
    ),
    letters=st.lists(st.tuples(st.sampled_from(["470", "331"]), st.sampled_from(["35.73.03.1008", "35.73.01.1001"])), max_size=30),
)
def test_no_number_is_printed_twice_in_a_year(series, pattern, letters):
    counters: dict[str, int] = {}
    printed = []
    for classification, office in letters:
        kind = kind_with(series=series, number_pattern=pattern, classification=classification)
        own = series_of(kind, office)
        counters[own] = counters.get(own, 0) + 1
        printed.append(number_text(kind, office, counters[own], dt.date(2026, 3, 1)))
    assert len(set(printed)) == len(printed)


def test_a_code_has_eighty_random_bits_in_groups():
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code) for code in codes)
    assert set("".join(codes)) - {"-"} == set(model.ALPHABET)


def test_a_code_is_read_however_it_is_typed():
    assert read_code("  01ab cdef-ghjk mnpq ") == "01AB-CDEF-GHJK-MNPQ"
    assert read_code("oiab-cdef-ghjk-mnpl") == "01AB-CDEF-GHJK-MNP1"


@given(st.text(max_size=80))
def test_what_is_no_code_is_none(text):
    read = read_code(text)
    assert read is None or re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", read)


@given(words, words)
def test_a_file_name_is_safe_everywhere(title, number):
    assert re.fullmatch(r"[A-Za-z0-9.\-]*\.pdf", model.file_name(title, number))


def test_a_substitute_signs_with_their_own_name_and_without_the_number_of_another():
    kind, office = KINDS["domisili"], charter.load().office("35.73.03.1008")
    who = {
        "name": "A", "birth_place": "Malang", "birth_date": "1990-01-15", "address": "Jl. A", "rt": "1", "rw": "2",
        "kelurahan": office.code,
    }  # fmt: skip
    about = {"number": "1", "code": "C", "day": dt.date(2026, 1, 2)}
    own = model.page_of(kind, office, who, {}, signatory="", **about)
    other = model.page_of(kind, office, who, {}, signatory="Pengganti, S.H.", **about)
    assert (own.signatory, own.nip) == (office.lurah, office.nip)
    assert (other.signatory, other.nip) == ("Pengganti, S.H.", "")
