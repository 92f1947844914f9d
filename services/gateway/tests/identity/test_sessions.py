"""Sessions: found with and without Redis, ended by hand, by idling and by age."""

import datetime as dt
from dataclasses import replace

import pytest
from chassis import clock
from chassis.cache import Cache
from gateway.identity import profile, sessions, signin
from gateway.identity.errors import NoSuchSession


@pytest.fixture(params=["redis", "no redis"])
def either(request, means):
    if request.param == "no redis":
        return means
    return replace(means, cache=Cache(request.getfixturevalue("valkey")))


def test_a_session_is_found_by_its_token_and_by_no_other(either, people):
    one = people.signed_in(either, 3)
    for _ in range(2):  # the second time from the cache, where there is one
        person = sessions.find(either, one.new.token)
        assert (person.id, person.kind, person.loa, person.principal.kind) == (one.citizen_id, "citizen", 2, "citizen")
        assert person.display_name == people.form_of(3)["name"]
    assert sessions.find(either, one.new.token[:-1] + "x") is None
    assert sessions.find(either, "") is None


def test_a_signed_out_session_is_gone_at_once(either, people):
    one = people.signed_in(either, 3)
    person = sessions.find(either, one.new.token)
    sessions.end(either, person)
    assert sessions.find(either, one.new.token) is None
    with pytest.raises(NoSuchSession):
        sessions.end(either, person)


def test_signing_out_everywhere_ends_browsers_and_api_clients(either, people):
    one = people.signed_in(either, 3)
    other = signin.sign_in(either, one.nik, people.PASSWORD, address="198.51.100.7", agent="phone", client="api")
    person = sessions.find(either, one.new.token)
    assert sessions.find_by_id(either, other.session_id).id == person.id
    assert {(view.client, view.current) for view in sessions.open_sessions(either, person)} == {("browser", True), ("api", False)}
    assert sessions.end_everywhere(either, person, but_this=True) == 1
    assert sessions.find_by_id(either, other.session_id) is None
    assert sessions.find(either, one.new.token) is not None
    assert sessions.end_everywhere(either, person) == 1
    assert sessions.find(either, one.new.token) is None


def test_nobody_ends_the_session_of_another_person(either, people):
    one, other = people.signed_in(either, 3), people.signed_in(either, 4)
    with pytest.raises(NoSuchSession):
        sessions.end(either, sessions.find(either, other.new.token), one.new.session_id)
    with pytest.raises(NoSuchSession):
        sessions.end(either, sessions.find(either, other.new.token), "no id")
    assert sessions.find(either, one.new.token) is not None


def test_a_session_ends_after_an_idle_hour(either, people):
    one = people.signed_in(either, 3)
    later = clock.now() + dt.timedelta(minutes=61)
    with clock.frozen(later):
        assert sessions.find(either, one.new.token) is None


def test_use_keeps_a_session_open_but_not_for_ever(either, people):
    one = people.signed_in(either, 3)
    start = clock.now()
    for minutes in range(50, 12 * 60, 50):
        with clock.frozen(start + dt.timedelta(minutes=minutes)):
            assert sessions.find(either, one.new.token) is not None, minutes
    with clock.frozen(start + dt.timedelta(hours=12, seconds=1)):
        assert sessions.find(either, one.new.token) is None


def test_a_changed_language_is_seen_at_once(either, people):
    one = people.signed_in(either, 3)
    person = sessions.find(either, one.new.token)
    assert person.language == "id"
    profile.set_language(either, person, "en")
    assert sessions.find(either, one.new.token).language == "en"


def test_the_cache_holds_no_name_in_clear(means, valkey, people):
    from redis import Redis

    own = replace(means, cache=Cache(valkey))
    one = people.signed_in(own, 3)
    sessions.find(own, one.new.token)
    client = Redis.from_url(valkey)
    values = b"".join(client.get(key) for key in client.scan_iter("session:*"))
    assert one.citizen_id.encode() in values
    assert people.form_of(3)["name"].encode() not in values
    assert one.new.token.encode() not in b"".join(client.scan_iter("session:*"))


def test_a_redis_that_is_gone_costs_little_and_changes_nothing(means, people):
    import time

    own = replace(means, cache=Cache("unix:///nowhere/redis.sock"))
    one = people.signed_in(own, 3)
    began = time.perf_counter()
    for _ in range(20):
        assert sessions.find(own, one.new.token) is not None
    assert time.perf_counter() - began < 2


def test_changing_the_password_ends_the_other_sessions_and_tells_the_phone(either, people):
    one = people.signed_in(either, 3)
    other = signin.sign_in(either, one.nik, people.PASSWORD, address="198.51.100.7", agent="other")
    sessions.find(either, other.token)
    person = sessions.find(either, one.new.token)
    profile.change_password(either, person, people.PASSWORD, "Bakso-president-88", address=people.ADDRESS)
    assert sessions.find(either, other.token) is None
    assert sessions.find(either, one.new.token) is not None
    assert "baru saja diganti" in people.messages_to(either, one.phone)[0]
    assert signin.sign_in(either, one.nik, "Bakso-president-88", address=people.ADDRESS, agent="test")
