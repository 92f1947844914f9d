"""Registration: rules, registry, code, no enumeration."""

import threading

import pytest
from chassis.errors import InvalidFields
from gateway.identity import profile, registration, signin
from gateway.identity.errors import AlreadyRegistered, CodeRefused, CodeTooSoon, IdentityNotConfirmed, RegistryUnavailable
from gateway.identity.registry import Match
from sqlalchemy import text


def test_a_person_registers_and_signs_in_by_nik_and_by_phone(means, people):
    citizen = people.register(means, 3)
    own = profile.details(means, citizen)
    assert own.loa == 2
    assert own.profile.kelurahan == "35.73.03.1008"
    for identifier in (own.nik, own.phone, own.phone.replace("+62", "0")):
        assert signin.sign_in(means, identifier, people.PASSWORD, address="203.0.113.9", agent="test").subject == citizen


def test_registration_says_a_fact_with_an_id_and_nothing_else(means, people):
    citizen = people.register(means, 3)
    with means.db.transaction() as session:
        rows = session.execute(text("select topic, key, payload from outbox")).all()
    assert [(row.topic, row.key) for row in rows] == [("gateway.identity", citizen)]
    assert rows[0].payload.count(citizen.encode()) == 1
    assert len(rows[0].payload) == len(citizen) + 2


def test_nothing_that_identifies_a_person_is_readable_in_the_database(means, people):
    people.register(means, 3)
    form = people.form_of(3)
    with means.db.transaction() as session:
        for table in ("account", "challenge", "message", "throttle", "outbox"):
            dump = str([tuple(map(_readable, row)) for row in session.execute(text(f"select * from {table}"))])
            for name in ("nik", "kk", "name", "phone", "birth_date"):
                assert form[name] not in dump, (table, name)


def _readable(value):
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else value


def test_every_broken_rule_is_named_in_both_languages_and_nothing_is_kept(means, people):
    form = people.form_of(3, nik="12", kk="x", name="", birth_date="31-02-2000", phone="12345", password="short", email="no")
    with pytest.raises(InvalidFields) as wrong:
        registration.begin(means, form, address=people.ADDRESS)
    assert {field.field for field in wrong.value.fields} == {"nik", "kk", "name", "birth_date", "phone", "password", "email"}
    assert all(field.id and field.en and field.id != field.en for field in wrong.value.fields)
    with means.db.transaction() as session:
        assert session.scalar(text("select count(*) from challenge")) == 0


@pytest.mark.parametrize("name", ["kk", "name", "birth_date"])
def test_what_the_registry_does_not_know_is_refused_without_saying_what_is_wrong(means, people, name):
    other = people.form_of(4)[name]
    with pytest.raises(IdentityNotConfirmed) as wrong:
        registration.begin(
            means, people.form_of(3, **{name: other if name != "kk" else "3573030101019999"}), address=people.ADDRESS
        )
    assert wrong.value.fields == ()


def test_an_unreachable_registry_is_no_match_for_nobody(means, people):
    class Away:
        def match(self, **_who):
            return Match("unavailable")

    from dataclasses import replace

    with pytest.raises(RegistryUnavailable):
        registration.begin(replace(means, registry=Away()), people.form_of(3), address=people.ADDRESS)


def test_someone_registered_gets_the_same_answer_and_the_owner_is_told(means, people):
    people.register(means, 3)
    owner = people.form_of(3)["phone"]
    stranger = "+628111222333"
    before = len(people.messages_to(means, owner))
    fresh = registration.begin(means, people.form_of(4), address=people.ADDRESS)
    again = registration.begin(means, people.form_of(3, phone=stranger), address=people.ADDRESS)
    assert type(again) is type(fresh)
    assert len(again.sent_to) == len("+628111222333")
    assert people.messages_to(means, stranger) == []
    assert "mencoba mendaftar" in people.messages_to(means, owner)[0]
    assert len(people.messages_to(means, owner)) == before + 1
    for code in ("000000", "123456"):
        with pytest.raises(CodeRefused):
            registration.confirm(means, again.request_id, code)


def test_a_phone_of_another_account_opens_no_second_one(means, people):
    people.register(means, 3)
    taken = people.form_of(3)["phone"]
    before = len(people.messages_to(means, taken))
    registration.begin(means, people.form_of(4, phone=taken), address=people.ADDRESS)
    told = people.messages_to(means, taken)
    assert len(told) == before + 1
    assert "mencoba mendaftar" in told[0]


def test_a_code_works_once(means, people):
    form = people.form_of(3)
    begun = registration.begin(means, form, address=people.ADDRESS)
    code = people.code_to(means, form["phone"])
    registration.confirm(means, begun.request_id, code)
    with pytest.raises(CodeRefused):
        registration.confirm(means, begun.request_id, code)


def test_a_code_is_bound_to_its_request(means, people):
    one, other = people.form_of(3), people.form_of(4)
    first = registration.begin(means, one, address=people.ADDRESS)
    registration.begin(means, other, address=people.ADDRESS)
    with pytest.raises(CodeRefused):
        registration.confirm(means, first.request_id, people.code_to(means, other["phone"]))


def test_after_five_wrong_codes_the_right_one_is_refused(means, people):
    form = people.form_of(3)
    begun = registration.begin(means, form, address=people.ADDRESS)
    code = people.code_to(means, form["phone"])
    for _ in range(5):
        with pytest.raises(CodeRefused):
            registration.confirm(means, begun.request_id, f"{(int(code) + 1) % 1_000_000:06}")
    with pytest.raises(CodeRefused):
        registration.confirm(means, begun.request_id, code)


def test_many_tries_at_once_are_counted_one_by_one(means, people):
    form = people.form_of(3)
    begun = registration.begin(means, form, address=people.ADDRESS)
    code = people.code_to(means, form["phone"])
    wrong = [f"{(int(code) + step) % 1_000_000:06}" for step in range(1, 31)]

    def guess(guessed):
        with pytest.raises(CodeRefused):
            registration.confirm(means, begun.request_id, guessed)

    threads = [threading.Thread(target=guess, args=(each,)) for each in wrong]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with means.db.transaction() as session:
        assert session.scalar(text("select tries from challenge where purpose = 'register'")) == 5


def test_the_right_code_sent_many_times_at_once_opens_one_account(means, people):
    form = people.form_of(3)
    begun = registration.begin(means, form, address=people.ADDRESS)
    code, outcomes = people.code_to(means, form["phone"]), []

    def confirm():
        try:
            outcomes.append(registration.confirm(means, begun.request_id, code))
        except (CodeRefused, AlreadyRegistered):
            outcomes.append(None)

    threads = [threading.Thread(target=confirm) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(outcome is not None for outcome in outcomes) == 1
    with means.db.transaction() as session:
        assert session.scalar(text("select count(*) from account")) == 1


def test_two_registrations_of_one_person_make_one_account(means, people):
    form = people.form_of(3)
    first = registration.begin(means, form, address=people.ADDRESS)
    one = people.code_to(means, form["phone"])
    second = registration.begin(means, form, address=people.ADDRESS)
    other = people.code_to(means, form["phone"])
    registration.confirm(means, first.request_id, one)
    with pytest.raises(AlreadyRegistered):
        registration.confirm(means, second.request_id, other)


def test_a_code_ends_after_ten_minutes(means, people):
    import datetime as dt

    from chassis import clock

    form = people.form_of(3)
    begun = registration.begin(means, form, address=people.ADDRESS)
    code = people.code_to(means, form["phone"])
    with clock.frozen(clock.now() + dt.timedelta(minutes=10, seconds=1)), pytest.raises(CodeRefused):
        registration.confirm(means, begun.request_id, code)


def test_a_new_code_waits_a_minute_and_replaces_the_old_one(means, people):
    import datetime as dt

    from chassis import clock

    form = people.form_of(3)
    begun = registration.begin(means, form, address=people.ADDRESS)
    old = people.code_to(means, form["phone"])
    with pytest.raises(CodeTooSoon):
        registration.resend(means, begun.request_id)
    with clock.frozen(clock.now() + dt.timedelta(seconds=61)):
        registration.resend(means, begun.request_id)
        new = people.code_to(means, form["phone"])
        if new != old:
            with pytest.raises(CodeRefused):
                registration.confirm(means, begun.request_id, old)
        assert registration.confirm(means, begun.request_id, new)


def test_a_registration_is_unknown_to_other_purposes(means, people):
    from gateway.identity import recovery

    form = people.form_of(3)
    begun = registration.begin(means, form, address=people.ADDRESS)
    with pytest.raises(CodeRefused):
        recovery.finish_password(means, begun.request_id, people.code_to(means, form["phone"]), "Another-good-one-9")


def test_who_proved_to_be_that_person_gives_the_try_back_to_the_address(means, people):
    registration.begin(means, people.form_of(4), address=people.ADDRESS)
    people.register(means, 3)
    with means.db.transaction() as session:
        counted = session.scalars(text("select failures from throttle where failures > 0")).all()
    assert counted == [1, 1, 1]  # of the one who gave no code yet: the pair, the person, the address
