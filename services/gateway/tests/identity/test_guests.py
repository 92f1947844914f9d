"""Guests: a phone is proved by a code; the guest exists only where guests are let in."""

import re
from datetime import timedelta

import pytest
from chassis import clock
from chassis.errors import InvalidFields
from gateway.identity import guests, sessions
from gateway.identity.errors import CodeRefused, TooManyTries
from gateway.identity.model import PAIR

PHONE, ADDRESS = "+6281299900011", "203.0.113.20"


def proved(means, people, phone=PHONE, **how):
    begun = guests.begin(means, phone, address=ADDRESS)
    return guests.confirm(means, begun.request_id, people.code_to(means, phone), address=ADDRESS, agent="test", **how)


def test_the_same_phone_is_the_same_guest_however_it_is_written(means, people):
    first = proved(means, people)
    begun = guests.begin(means, "0812-9990-0011", address=ADDRESS, language="en")
    again = guests.confirm(means, begun.request_id, people.code_to(means, PHONE), address=ADDRESS, agent="test")
    assert first.subject == again.subject
    assert first.token != again.token
    with means.db.transaction(readonly=True) as session:
        assert guests.contact(session, means.vault, [first.subject]) == {first.subject: PHONE}
        assert guests.languages(session, [first.subject]) == {first.subject: "en"}


def test_a_guest_has_a_session_of_two_hours_and_shows_only_the_ends_of_the_phone(means, people):
    new = proved(means, people)
    who = sessions.find(means, new.token)
    assert (who.kind, who.principal.kind, who.principal.loa, who.id) == ("guest", "guest", 0, new.subject)
    assert who.display_name == "+6281••••••011"
    means.cache.delete(*_cache_keys(means, new))
    with clock.frozen(clock.now() + timedelta(hours=2, seconds=1)):
        assert sessions.find(means, new.token) is None


def _cache_keys(means, new):
    import uuid

    with means.db.transaction(readonly=True) as session:
        return sessions.cache_keys(session, uuid.UUID(new.subject))


def test_a_wrong_code_opens_nothing_and_a_used_one_opens_nothing_again(means, people):
    begun = guests.begin(means, PHONE, address=ADDRESS)
    code = people.code_to(means, PHONE)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    with pytest.raises(CodeRefused):
        guests.confirm(means, begun.request_id, wrong, address=ADDRESS, agent="test")
    guests.confirm(means, begun.request_id, code, address=ADDRESS, agent="test")
    with pytest.raises(CodeRefused):
        guests.confirm(means, begun.request_id, code, address=ADDRESS, agent="test")


def test_a_code_for_something_else_opens_no_guest_session(means, people):
    from gateway.identity import registration

    form = people.form_of(3)
    begun = registration.begin(means, form, address=ADDRESS)
    with pytest.raises(CodeRefused):
        guests.confirm(means, begun.request_id, people.code_to(means, form["phone"]), address=ADDRESS, agent="test")


@pytest.mark.parametrize("phone", ["", "12345", "+14155550100", "0812'; drop table guest"])
def test_what_is_no_mobile_number_is_named(means, phone):
    with pytest.raises(InvalidFields) as refused:
        guests.begin(means, phone, address=ADDRESS)
    assert [each.field for each in refused.value.fields] == ["phone"]


def test_codes_for_one_phone_are_slowed(means):
    for _each in range(PAIR.free + 1):
        guests.begin(means, PHONE, address=ADDRESS)
    with pytest.raises(TooManyTries):
        guests.begin(means, PHONE, address=ADDRESS)


def test_the_phone_is_not_kept_in_clear(means, people):
    proved(means, people)
    with means.db.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("select phone_index, phone_sealed, language from guest").all())
    assert not re.search("99900011", kept)


def test_a_guest_unseen_for_two_years_is_forgotten_and_another_is_not(means, people):
    new = proved(means, people)
    with clock.frozen(clock.now() + timedelta(days=731)):
        with means.db.transaction() as session:
            guests.purge(session)
        with means.db.transaction(readonly=True) as session:
            assert guests.contact(session, means.vault, [new.subject]) == {}


@pytest.mark.parametrize("path", ["/beranda", "/permohonan", "/air", "/kotak-masuk", "/data-saya", "/tagihan"])
@pytest.mark.parametrize("cookie", ["guest", "session"])
def test_a_guest_is_nobody_on_the_pages_of_citizens_whatever_the_cookie_is_called(app, means, people, path, cookie):
    client = app.test_client()
    client.set_cookie(cookie, proved(means, people).token)
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/masuk")


def test_a_citizens_session_in_the_guests_cookie_opens_nothing(app, means, people):
    client = app.test_client()
    client.set_cookie("guest", people.signed_in(means).new.token)
    assert client.get("/beranda").status_code == 303
