"""Sign-in: the same words for everybody, and waiting after failed tries."""

import datetime as dt
import statistics
import threading
import time

import pytest
import structlog
from chassis import clock
from gateway.identity import sessions, signin
from gateway.identity.errors import SignInRefused, TooManyTries
from sqlalchemy import text


def attempt(means, identifier, password, address="203.0.113.9"):
    return signin.sign_in(means, identifier, password, address=address, agent="test")


def test_unknown_people_and_wrong_passwords_get_the_same_words_and_the_same_work(means, people):
    people.register(means, 3)
    known, unknown = people.form_of(3)["nik"], people.form_of(4)["nik"]
    seconds = {known: [], unknown: []}
    said = set()
    for turn in range(4):
        for who, spent in seconds.items():
            began = time.perf_counter()
            with pytest.raises(SignInRefused) as wrong:
                attempt(means, who, "not the password", address=f"203.0.113.{turn}")
            spent.append(time.perf_counter() - began)
            said.add((wrong.value.code, wrong.value.sentence("id"), wrong.value.sentence("en"), wrong.value.fields))
    assert len(said) == 1
    quick, slow = sorted(statistics.median(spent) for spent in seconds.values())
    assert slow < quick * 2


def test_after_five_failures_a_guesser_waits_whether_or_not_the_account_exists(means, people):
    people.register(means, 3)
    for who in (people.form_of(3)["nik"], people.form_of(4)["nik"], "no identifier at all"):
        for _ in range(6):
            with pytest.raises(SignInRefused):
                attempt(means, who, "not the password")
        with pytest.raises(TooManyTries) as wait:
            attempt(means, who, people.PASSWORD)
        assert 0 < wait.value.retry_after <= 30


def test_the_owner_is_let_in_elsewhere_while_a_guesser_waits(means, people):
    people.register(means, 3)
    nik = people.form_of(3)["nik"]
    for _ in range(6):
        with pytest.raises(SignInRefused):
            attempt(means, nik, "not the password", address="198.51.100.1")
    assert attempt(means, nik, people.PASSWORD, address="203.0.113.77").token


def test_many_addresses_do_not_help_a_guesser_for_long(means, people):
    people.register(means, 3)
    nik = people.form_of(3)["nik"]
    outcomes = []
    for number in range(20):
        try:
            attempt(means, nik, "not the password", address=f"198.51.100.{number}")
        except (SignInRefused, TooManyTries) as wrong:
            outcomes.append(type(wrong))
    assert outcomes[:15] == [SignInRefused] * 15
    assert TooManyTries in outcomes


def test_the_wait_ends_and_grows_with_every_further_failure(means, people):
    people.register(means, 3)
    nik = people.form_of(3)["nik"]
    start = clock.now()
    with clock.frozen(start):
        for _ in range(6):
            with pytest.raises(SignInRefused):
                attempt(means, nik, "not the password")
    with clock.frozen(start + dt.timedelta(seconds=31)):
        with pytest.raises(SignInRefused):
            attempt(means, nik, "not the password")
        with pytest.raises(TooManyTries) as wait:
            attempt(means, nik, "not the password")
        assert wait.value.retry_after == 60
    with clock.frozen(start + dt.timedelta(seconds=92)):
        attempt(means, nik, people.PASSWORD)
        attempt(means, nik, people.PASSWORD)


def test_a_success_is_no_failure_however_often(means, people):
    people.register(means, 3)
    for _ in range(12):
        attempt(means, people.form_of(3)["nik"], people.PASSWORD)


def test_tries_at_the_same_moment_are_all_counted(means, people):
    people.register(means, 3)
    nik, verified = people.form_of(3)["nik"], []

    def guess():
        try:
            attempt(means, nik, "not the password")
        except SignInRefused:
            verified.append(1)
        except TooManyTries:
            pass

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(verified) <= 6


def test_identifiers_count_as_one_however_they_are_written(means, people):
    people.register(means, 3)
    phone = people.form_of(3)["phone"]
    for written in (phone, "0" + phone[3:], phone[1:], "0812-" + phone[6:], phone, phone):
        with pytest.raises(SignInRefused):
            attempt(means, written, "not the password")
    with pytest.raises(TooManyTries):
        attempt(means, phone, "not the password")


def test_each_sign_in_opens_another_session_and_only_hashes_are_kept(means, people):
    people.register(means, 3)
    first, second = (attempt(means, people.form_of(3)["nik"], people.PASSWORD) for _ in range(2))
    assert first.token != second.token
    with means.db.transaction() as session:
        dump = str(session.execute(text("select * from session")).all())
    assert first.token not in dump
    assert sessions.find(means, first.token).id == sessions.find(means, second.token).id


def test_an_old_hash_is_renewed_at_sign_in(means, people):
    from argon2 import PasswordHasher

    people.register(means, 3)
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(people.PASSWORD)
    with means.db.transaction() as session:
        session.execute(text("update account set password_hash = :weak"), {"weak": weak})
    attempt(means, people.form_of(3)["nik"], people.PASSWORD)
    with means.db.transaction() as session:
        assert "m=19456,t=2" in session.scalar(text("select password_hash from account"))


def test_every_sign_in_and_every_refusal_stands_in_the_log_without_who_was_typed(means, people):
    people.register(means, 3)
    nik = people.form_of(3)["nik"]
    with structlog.testing.capture_logs() as lines:
        with pytest.raises(SignInRefused):
            attempt(means, nik, "not the password")
        attempt(means, nik, people.PASSWORD)
    said = [line for line in lines if line["event"] in {"sign_in_refused", "signed_in"}]
    assert [(line["event"], line["kind"]) for line in said] == [("sign_in_refused", "citizen"), ("signed_in", "citizen")]
    assert nik not in str(said)
    assert people.PASSWORD not in str(said)
