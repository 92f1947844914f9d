"""Urusan saya and the choices of delivery, as a browser without scripts sees them, with both services away."""

import re
import uuid
from dataclasses import replace

import msgspec
import pytest
from chassis import clock
from gateway import inbox, messages
from gateway.errands import service
from gateway.wsgi import create_app


@pytest.fixture
def app(settings, means):
    away = msgspec.structs.replace(settings, singo_target="127.0.0.1:9", twuin_target="127.0.0.1:9", upstream_timeout=0.3)
    return create_app(away, means=replace(means, settings=away))


@pytest.fixture
def person(means, people):
    return people.signed_in(means)


@pytest.fixture
def citizen(app, person):
    client = app.test_client()
    client.set_cookie("session", person.new.token)
    return client


def text_of(answer, status=200):
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def post(client, where, page="/data-saya/pemberitahuan", **form):
    token = re.search(r'name="csrf_token" value="([^"]+)"', text_of(client.get(page)))[1]
    return client.post(where, data={"csrf_token": token, **form})


def begin(means, citizen_id, **more):
    told = {
        "kind": "letter",
        "state": "submitted",
        "open": True,
        "with_whom": "officer",
        "reference": "SGO-7K3M",
        "detail": "domisili",
    }
    with means.db.transaction() as session:
        row = service.Told(subject_id=uuid.uuid4(), fact="X", sequence=1, at=clock.now(), **(told | more))
        service.begin(session, [citizen_id], row)


def test_errands_of_both_agencies_stand_while_both_are_away(citizen, person, means):
    begin(means, person.citizen_id, due_on="2020-01-02")
    begin(means, person.citizen_id, kind="bill", state="issued", with_whom="citizen", reference="", detail="2026-10")
    page = text_of(citizen.get("/urusan"))
    for said in ("Surat domisili", "SGO-7K3M", "Petugas kelurahan", "Terlambat", "Tagihan air Oktober 2026", "Menunggu Anda"):
        assert said in page
    only = text_of(citizen.get("/urusan?instansi=twuin&keadaan=berjalan"))
    assert "SGO-7K3M" not in only
    assert "Tagihan air Oktober 2026" in only
    assert "Tidak ada urusan dengan pilihan ini." in text_of(citizen.get("/urusan?keadaan=selesai"))


def test_errands_are_told_in_english_too(citizen, person, means):
    begin(means, person.citizen_id)
    citizen.set_cookie("bahasa", "en")
    page = text_of(citizen.get("/urusan"))
    assert "Sent, being checked" in page
    assert "Kelurahan officer" in page


def test_who_has_no_errand_is_led_to_what_there_is(citizen):
    assert "Belum ada urusan" in text_of(citizen.get("/urusan"))


def test_pages_of_errands_keep_what_was_chosen(citizen, person, means):
    for _ in range(21):
        begin(means, person.citizen_id)
    page = text_of(citizen.get("/urusan?instansi=singo"))
    following = re.search(r'href="(\?instansi=singo&amp;halaman=[^"]+)"', page)[1].replace("&amp;", "&")
    assert text_of(citizen.get(f"/urusan{following}")).count("SGO-7K3M") == 1


def test_choices_are_kept_and_shown(citizen, person, means):
    assert post(citizen, "/data-saya/pemberitahuan", bills="sms", errands="none", water="none").status_code == 303
    with means.db.transaction() as session:
        assert inbox.choices(session, person.citizen_id) == {"errands": "none", "bills": "sms", "water": "none"}
    page = text_of(citizen.get("/data-saya/pemberitahuan?ok=pilihan"))
    assert "Pilihan pemberitahuan tersimpan." in page
    assert re.search(r'name="bills" value="sms"[^>]* checked', page)


def test_an_e_mail_channel_is_offered_once_the_address_is_proved(citizen, means):
    assert 'value="email"' not in text_of(citizen.get("/data-saya/pemberitahuan"))
    assert "Buktikan dulu alamat surel Anda." in text_of(post(citizen, "/data-saya/pemberitahuan", bills="email"), 422)
    assert "Alamat surel tidak benar." in text_of(post(citizen, "/data-saya/surel", email="bukan surel"), 422)
    asked = text_of(post(citizen, "/data-saya/surel", email="ayu@malang.example"))
    assert "a••@malang.example" in asked
    with means.db.transaction() as session:
        code = re.search(r"\b\d{6}\b", messages.mailbox(session, means.vault, to="ayu@malang.example")[0].body)[0]
    request_id = re.search(r'name="request_id" value="([^"]+)"', asked)[1]
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)
    again = text_of(post(citizen, "/data-saya/surel/kode", request_id=request_id, sent_to="a••@malang.example", code=wrong), 422)
    assert request_id in again  # nothing is lost but the wrong code
    assert post(citizen, "/data-saya/surel/kode", request_id=request_id, code=code).status_code == 303
    assert "a••@malang.example" in text_of(citizen.get("/data-saya/pemberitahuan"))
    assert post(citizen, "/data-saya/pemberitahuan", bills="email").status_code == 303
    assert post(citizen, "/data-saya/surel/hapus").status_code == 303
    assert not re.search(r'value="email"', text_of(citizen.get("/data-saya/pemberitahuan")))


def test_a_notice_of_a_report_says_in_one_sentence_that_singo_is_away(citizen):
    assert citizen.get("/urusan/laporan/ADU-7K3M-92QF").status_code in {503, 504}
