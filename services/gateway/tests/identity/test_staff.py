"""Staff: second factor, enrolment, recovery codes, reset with a reason, the end of an account."""

import datetime as dt

import pyotp
import pytest
from chassis import clock
from chassis.errors import InvalidFields
from gateway.identity import sessions, staff, staff_signin
from gateway.identity.errors import (
    CodeRefused,
    NoSuchAccount,
    NotYourself,
    SignInRefused,
    StaffHasEnded,
    TooManyTries,
    UsernameTaken,
)
from sqlalchemy import text

ADMIN = "00000000-0000-4000-8000-000000000001"
AREA = "35.73.03.1008"
NEW_PASSWORD = "Soto-lamongan-41"


def made(means, username="petugas", **changes):
    wanted = {
        "name": "Rina",
        "roles": ["officer"],
        "areas": [AREA],
        "office": "Sawojajar",
        "totp": True,
        "must_change_password": False,
    }
    return staff.create(means, username=username, **(wanted | changes))


def code_of(secret, steps=0):
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=steps)


def begin(means, who, password=None, address="203.0.113.9"):
    return staff_signin.begin(means, who.username, password or who.password, address=address)


def finish(means, step, code, **more):
    return staff_signin.finish(means, step.ticket, code, address="203.0.113.9", agent="test", **more)


def signed_in(means, who, steps=0):
    return finish(means, begin(means, who), code_of(who.totp_secret, steps)).session


def test_staff_sign_in_with_password_and_code_and_carry_roles_and_areas(means):
    who = made(means)
    step = begin(means, who)
    assert (step.asks, step.totp_secret, step.new_password) == ("code", "", False)
    person = sessions.find(means, finish(means, step, code_of(who.totp_secret)).session.token)
    assert (person.kind, person.roles, person.areas, person.display_name) == ("staff", {"officer"}, {AREA}, "Rina")
    assert (person.principal.roles, person.principal.areas, person.principal.name) == ({"officer"}, {AREA}, "Rina")


def test_the_password_alone_opens_nothing_and_a_wrong_one_says_nothing_more(means):
    who = made(means)
    step = begin(means, who)
    assert sessions.find(means, step.ticket) is None
    for username, password in ((who.username, "wrong password"), ("nobody", who.password)):
        with pytest.raises(SignInRefused):
            staff_signin.begin(means, username, password, address="203.0.113.9")


def test_a_code_of_the_app_works_once_and_an_older_one_no_more(means):
    who = made(means)
    signed_in(means, who)
    for steps in (0, -1):
        with pytest.raises(CodeRefused):
            signed_in(means, who, steps)
    assert signed_in(means, who, 1)


def test_a_code_of_two_minutes_ago_is_refused(means):
    who = made(means)
    with pytest.raises(CodeRefused):
        signed_in(means, who, -4)


def test_codes_are_guessed_in_vain(means):
    who = made(means)
    wrong = f"{(int(code_of(who.totp_secret)) + 1) % 1_000_000:06}"
    step = begin(means, who)
    for _ in range(5):
        with pytest.raises(CodeRefused):
            finish(means, step, wrong)
    with pytest.raises(CodeRefused):
        finish(means, step, code_of(who.totp_secret))
    outcomes = set()
    for _ in range(4):  # a new ticket brings no new tries
        try:
            finish(means, begin(means, who), wrong)
        except (CodeRefused, TooManyTries) as refused:
            outcomes.add(type(refused))
    assert TooManyTries in outcomes


def test_the_first_sign_in_enrols_the_second_factor_and_shows_recovery_codes_once(means):
    who = made(means, totp=False, must_change_password=True)
    step = begin(means, who)
    assert step.asks == "enrol"
    assert step.new_password
    assert step.totp_uri.startswith("otpauth://totp/")
    assert staff_signin.second_step(means, step.ticket) == step
    with pytest.raises(InvalidFields) as wrong:
        finish(means, step, code_of(step.totp_secret), new_password="short")
    assert wrong.value.fields[0].field == "new_password"
    done = finish(means, step, code_of(step.totp_secret), new_password=NEW_PASSWORD)
    assert len(set(done.recovery_codes)) == 10
    with pytest.raises(SignInRefused):
        begin(means, who)
    again = begin(means, who, NEW_PASSWORD)
    assert again.asks == "code"
    assert finish(means, again, done.recovery_codes[0].upper()).recovery_codes == ()
    with pytest.raises(CodeRefused):
        finish(means, begin(means, who, NEW_PASSWORD), done.recovery_codes[0])
    assert finish(means, begin(means, who, NEW_PASSWORD), done.recovery_codes[1])


def test_secrets_and_recovery_codes_are_not_readable_in_the_database(means):
    who = made(means, totp=False)
    step = begin(means, who)
    done = finish(means, step, code_of(step.totp_secret))
    with means.db.transaction() as session:
        for table in ("staff", "recovery_code", "challenge"):
            dump = str(
                [
                    [bytes(v) if isinstance(v, memoryview) else v for v in row]
                    for row in session.execute(text(f"select * from {table}"))
                ]
            )
            assert step.totp_secret not in dump
            assert not any(code in dump for code in done.recovery_codes)
            assert who.password not in dump


def test_an_admin_resets_the_second_factor_with_a_reason_and_the_sessions_end(means):
    who = made(means)
    new = signed_in(means, who)
    with pytest.raises(InvalidFields):
        staff.reset_second_factor(means, who.staff_id, admin_id=ADMIN, reason=" ")
    staff.reset_second_factor(means, who.staff_id, admin_id=ADMIN, reason="HP hilang, diverifikasi tatap muka")
    assert sessions.find(means, new.token) is None
    assert begin(means, who).asks == "enrol"
    _, changes = staff.get_staff(means, who.staff_id)
    assert (changes[0].action, changes[0].reason, changes[0].admin_id) == (
        "second_factor_reset", "HP hilang, diverifikasi tatap muka", ADMIN,
    )  # fmt: skip


def test_a_reset_password_must_be_changed(means):
    who = made(means)
    given = staff.reset_password(means, who.staff_id, admin_id=ADMIN, reason="lupa kata sandi")
    step = begin(means, who, given)
    assert step.new_password
    with pytest.raises(InvalidFields):
        finish(means, step, code_of(who.totp_secret))
    assert finish(means, step, code_of(who.totp_secret), new_password=NEW_PASSWORD)


def test_an_account_that_ends_loses_its_sessions_and_says_so_to_the_services(means):
    who = made(means)
    new = signed_in(means, who)
    staff.end(means, who.staff_id, admin_id=ADMIN, reason="pindah tugas")
    assert sessions.find(means, new.token) is None
    with pytest.raises(SignInRefused):
        begin(means, who)
    with means.db.transaction() as session:
        rows = session.execute(text("select type, key from outbox")).all()
    assert [tuple(row) for row in rows] == [("malang.gateway.v1.StaffEnded", who.staff_id)]
    with pytest.raises(StaffHasEnded):
        staff.end(means, who.staff_id, admin_id=ADMIN, reason="sekali lagi")
    assert staff.list_staff(means) == []
    assert len(staff.list_staff(means, ended=True)) == 1


def test_an_account_that_ends_between_the_two_steps_is_not_let_in(means):
    who = made(means)
    step = begin(means, who)
    staff.end(means, who.staff_id, admin_id=ADMIN, reason="pindah tugas")
    with pytest.raises(CodeRefused):
        finish(means, step, code_of(who.totp_secret))


def test_admins_cannot_reset_or_end_themselves(means):
    who = made(means, roles=["admin"])
    for act in (staff.end, staff.reset_second_factor):
        with pytest.raises(NotYourself):
            act(means, who.staff_id, admin_id=who.staff_id, reason="ingin berhenti")


def test_new_duties_count_at_once(means):
    who = made(means)
    new = signed_in(means, who)
    staff.change_duties(means, who.staff_id, roles=["lurah"], areas=["*"], office="Kota", admin_id=ADMIN, reason="naik jabatan")
    person = sessions.find(means, new.token)
    assert (person.roles, person.areas) == ({"lurah"}, {"*"})


def test_bad_input_names_the_fields_and_user_names_are_for_one_person(means):
    with pytest.raises(InvalidFields) as wrong:
        made(means, username="X", name="", roles=["king"], areas=["Malang"])
    assert {field.field for field in wrong.value.fields} == {"username", "name", "roles", "areas"}
    made(means)
    with pytest.raises(UsernameTaken):
        made(means)
    for unknown in (ADMIN, "no id"):
        with pytest.raises(NoSuchAccount):
            staff.get_staff(means, unknown)


def test_recovery_codes_are_renewed_with_a_code_of_the_app(means):
    who = made(means)
    person = sessions.find(means, signed_in(means, who).token)
    with pytest.raises(CodeRefused):
        staff_signin.renew_recovery_codes(means, person, "000000", address="203.0.113.9")
    codes = staff_signin.renew_recovery_codes(means, person, code_of(who.totp_secret, 1), address="203.0.113.9")
    assert finish(means, begin(means, who), codes[3])


def test_sessions_of_staff_idle_out_after_half_an_hour(means):
    who = made(means)
    new = signed_in(means, who)
    with clock.frozen(clock.now() + dt.timedelta(minutes=31)):
        assert sessions.find(means, new.token) is None
