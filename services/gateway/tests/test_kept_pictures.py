"""Pictures that wait with their form: of one person, for two hours, never in clear."""

from datetime import timedelta

import pytest
from chassis import clock
from gateway import kept_pictures

ME, OTHER = "citizen:11111111-1111-4111-8111-111111111111", "guest:22222222-2222-4222-8222-222222222222"


@pytest.fixture
def session(means):
    with means.db.transaction() as session:
        yield session


def test_a_kept_picture_is_found_by_its_person_only(session, means):
    made = kept_pictures.keep(session, means.vault, ME, "bocor.jpg", b"\xff\xd8\xffpicture")
    assert kept_pictures.kept(session, means.vault, ME, [made.id]) == [made]
    assert kept_pictures.kept(session, means.vault, OTHER, [made.id]) == []
    kept_pictures.forget(session, OTHER, [made.id])
    assert kept_pictures.kept(session, means.vault, ME, [made.id]) == [made]
    kept_pictures.forget(session, ME, [made.id, "no id at all"])
    assert kept_pictures.kept(session, means.vault, ME, [made.id]) == []


def test_pictures_come_in_the_order_asked_for_and_once(session, means):
    one, two = (kept_pictures.keep(session, means.vault, ME, f"{number}.jpg", b"x") for number in (1, 2))
    assert kept_pictures.kept(session, means.vault, ME, [two.id, one.id, two.id, "x"]) == [two, one]


def test_of_too_many_the_oldest_go(session, means):
    made = []
    for number in range(kept_pictures.MOST + 3):
        with clock.frozen(clock.now() + timedelta(seconds=number)):
            made.append(kept_pictures.keep(session, means.vault, ME, f"{number}.jpg", b"x").id)
    assert [each.id for each in kept_pictures.kept(session, means.vault, ME, made)] == made[3:]


def test_after_two_hours_a_picture_is_gone(session, means):
    made = kept_pictures.keep(session, means.vault, ME, "bocor.jpg", b"x")
    with clock.frozen(clock.now() + timedelta(hours=2, seconds=1)):
        assert kept_pictures.kept(session, means.vault, ME, [made.id]) == []
        kept_pictures.purge(session)
    assert kept_pictures.kept(session, means.vault, ME, [made.id]) == []


def test_a_picture_is_not_kept_in_clear(session, means):
    kept_pictures.keep(session, means.vault, ME, "bocor.jpg", b"the-very-picture")
    stored = session.connection().exec_driver_sql("select content_sealed from kept_picture").scalar_one()
    assert b"the-very-picture" not in bytes(stored)
