"""The back office as a browser without scripts sees it: who is let in, what each may use, accounts of staff, errors that keep typing."""

import csv
import io
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import msgspec
import pyotp
import pytest
from chassis import clock
from gateway.identity import sessions, staff, staff_signin
from gateway.web.backoffice import uploads, words
from gateway.wsgi import create_app
from malang.twuin.v1.metering_pb2 import LineError

NEW_PASSWORD = "sawah-hijau-di-tepi-kali"
NOBODY = "0b9b7f0e-6a52-4d3b-9b0f-3f1a4c1d2e3f"
USES = {
    "officer": {"/kantor", "/kantor/permohonan", "/kantor/laporan", "/kantor/surat", "/kantor/akun"},
    "lurah": {"/kantor", "/kantor/permohonan", "/kantor/laporan", "/kantor/surat", "/kantor/akun"},
    "water_cs": {"/kantor", "/kantor/kebocoran", "/kantor/air", "/kantor/akun"},
    "cashier": {"/kantor", "/kantor/air", "/kantor/akun"},
    "crew": {"/kantor", "/kantor/regu", "/kantor/air/baca", "/kantor/akun"},
    "operator": {"/kantor", "/kantor/kebocoran", "/kantor/air", "/kantor/akun"},
    "admin": {"/kantor", "/kantor/air/tagihan", "/kantor/petugas", "/kantor/platform", "/kantor/akun"},
}


@pytest.fixture
def app(settings, means):
    # Nothing listens there: both services are away, and say so at once.
    away = msgspec.structs.replace(settings, singo_target="127.0.0.1:9", twuin_target="127.0.0.1:9", upstream_timeout=0.3)
    return create_app(away, means=replace(means, settings=away))


def token_of(text: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', text)[1]


def key_of(text: str) -> str:
    return re.search(r'name="idempotency_key" value="([^"]+)"', text)[1]


@pytest.fixture
def member(app, means):
    """Return a way to sign a member of staff in without the pages."""

    def made(role: str, name: str = ""):
        made = staff.create(
            means, username=name or f"uji.{role.replace('_', '.')}", name="Rina Uji", roles=(role,), areas=("*",), totp=True,
            must_change_password=False,
        )  # fmt: skip
        step = staff_signin.begin(means, made.username, made.password, address="203.0.113.9")
        code = pyotp.TOTP(made.totp_secret).now()
        new = staff_signin.finish(means, step.ticket, code, address="203.0.113.9", agent="test").session
        client = app.test_client()
        client.set_cookie("session", new.token)
        client.staff, client.totp = made, made.totp_secret
        return client

    return made


@contextmanager
def later(seconds: int):
    with clock.frozen(clock.now() + timedelta(seconds=seconds)):
        yield


def post(client, path: str, source: str = "/kantor/akun", **form):
    return client.post(path, data={"csrf_token": token_of(client.get(source).text), **form})


def menu_of(text: str) -> set[str]:
    return set(re.findall(r'<li><a href="(/kantor[^"]*)"', text.partition('class="main-nav"')[2].partition("</nav>")[0]))


@pytest.mark.parametrize("role", USES)
def test_the_menu_leads_only_to_what_the_role_may_open(member, role):
    client = member(role)
    shown = menu_of(client.get("/kantor").text)
    assert shown == USES[role]
    assert {client.get(path).status_code for path in shown} == {200}


@pytest.mark.parametrize("role", USES)
def test_a_desk_of_another_role_is_closed(member, role):
    client = member(role)
    closed = {each for uses in USES.values() for each in uses} - USES[role]
    reachable = {"/kantor/air": ("operator", "water_cs", "cashier"), "/kantor/air/baca": ("operator", "water_cs", "crew")}
    reachable["/kantor/air/tagihan"] = ("operator", "admin")
    reachable["/kantor/kebocoran"] = ("operator", "water_cs")
    for path in closed:
        assert client.get(path).status_code == (200 if role in reachable.get(path, ()) else 403), path


def test_a_citizen_is_not_let_in(app, means, people):
    client = app.test_client()
    client.set_cookie("session", people.signed_in(means).new.token)
    assert client.get("/kantor").status_code == 403
    assert client.get("/kantor/petugas").status_code == 403


def test_nobody_is_led_to_the_sign_in_of_staff_and_back(app):
    answer = app.test_client().get("/kantor/permohonan?keadaan=selesai")
    assert answer.headers["Location"] == "/kantor/masuk?lanjut=%2Fkantor%2Fpermohonan%3Fkeadaan%3Dselesai"


def test_the_first_sign_in_sets_up_the_second_factor_and_the_password(app, means, member):
    admin = member("admin")
    source = admin.get("/kantor/petugas/baru").text
    form = {"csrf_token": token_of(source), "idempotency_key": key_of(source), "name": "Uji Coba", "username": "uji.coba"}
    done = admin.post("/kantor/petugas/baru", data={**form, "roles": "officer", "areas": "35.73.03.1008"})
    password = re.search(r'id="sandi-awal">([^<]+)<', done.text)[1]
    again = admin.post("/kantor/petugas/baru", data={**form, "roles": "officer", "areas": "35.73.03.1008"})
    assert (again.text, again.headers["Idempotency-Replayed"]) == (done.text, "true")
    client = app.test_client()
    begun = client.post(
        "/kantor/masuk",
        data={"csrf_token": token_of(client.get("/kantor/masuk").text), "username": "uji.coba", "password": password},
    )
    assert "data:image/svg+xml;base64," in begun.text
    secret = re.search(r'<p class="mono">([A-Z2-7 ]+)</p>', begun.text)[1].replace(" ", "")
    ticket = re.search(r'name="ticket" value="([^"]+)"', begun.text)[1]
    form = {"csrf_token": token_of(begun.text), "ticket": ticket, "code": pyotp.TOTP(secret).now()}
    short = client.post("/kantor/masuk/kode", data={**form, "new_password": "pendek"})
    assert short.status_code == 422
    assert secret[:4] in short.text
    entered = client.post("/kantor/masuk/kode", data={**form, "new_password": NEW_PASSWORD})
    codes = re.findall(r'<li class="mono">([^<]+)</li>', entered.text)
    assert len(set(codes)) == 10
    assert entered.headers["Cache-Control"] == "no-store"
    assert "Uji Coba" in client.get("/kantor").text


def test_the_second_step_refuses_a_wrong_code_and_tells_nothing_of_the_password(app, member):
    made = member("officer").staff
    client = app.test_client()
    begun = client.post(
        "/kantor/masuk",
        data={"csrf_token": token_of(client.get("/kantor/masuk").text), "username": made.username, "password": made.password},
    )
    ticket = re.search(r'name="ticket" value="([^"]+)"', begun.text)[1]
    form = {"csrf_token": token_of(begun.text), "ticket": ticket, "code": "12"}
    answer = client.post("/kantor/masuk/kode", data=form)
    assert answer.status_code == 422
    assert made.password not in answer.text
    assert client.get("/kantor").status_code == 303


def test_a_refused_account_keeps_what_was_typed(member):
    admin = member("admin")
    key = key_of(admin.get("/kantor/petugas/baru").text)
    form = {"idempotency_key": key, "name": "Uji", "username": "X Y", "areas": "di mana-mana"}
    answer = post(admin, "/kantor/petugas/baru", **form)
    assert answer.status_code == 422
    assert 'value="di mana-mana"' in answer.text
    assert {"#f-username", "#f-roles", "#f-areas"} <= set(re.findall(r'href="(#f-[a-z]+)"', answer.text))


def test_an_account_ends_only_when_it_is_said_twice_and_with_a_reason(member, means):
    admin, officer = member("admin"), member("officer")
    url = f"/kantor/petugas/{officer.staff.staff_id}"
    assert post(admin, f"{url}/akhiri", **{"alasan-akhir": "Pensiun bulan ini"}).status_code == 422
    assert post(admin, f"{url}/akhiri", yakin="ya", **{"alasan-akhir": ""}).status_code == 422
    assert officer.get("/kantor").status_code == 200
    assert post(admin, f"{url}/akhiri", yakin="ya", **{"alasan-akhir": "Pensiun bulan ini"}).status_code == 303
    assert officer.get("/kantor").status_code == 303
    assert "Pensiun bulan ini" in admin.get(url).text


def test_new_duties_count_in_the_open_session(member):
    admin, officer = member("admin"), member("officer")
    form = {"roles": "water_cs", "areas": "*", "office": "Loket", "alasan-tugas": "Pindah ke loket"}
    assert post(admin, f"/kantor/petugas/{officer.staff.staff_id}/tugas", **form).status_code == 303
    assert menu_of(officer.get("/kantor").text) == USES["water_cs"]


def test_a_reset_password_is_shown_once_and_ends_the_sessions(member):
    admin, officer = member("admin"), member("officer")
    answer = post(admin, f"/kantor/petugas/{officer.staff.staff_id}/sandi", **{"alasan-sandi": "Lupa kata sandi"})
    password = re.search(r'id="sandi-awal">([^<]+)<', answer.text)[1]
    assert officer.get("/kantor").status_code == 303
    assert password not in admin.get(f"/kantor/petugas/{officer.staff.staff_id}").text


def test_new_recovery_codes_ask_for_a_code_of_the_app(member):
    client = member("crew")
    assert post(client, "/kantor/akun/kode-pemulihan", code="000000").status_code == 422
    with later(60):
        shown = post(client, "/kantor/akun/kode-pemulihan", code=pyotp.TOTP(client.totp).at(clock.now()))
    assert len(re.findall(r'<li class="mono">', shown.text)) == 10


def test_one_ends_a_session_elsewhere(member, means):
    client = member("crew")
    made = client.staff
    with later(60):
        step = staff_signin.begin(means, made.username, made.password, address="203.0.113.10")
        code = pyotp.TOTP(client.totp).at(clock.now())
        other = staff_signin.finish(means, step.ticket, code, address="203.0.113.10", agent="other").session
    assert post(client, f"/kantor/akun/sesi/{other.session_id}/akhiri").status_code == 303
    assert sessions.find(means, other.token) is None
    assert client.get("/kantor").status_code == 200


@pytest.mark.parametrize(("role", "path"), [("officer", f"/kantor/permohonan/{NOBODY}"), ("water_cs", f"/kantor/air/{NOBODY}")])
def test_personal_data_is_asked_for_only_with_a_purpose(member, role, path):
    client = member(role)
    asked = client.get(path)
    assert asked.status_code == 200  # no call was made: the services are away
    assert "tercatat dan dapat dilihat warga" in asked.text
    assert client.get(f"{path}?buka=ya").status_code == 422
    assert client.get(f"{path}?tujuan=rasa-ingin-tahu").status_code == 200
    assert client.get(f"{path}?tujuan=other").status_code in {503, 504}


def test_nothing_is_signed_refused_imported_or_billed_without_a_yes(member):
    lurah, operator = member("lurah"), member("operator")
    one = f"/kantor/permohonan/{NOBODY}"
    assert post(lurah, f"{one}/tandatangan").headers["Location"] == one
    key = "k" * 12
    assert post(lurah, f"{one}/tolak", alasan="Tidak lengkap", idempotency_key=key).headers["Location"] == one
    bill = post(operator, "/kantor/air/tagihan", period="2026-11", due_on="2026-12-20", idempotency_key=key)
    assert (bill.status_code, "#f-yakin" in bill.text) == (422, True)


def test_a_run_is_shown_once_more_before_it_starts(member):
    operator = member("operator")
    confirm = operator.get("/kantor/air/tagihan?period=2026-11&due_on=2026-12-20")
    assert "November 2026" in confirm.text
    assert "20 Desember 2026" in confirm.text
    wrong = operator.get("/kantor/air/tagihan?period=2026-13&due_on=besok")
    assert {"#f-period", "#f-due_on"} <= set(re.findall(r'href="(#f-[a-z_]+)"', wrong.text))
    assert 'value="besok"' in wrong.text


def test_a_reading_that_is_no_number_stays_as_typed(member):
    client = member("crew")
    answer = post(client, "/kantor/air/baca", value="12a", connection_number="", idempotency_key="k" * 12)
    assert answer.status_code == 422


def test_the_page_that_was_posted_comes_back_after_the_language_was_switched(member):
    client = member("admin")
    for path, back in (
        ("/kantor/masuk/kode", "/kantor/masuk"),
        ("/kantor/akun/kode-pemulihan", "/kantor/akun"),
        (f"/kantor/petugas/{NOBODY}/akhiri", f"/kantor/petugas/{NOBODY}"),
    ):
        assert client.get(path).headers["Location"] == back


@pytest.mark.parametrize("cell", ["=1+1", "+62", "-5", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_the_list_of_errors_is_a_formula(app, cell):
    with app.test_request_context():
        rows = list(uploads._rows([LineError(line=2, field="angka_meter", value=cell, id="Salah.", en="Wrong.")]))
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    assert list(csv.reader(io.StringIO(out.getvalue())))[1][2] == f"'{cell}"
    assert uploads.harmless("35000001") == "35000001"


@pytest.mark.parametrize(("days", "tone"), [(-2, "bad"), (0, "bad"), (1, "warn"), (2, "ok")])
def test_urgency_grows_as_the_working_days_run_out(app, days, tone):
    with app.test_request_context():
        assert words.urgency(days).tone == tone


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_pages_of_staff_are_whole_and_light_in_both_languages(member, language):
    client = member("admin")
    client.set_cookie("bahasa", language)
    for path in ("/kantor", "/kantor/petugas", "/kantor/petugas/baru", "/kantor/akun", f"/kantor/petugas/{client.staff.staff_id}"):
        text = client.get(path).text
        assert f'<html lang="{language}"' in text
        assert len(re.findall("<h1", text)) == 1
        assert not re.search(r"<style|style=|<script(?! src)|\son[a-z]+=", text)
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), path
        linked = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', text))
        weight = sum(len(client.get(url).data) for url in linked) + len(client.get("/static/jakarta-sans.woff2").data)
        assert len(text.encode()) + weight < 150_000, path
