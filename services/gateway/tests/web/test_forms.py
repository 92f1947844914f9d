"""Forms generated from a schema."""

from gateway.web import forms
from hypothesis import given
from hypothesis import strategies as st

SCHEMA = {
    "required": ["purpose"],
    "properties": {
        "purpose": {"type": "string", "maxLength": 200, "x-widget": "textarea", "x-label": {"id": "Keperluan", "en": "Purpose"}},
        "since": {"type": "string", "format": "date", "x-widget": "date", "x-label": {"id": "Sejak", "en": "Since"}},
        "income": {"type": "integer", "x-widget": "number", "x-label": {"id": "Penghasilan", "en": "Income"}},
        "own": {"type": "boolean", "x-widget": "select", "x-label": {"id": "Milik sendiri", "en": "Own"}},
        "house": {
            "type": "string", "enum": ["sewa"], "x-widget": "select", "x-label": {"id": "Rumah", "en": "House"},
            "x-options": {"sewa": {"id": "sewa atau kontrak", "en": "rented"}},
        },
    },
}  # fmt: skip


def test_fields_keep_the_order_of_the_file_and_say_which_may_be_empty():
    shown = forms.widgets(SCHEMA)
    assert [(each.name, each.widget, each.optional) for each in shown] == [
        ("purpose", "textarea", False),
        ("since", "date", True),
        ("income", "number", True),
        ("own", "checkbox", True),
        ("house", "select", True),
    ]
    assert shown[0].maxlength == 200
    assert shown[4].options == (("sewa", "Sewa atau kontrak"),)


def test_what_was_typed_becomes_the_types_of_the_schema():
    typed = {"purpose": "  a\r\nb ", "income": "1.500.000", "own": "ya", "house": "", "stranger": "x"}
    assert forms.collect(SCHEMA, typed) == {"purpose": "a\nb", "income": 1_500_000, "own": True}


def test_what_is_no_number_stays_as_typed_for_the_service_to_refuse():
    assert forms.collect(SCHEMA, {"income": "banyak"})["income"] == "banyak"


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_a_number_survives_being_saved_and_shown_again(number):
    saved = forms.collect(SCHEMA, {"income": str(number)})
    assert saved["income"] == number
    assert forms.spread(f'{{"income": {number}}}') == {"income": str(number)}


def test_answers_are_shown_in_words():
    fields = '{"purpose": "air", "since": "2015-03-01", "income": 1500000, "own": false, "house": "sewa"}'
    assert [each.shown for each in forms.answers(SCHEMA, fields)] == [
        "air",
        "1 Maret 2015",
        "1.500.000",
        "Tidak",
        "Sewa atau kontrak",
    ]


def test_an_impossible_date_of_a_draft_is_shown_as_typed():
    assert forms.answers(SCHEMA, '{"since": "2015-02-31"}')[1].shown == "2015-02-31"
