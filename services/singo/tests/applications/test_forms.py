from __future__ import annotations

import datetime as dt
import json

import pytest
from chassis.errors import InvalidFields
from hypothesis import given
from hypothesis import strategies as st
from singo import charter
from singo.applications import forms

TODAY = dt.date(2026, 11, 24)
GOOD = {"purpose": "pengajuan sambungan air", "resident_since": "2020-01-31", "dwelling": "sewa"}
PAPERS = {"surat_pengantar", "ktp", "kk"}
CHARTER = charter.load()


@pytest.fixture
def domisili(the_charter):
    return the_charter.kind("domisili")


def wrong(kind, fields, documents=PAPERS):
    return {each.field: each for each in forms.check(kind, forms.completed(kind, fields), documents, TODAY)}


def test_a_complete_form_has_nothing_wrong(domisili):
    assert not wrong(domisili, GOOD)


def test_every_rule_broken_is_said_once_in_both_languages_in_the_order_of_the_form(domisili):
    errors = forms.check(domisili, {"purpose": "x", "resident_since": "2026-02-30", "dwelling": "istana"}, {"ktp"}, TODAY)
    assert [(each.field, each.code) for each in errors] == [
        ("fields.purpose", "minLength"),
        ("fields.resident_since", "format"),
        ("fields.dwelling", "enum"),
        ("attachments.surat_pengantar", "required"),
        ("attachments.kk", "required"),
    ]
    assert errors[0].id == "Keperluan surat paling sedikit 5 huruf."
    assert errors[0].en == "Purpose of the letter must have at least 5 characters."
    assert errors[3].id == "Lampirkan Surat pengantar RT/RW."
    assert errors[3].en == "Attach this document: Letter of introduction by RT and RW."


def test_blanks_are_missing_and_say_so(domisili):
    assert wrong(domisili, GOOD | {"purpose": ""})["fields.purpose"].en == "Purpose of the letter is required."


def test_a_day_that_is_still_to_come_is_refused(domisili):
    assert wrong(domisili, GOOD | {"resident_since": "2026-11-25"})["fields.resident_since"].code == "not_after_today"
    assert not wrong(domisili, GOOD | {"resident_since": "2026-11-24"})


@pytest.mark.parametrize(
    ("typed", "read"),
    [("1500000", 1500000), ("1.500.000", 1500000), (250, 250), ("1.5", "1.5"), ("banyak", "banyak"), ("1.50", "1.50")],
)
def test_numbers_are_read_as_they_are_typed_here(the_charter, typed, read):
    assert forms.completed(the_charter.kind("sktm"), {"monthly_income": typed}) == {"monthly_income": read}


def test_a_number_out_of_bounds_or_none_is_refused(the_charter):
    kind = the_charter.kind("sktm")
    good = {"purpose": "beasiswa sekolah", "monthly_income": "900.000", "dependants": 3, "for_whom": "Budi"}
    papers = {each.code for each in kind.requirements}
    assert not wrong(kind, good, papers)
    assert wrong(kind, good | {"dependants": 31}, papers)["fields.dependants"].code == "maximum"
    assert wrong(kind, good | {"dependants": -1}, papers)["fields.dependants"].code == "minimum"
    assert wrong(kind, good | {"dependants": "tiga"}, papers)["fields.dependants"].id == "Jumlah tanggungan harus bilangan bulat."


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("[]", "fields", "not_an_object"),
        ("{", "fields", "not_an_object"),
        ('{"purpose": NaN}', "fields", "not_an_object"),
        ('{"purpose": "\\ud800"}', "fields", "not_an_object"),
        ('{"colour": "red"}', "fields.colour", "unknown_field"),
        ('{"purpose": ["a"]}', "fields.purpose", "not_a_value"),
        ('{"purpose": "a\\u0000b"}', "fields.purpose", "not_text"),
        (json.dumps({"purpose": "x" * 4001}), "fields.purpose", "not_text"),
        (json.dumps({"purpose": "x" * 40000}), "fields", "too_large"),
    ],
)
def test_a_draft_is_checked_for_shape_only(domisili, text, field, code):
    with pytest.raises(InvalidFields) as refused:
        forms.parse(domisili, text)
    assert [(each.field, each.code) for each in refused.value.fields] == [(field, code)]
    assert refused.value.fields[0].id != refused.value.fields[0].en


def test_an_unfinished_draft_is_kept_as_it_is_typed(domisili):
    assert forms.parse(domisili, '{"purpose": " a ", "resident_since": "besok"}') == {"purpose": "a", "resident_since": "besok"}
    assert forms.parse(domisili, "") == {}


@given(st.sampled_from(sorted(CHARTER.kinds)), st.text(max_size=200))
def test_no_text_makes_the_parser_fail_otherwise(code, text):
    try:
        read, said = forms.parse(CHARTER.kind(code), text), ()
    except InvalidFields as refused:
        read, said = None, refused.fields
    assert said or isinstance(read, dict)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40)


@given(st.data(), st.sampled_from(sorted(CHARTER.kinds)))
def test_whatever_is_typed_gets_an_answer_that_names_fields_of_the_form(data, code):
    kind = CHARTER.kind(code)
    fields = data.draw(st.dictionaries(st.sampled_from(sorted(kind.properties)), VALUES))
    known = {f"fields.{name}" for name in kind.properties} | {f"attachments.{each.code}" for each in kind.requirements}
    errors = forms.check(kind, forms.completed(kind, fields), set(), TODAY)
    assert {each.field for each in errors} <= known
    assert len({each.field for each in errors}) == len(errors)
    assert all(each.id and each.en for each in errors)
