from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from singo.charter import BadKindError, StepRole, load
from singo.charter.loading import UnknownKind, UnknownOffice, read_kind

GOOD = (files("singo.charter") / "kinds" / "domisili.toml").read_text()


def test_the_five_kinds_of_the_charter_are_complete(the_charter):
    assert set(the_charter.kinds) == {"domisili", "sktm", "sku", "skck", "belum_menikah"}
    for kind in the_charter.kinds.values():
        assert kind.fee == 0
        assert kind.time_limit_days >= 1
        assert [step.role for step in kind.steps] == [StepRole.CITIZEN, StepRole.OFFICER, StepRole.LURAH]
        assert {"ktp", "kk", "surat_pengantar"} <= {each.code for each in kind.requirements}


def test_only_the_certificate_of_domicile_certifies_the_address(the_charter):
    assert [code for code, kind in the_charter.kinds.items() if kind.letter.certifies_address] == ["domisili"]


def test_every_kelurahan_has_an_office(the_charter):
    assert len(the_charter.offices) == 57
    sawojajar = the_charter.office("35.73.03.1008")
    assert (sawojajar.name, sawojajar.kecamatan, sawojajar.postcode) == ("Sawojajar", "Kedungkandang", "65139")
    assert len({office.lurah for office in the_charter.offices.values()}) == 57


def test_what_is_not_there_is_said_in_both_languages(the_charter):
    with pytest.raises(UnknownKind) as missing:
        the_charter.kind("paspor")
    assert "paspor" in missing.value.sentence("id")
    assert "paspor" in missing.value.sentence("en")
    with pytest.raises(UnknownOffice):
        the_charter.office("35.07.01.2001")


def test_a_letter_says_what_was_typed_and_nothing_typed_is_a_placeholder(the_charter):
    kind = the_charter.kind("domisili")
    applicant = {"address": "Jl. Danau Toba {fields.purpose}", "rt": "003", "rw": "012"}
    fields = {"resident_since": "2020-02-01", "dwelling": "sewa", "purpose": "{applicant.nik}"}
    said = " ".join(kind.paragraphs(applicant, fields, the_charter.office("35.73.03.1008")))
    assert "Jl. Danau Toba {fields.purpose} RT 003 RW 012, Kelurahan Sawojajar, Kecamatan Kedungkandang" in said
    assert "sejak 1 Februari 2020 dengan status tempat tinggal sewa atau kontrak" in said
    assert "keperluan {applicant.nik}." in said


def test_amounts_are_spoken_in_rupiah_and_absent_values_as_a_dash(the_charter):
    kind = the_charter.kind("sku")
    assert kind.spoken("monthly_turnover", 12500000) == "Rp12.500.000"
    assert kind.spoken("monthly_turnover", None) == "-"


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ('code = "domisili"', 'code = "Domisili!"', "code", "matching regex"),
        ('code = "domisili"', 'code = "lain"', "code", "name of the file"),
        ("time_limit_days = 1", "time_limit_days = 0", "time_limit_days", ">= 1"),
        ("time_limit_days = 1", 'time_limit_days = "satu"', "time_limit_days", "Expected `int`"),
        ("fee = 0\n", "", "", "missing required field `fee`"),
        ("fee = 0\n", "fee = 0\ncolour = 1\n", "", "unknown field `colour`"),
        ('role = "lurah"', 'role = "camat"', "steps[2].role", "camat"),
        ('role = "lurah"', 'role = "officer"', "steps", "lurah's"),
        ('format = "date"', "maxLength = -3", "form.properties.resident_since.maxLength", "less than the minimum"),
        ('x-widget = "date"', 'x-widget = "calendar"', "form.properties.resident_since.x-widget", "text, textarea"),
        ('sewa = { id = "sewa atau kontrak", en = "rented" }\n', "", "form.properties.dwelling.x-options", "each value"),
        ('required = ["purpose", ', 'required = ["colour", ', "form.required", "colour is no field"),
        ("{fields.purpose}", "{fields.colour}", "letter.body", "{fields.colour} is not known"),
        ("{fields.purpose}", "{0.__class__}", "letter.body", "brace"),
        ('code = "ktp"', 'code = "kk"', "requirements", "same code"),
        ("certifies_address = true", 'number_pattern = "{number}/{city}"', "letter.number_pattern", "{year}"),
    ],
)
def test_a_broken_file_stops_the_start_with_file_field_and_rule(old, new, field, rule):
    assert old in GOOD
    with pytest.raises(BadKindError) as wrong:
        read_kind("domisili.toml", GOOD.replace(old, new, 1).encode())
    assert wrong.value.file == "domisili.toml"
    assert wrong.value.field == field
    assert rule in wrong.value.rule


def test_what_is_no_toml_is_said_so():
    with pytest.raises(BadKindError, match=r"x\.toml: is no TOML"):
        read_kind("x.toml", b"code = ")


def test_two_files_of_one_kind_are_refused(tmp_path):
    (tmp_path / "domisili.toml").write_text(GOOD)
    with pytest.raises(BadKindError, match=r"already taken by domisili\.toml"):
        load([tmp_path])


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadKindError, match="is not a folder"):
        load([tmp_path / "none"])


def test_the_file_of_a_kind_is_what_the_charter_says(the_charter):
    assert the_charter.kind("domisili").form == tomllib.loads(GOOD)["form"]
