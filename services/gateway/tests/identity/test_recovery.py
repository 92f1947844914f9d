"""Forgotten passwords and changed phones: no enumeration, a waiting time, notice to the old number."""

import datetime as dt
import re
from dataclasses import replace

import msgspec
import pytest
from chassis import clock
from chassis.errors import InvalidFields
from gateway.identity import profile, recovery, sessions, signin
from gateway.identity.errors import CodeRefused, NoSuchPhoneChange, SignInRefused, TooManyTries
from sqlalchemy import text

NEW = "+628111222333"


def begin_phone(means, people, number=3, **changes):
    form = people.form_of(number, **changes)
    return recovery.begin_phone(
        means,
        nik=form["nik"],
        kk=form["kk"],
        birth_date=form["birth_date"],
        new_phone=changes.get("new_phone", NEW),
        address=people.ADDRESS,
    )


def confirmed_phone(means, people):
    one = people.signed_in(means, 3)
    begun = begin_phone(means, people)
    return one, recovery.confirm_phone(means, begun.request_id, people.code_to(means, NEW))


def test_a_forgotten_password_is_replaced_by_the_code_and_ends_every_session(means, people):
    one = people.signed_in(means, 3)
    begun = recovery.begin_password(means, one.nik, address=people.ADDRESS)
    recovery.finish_password(means, begun.request_id, people.code_to(means, one.phone), "Bakso-president-88")
    assert sessions.find(means, one.new.token) is None
    with pytest.raises(SignInRefused):
        signin.sign_in(means, one.nik, people.PASSWORD, address=people.ADDRESS, agent="test")
    assert signin.sign_in(means, one.nik, "Bakso-president-88", address=people.ADDRESS, agent="test")
    assert "baru saja diganti" in people.messages_to(means, one.phone)[0]


def test_forgetting_says_the_same_to_everybody_and_shows_nobodys_phone(means, people):
    people.register(means, 3)
    known = recovery.begin_password(means, people.form_of(3)["nik"], address=people.ADDRESS)
    unknown = recovery.begin_password(means, people.form_of(4)["nik"], address=people.ADDRESS)
    odd = recovery.begin_password(means, "hello", address=people.ADDRESS)
    assert {answer.sent_to for answer in (known, unknown, odd)} == {""}
    for begun in (unknown, odd):
        with pytest.raises(CodeRefused):
            recovery.finish_password(means, begun.request_id, "123456", "Bakso-president-88")


def test_a_weak_new_password_uses_up_no_code(means, people):
    one = people.signed_in(means, 3)
    begun = recovery.begin_password(means, one.phone, address=people.ADDRESS)
    code = people.code_to(means, one.phone)
    for weak in ("short", people.form_of(3)["name"].ljust(10).strip() if len(people.form_of(3)["name"]) >= 10 else "password123"):
        with pytest.raises(InvalidFields):
            recovery.finish_password(means, begun.request_id, code, weak)
    recovery.finish_password(means, begun.request_id, code, "Bakso-president-88")


def test_codes_cannot_be_asked_for_without_end(means, people):
    people.register(means, 3)
    for _ in range(6):
        recovery.begin_password(means, people.form_of(3)["nik"], address=people.ADDRESS)
    with pytest.raises(TooManyTries):
        recovery.begin_password(means, people.form_of(3)["nik"], address=people.ADDRESS)


def test_a_new_phone_counts_after_the_waiting_time_and_the_old_one_is_told(means, people):
    one, waiting = confirmed_phone(means, people)
    assert waiting.effective_at - waiting.requested_at == dt.timedelta(hours=24)
    assert "mengganti nomor" in people.messages_to(means, one.phone)[0]
    assert recovery.waiting_phone(means, one.citizen_id).phone == waiting.phone
    assert recovery.apply_due_phones(means) == 0
    assert profile.details(means, one.citizen_id).phone == one.phone
    with clock.frozen(waiting.effective_at + dt.timedelta(seconds=1)):
        assert recovery.apply_due_phones(means) == 1
        assert recovery.apply_due_phones(means) == 0
        assert profile.details(means, one.citizen_id).phone == NEW
        assert signin.sign_in(means, NEW, people.PASSWORD, address=people.ADDRESS, agent="test").subject == one.citizen_id
        with pytest.raises(SignInRefused):
            signin.sign_in(means, one.phone, people.PASSWORD, address=people.ADDRESS, agent="test")
    assert sessions.find(means, one.new.token) is None
    with means.db.transaction() as session:
        assert "malang.gateway.v1.CitizenPhoneChanged" in session.scalars(text("select type from outbox")).all()


def test_the_old_phone_cancels_by_the_link(means, people):
    one, waiting = confirmed_phone(means, people)
    token = re.search(r"/nomor-hilang/batal/(\S+)", people.messages_to(means, one.phone)[0])[1]
    recovery.cancel_phone(means, token)
    for other in (token, "invented"):
        with pytest.raises(NoSuchPhoneChange):
            recovery.cancel_phone(means, other)
    with clock.frozen(waiting.effective_at + dt.timedelta(seconds=1)):
        assert recovery.apply_due_phones(means) == 0
    assert recovery.waiting_phone(means, one.citizen_id) is None


def test_a_signed_in_citizen_cancels_too(means, people):
    one, _ = confirmed_phone(means, people)
    recovery.cancel_own_phone(means, one.citizen_id)
    with pytest.raises(NoSuchPhoneChange):
        recovery.cancel_own_phone(means, one.citizen_id)


@pytest.mark.parametrize("name", ["nik", "kk", "birth_date"])
def test_a_change_needs_nik_family_card_and_birth_date_and_says_nothing_otherwise(means, people, name):
    people.register(means, 3)
    other = "3573030101019999" if name == "kk" else people.form_of(4)[name]
    begun = begin_phone(means, people, **{name: other})
    assert begun.sent_to == begin_phone(means, people).sent_to
    with pytest.raises(CodeRefused):
        recovery.confirm_phone(means, begun.request_id, people.code_to(means, NEW))


def test_a_number_that_another_account_has_is_never_taken_over(means, people):
    people.register(means, 3)
    taken = people.form_of(4)["phone"]
    people.register(means, 4)
    before = people.messages_to(means, taken)
    begun = begin_phone(means, people, new_phone=taken)
    assert people.messages_to(means, taken) == before
    with pytest.raises(CodeRefused):
        recovery.confirm_phone(means, begun.request_id, "123456")


def test_a_number_that_was_taken_while_it_waited_is_dropped(means, people):
    one, waiting = confirmed_phone(means, people)
    people.register(means, 4, phone=NEW)
    with clock.frozen(waiting.effective_at + dt.timedelta(seconds=1)):
        assert recovery.apply_due_phones(means) == 0
        assert recovery.waiting_phone(means, one.citizen_id) is None
    assert profile.details(means, one.citizen_id).phone == one.phone


def test_the_waiting_time_can_be_set_to_nothing(means, people):
    own = replace(means, settings=msgspec.structs.replace(means.settings, phone_wait_hours=0.0))
    one, _ = confirmed_phone(own, people)
    assert profile.details(own, one.citizen_id).phone == NEW
