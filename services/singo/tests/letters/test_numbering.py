import datetime as dt
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from chassis import clock
from chassis.errors import InvalidFields
from sqlalchemy.exc import IntegrityError


def ordinals(registry):
    with registry.db.transaction(readonly=True) as session:
        return [row[0] for row in session.execute(sa.text("select ordinal from letter order by ordinal"))]


def test_a_retry_gets_the_same_number_code_and_text(registry):
    application = uuid.uuid4()
    first = registry.reserve(application)
    again = registry.reserve(application)
    assert again == first
    assert ordinals(registry) == [1]


def test_a_retry_in_the_next_year_keeps_the_number_and_the_day(registry):
    application = uuid.uuid4()
    with clock.frozen(dt.datetime(2026, 12, 31, 3, tzinfo=dt.UTC)):
        first = registry.reserve(application)
    with clock.frozen(dt.datetime(2027, 1, 2, 3, tzinfo=dt.UTC)):
        assert registry.reserve(application) == first
        assert first.page.dated == "31 Desember 2026"


def test_many_at_once_get_numbers_without_duplicates_or_gaps(registry):
    with ThreadPoolExecutor(8) as pool:
        drafts = list(pool.map(lambda _: registry.reserve(), range(40)))
    assert ordinals(registry) == list(range(1, 41))
    assert len({draft.number for draft in drafts}) == 40
    assert len({draft.code for draft in drafts}) == 40


def test_two_tries_of_one_application_at_once_get_one_letter(registry):
    application, gate = uuid.uuid4(), threading.Barrier(6)

    def at_once(_):
        gate.wait()
        return registry.reserve(application)

    with ThreadPoolExecutor(6) as pool:
        drafts = list(pool.map(at_once, range(6)))
    assert len({draft.letter_id for draft in drafts}) == 1
    assert ordinals(registry) == [1]


def test_a_transaction_that_fails_burns_no_number(registry):
    def fails():
        with registry.db.transaction() as session:
            registry.reserve_in(session, uuid.uuid4())
            raise RuntimeError("power cut")

    registry.reserve()
    with pytest.raises(RuntimeError, match="power cut"):
        fails()
    registry.reserve()
    assert ordinals(registry) == [1, 2]


def test_numbers_start_again_each_year(registry):
    with clock.frozen(dt.datetime(2026, 12, 31, 16, 59, tzinfo=dt.UTC)):  # 23:59 in Malang
        assert registry.reserve().number.startswith("470/001/")
        assert registry.reserve().number.endswith("/XII/2026")
    with clock.frozen(dt.datetime(2026, 12, 31, 17, 0, tzinfo=dt.UTC)):
        assert registry.reserve().number == "470/001/35.73.03.1008/I/2027"


def test_each_office_has_its_own_numbers(registry):
    registry.reserve()
    assert registry.reserve(at="35.73.01.1001").number.startswith("470/001/35.73.01.1001/")


def test_the_database_refuses_a_number_given_twice(registry):
    registry.reserve()
    with registry.db.transaction() as session:
        session.execute(sa.text("update letter_counter set last = 0"))
    with pytest.raises(IntegrityError, match="uq_letter"):
        registry.reserve()


def test_what_stands_on_a_letter_is_sealed_in_the_database(registry):
    draft = registry.reserve(name="Rahmawati Kusuma")
    with registry.db.transaction(readonly=True) as session:
        row = session.execute(sa.text("select letter::text from letter")).scalar_one()
        page = session.execute(sa.text("select page from letter")).scalar_one()
    assert "Rahmawati" not in row
    assert b"Rahmawati" not in bytes(page)
    assert ("Nama lengkap", "Rahmawati Kusuma") in draft.page.rows
    assert "3573035501900001" not in repr(draft)


@pytest.mark.parametrize("sign", ["🙂", "小", "\u202e", "\0", "\ue000", "\u200b"])
def test_what_a_letter_cannot_show_is_refused_by_field_before_a_number_is_given(registry, sign):
    with pytest.raises(InvalidFields) as refusal:
        registry.reserve(name=f"Budi {sign}")
    [error] = refusal.value.fields
    assert (error.field, error.code) == ("applicant.name", "unprintable")
    assert f"U+{ord(sign):04X}" in error.id
    assert f"U+{ord(sign):04X}" in error.en
    assert registry.reserve().number.startswith("470/001/")
