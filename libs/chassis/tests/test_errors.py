import pytest
from chassis.errors import Conflict, DomainError, FieldError, InvalidFields, NotFound, Refused


class BillPaidAlready(Refused):
    id = "Tagihan {number} sudah dibayar."
    en = "Bill {number} is paid already."


class Renamed(Conflict):
    id = "x"
    en = "x"
    code = "stable_name"


def test_a_sentence_is_filled_in_each_language():
    wrong = BillPaidAlready(number="2026-10")
    assert wrong.sentence("id") == "Tagihan 2026-10 sudah dibayar."
    assert wrong.sentence("en") == str(wrong) == "Bill 2026-10 is paid already."


def test_the_code_is_the_name_unless_said():
    assert BillPaidAlready.code == "bill_paid_already"
    assert Renamed.code == "stable_name"
    assert NotFound.code == "not_found"


@pytest.mark.parametrize("kind", [Refused, NotFound, Conflict, InvalidFields])
def test_each_kind_has_its_own_sentences(kind):
    assert kind().sentence("id") != kind().sentence("en")
    assert isinstance(kind(), DomainError)


def test_a_forgotten_placeholder_is_noticed_where_it_is_raised():
    with pytest.raises(KeyError):
        BillPaidAlready()


def test_fields_at_fault_are_kept():
    field = FieldError("nik", "nik_length", "NIK harus 16 angka.", "A NIK has 16 digits.")
    wrong = InvalidFields(fields=[field])
    assert wrong.fields == (field,)
    assert (field.sentence("id"), field.sentence("en")) == ("NIK harus 16 angka.", "A NIK has 16 digits.")
