"""The rules of NIK, No. KK and phone, for any number there is."""

import datetime as dt

from chassis.errors import FieldError
from gateway.identity.model import Nik, check_kk, check_nik, check_phone
from gateway.identity.model.nik import PROVINCES
from gateway.identity.registry.simulator import people
from hypothesis import given
from hypothesis import strategies as st

DISTRICTS = st.builds(
    lambda province, regency, district: f"{province}{regency:02}{district:02}",
    st.sampled_from(sorted(PROVINCES)), st.integers(1, 99), st.integers(1, 99),
)  # fmt: skip
BIRTHS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
SERIALS = st.integers(1, 9999)


def written(district, born, woman, serial):
    return f"{district}{born.day + 40 * woman:02}{born:%m}{born.year % 100:02}{serial:04}"


def codes(found):
    assert isinstance(found, list)
    return {error.code for error in found}


@given(DISTRICTS, BIRTHS, st.booleans(), SERIALS)
def test_every_well_made_nik_is_read_back(district, born, woman, serial):
    found = check_nik(written(district, born, woman, serial), birth_date=born, sex="P" if woman else "L")
    assert isinstance(found, Nik)
    assert found.born_on(born)
    assert found.sex == ("P" if woman else "L")
    assert found.district.replace(".", "") == district
    assert found.warnings == ()


@given(DISTRICTS, BIRTHS, st.booleans(), SERIALS, st.sampled_from([" ", "-", "."]), st.integers(1, 15))
def test_separators_that_people_type_do_not_matter(district, born, woman, serial, sign, where):  # noqa: PLR0917 - one strategy each
    number = written(district, born, woman, serial)
    typed = check_nik(f" {number[:where]}{sign}{number[where:]} ")
    assert isinstance(typed, Nik)
    assert typed.number == number


@given(DISTRICTS, BIRTHS, st.booleans())
def test_serial_0000_is_an_error(district, born, woman):
    assert codes(check_nik(written(district, born, woman, 0))) == {"serial"}


@given(DISTRICTS, BIRTHS, SERIALS, st.integers(32, 40) | st.integers(72, 99) | st.just(0))
def test_a_day_that_no_month_has_is_an_error(district, born, serial, day):
    number = written(district, born, False, serial)
    assert codes(check_nik(f"{number[:6]}{day:02}{number[8:]}")) == {"birth_date"}


@given(DISTRICTS, BIRTHS, SERIALS, st.integers(13, 99) | st.just(0))
def test_a_month_that_no_year_has_is_an_error(district, born, serial, month):
    number = written(district, born, False, serial)
    assert codes(check_nik(f"{number[:8]}{month:02}{number[10:]}")) == {"birth_date"}


def test_29_february_needs_a_leap_year_in_one_of_the_centuries():
    assert isinstance(check_nik("3573032902000001"), Nik)  # 2000 was one, 1900 was not
    assert codes(check_nik("3573032902010001")) == {"birth_date"}


@given(st.text(max_size=40))
def test_any_text_is_a_nik_or_a_list_of_errors_with_both_languages(text):
    found = check_nik(text)
    if isinstance(found, Nik):
        assert len(found.number) == 16
    else:
        assert found
        assert all(isinstance(error, FieldError) and error.field == "nik" and error.id and error.en for error in found)


@given(DISTRICTS, BIRTHS, BIRTHS, st.booleans(), SERIALS)
def test_another_birth_date_or_sex_only_warns(district, born, said, woman, serial):
    found = check_nik(written(district, born, woman, serial), birth_date=said, sex="L" if woman else "P")
    assert isinstance(found, Nik)
    warned = {warning.code for warning in found.warnings}
    assert "other_sex" in warned
    assert ("other_birth_date" in warned) == (not found.born_on(said))


def test_unknown_provinces_and_zero_areas_are_errors_and_unknown_districts_only_warn():
    assert codes(check_nik("9973031708900001")) == {"province"}
    assert codes(check_nik("3500031708900001")) == {"area"}
    assert codes(check_nik("3573001708900001")) == {"area"}
    found = check_nik("3573991708900001", area=lambda code: "Kedungkandang" if code == "35.73.03" else None)
    assert isinstance(found, Nik)
    assert [warning.code for warning in found.warnings] == ["unknown_area"]


def test_digits_of_other_scripts_are_no_digits():
    assert codes(check_nik("٣٥٧٣٠٣١٧٠٨٩٠٠٠٠١")) == {"format"}


@given(st.from_regex(r"8[0-9]{8,11}", fullmatch=True))
def test_a_mobile_number_has_one_form_however_it_is_written(rest):
    assert {check_phone(lead + rest) for lead in ("+62", "62", "0")} == {f"+62{rest}"}
    assert check_phone(f"0{rest[:3]}-{rest[3:]}") == f"+62{rest}"


@given(st.from_regex(r"8[0-9]{0,7}|8[0-9]{12,20}|[1-79][0-9]{8,11}", fullmatch=True))
def test_other_lengths_and_landlines_are_refused(rest):
    assert isinstance(check_phone(f"+62{rest}"), list)


def test_a_family_card_has_16_digits():
    assert check_kk("3573 0301 0101 0001") == "3573030101010001"
    assert isinstance(check_kk("357303010101000"), list)


def test_the_500_synthetic_people_are_distinct_and_break_no_rule():
    everybody = people()
    assert len(everybody) == 500
    for who in everybody.values():
        found = check_nik(who.nik, birth_date=who.birth_date, sex=who.profile.sex)
        assert isinstance(found, Nik)
        assert found.warnings == ()
        assert isinstance(check_kk(who.kk), str)
