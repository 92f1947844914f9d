"""New connections as a browser without scripts sees them, and every state of one, from the service's own messages."""

import io
import re
from dataclasses import replace

import msgspec
import pytest
from flask import g
from gateway.web import account, chrome, new_connections, waterworks
from gateway.web.entries import Entry
from gateway.wsgi import create_app
from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import billing_pb2, tariffs_pb2
from malang.twuin.v1 import new_connections_pb2 as pb
from PIL import Image

NOBODY = "0b9b7f0e-6a52-4d3b-9b0f-3f1a4c1d2e3f"
FORM = {
    "letter_id": NOBODY,
    "address": "Jalan Danau Toba 5",
    "rt": "003",
    "rw": "007",
    "kelurahan": "35.73.03.1008",
    "tariff_group": "2A",
}
AT = Timestamp(seconds=1_795_000_000)


@pytest.fixture
def app(settings, means):
    # Nothing listens there: both services are away, and say so at once.
    away = msgspec.structs.replace(settings, singo_target="127.0.0.1:9", twuin_target="127.0.0.1:9", upstream_timeout=0.3)
    return create_app(away, means=replace(means, settings=away))


@pytest.fixture
def citizen(app, means, people):
    client = app.test_client()
    client.set_cookie("session", people.signed_in(means).new.token)
    return client


def token_of(client) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get("/bantuan").text)[1]


def post(client, path, **form):
    return client.post(path, data={"csrf_token": token_of(client), "idempotency_key": "k" * 12, **form})


def rendered(app, template, language="id", **context):
    with app.test_request_context("/"):
        g.person, g.language = None, language
        return chrome.page(template, context.pop("entry", None) or Entry(), works=waterworks, **context)[0]


def application(state, **more):
    return pb.NewConnection(
        application_id=NOBODY, number="SB-26-000123", state=state, address="Jalan Danau Toba 5", rt="003", rw="007",
        kelurahan="35.73.03.1008", zone="Z03", tariff_group="2A", letter_reference="470/12", due_on="2026-12-01", applied_at=AT,
        steps=[pb.NewConnectionStep(at=AT, event="applied", actor="applicant")], **more,
    )  # fmt: skip


def detail(app, one, language="id", **context):
    with app.test_request_context("/"):
        g.language = language
        ahead = new_connections._ahead(one)
    more = {"proofs": [], "ahead": ahead, "can_withdraw": one.state in new_connections._BEFORE_PAYMENT, **context}
    return rendered(app, "water/new_detail.html", language, application=one, **more)


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("state", [value for value in pb.NewConnectionState.values() if value])
def test_every_state_of_an_application_has_its_page(app, state, language):
    text = detail(app, application(state, with_whom="crew"), language)
    assert "SB-26-000123" in text
    assert "Sawojajar" in text
    assert not {"Tidak diketahui", "Unknown"} & set(re.findall(r"badge[^>]*>([^<]+)<", text))
    assert ("/batal" in text) is (
        state in {pb.NEW_CONNECTION_STATE_APPLIED, pb.NEW_CONNECTION_STATE_SURVEY, pb.NEW_CONNECTION_STATE_PAYMENT}
    )
    open_ = state < pb.NEW_CONNECTION_STATE_ACTIVE
    assert ('class="ahead"' in text) is open_


def test_the_cost_is_itemised_and_leads_to_the_bill(app):
    cost = [pb.CostLine(code="registration", quantity=1, unit_price=100_000, amount=100_000)]
    one = application(pb.NEW_CONNECTION_STATE_PAYMENT, with_whom="applicant", cost=cost, amount=100_000, bill_id="b1")
    text = detail(app, one)
    assert "Pendaftaran" in text
    assert "Rp\u00a0100.000" in text
    assert 'href="/tagihan/b1"' in text
    assert "1 Desember 2026" in text


@pytest.mark.parametrize("code", ["arrears", "no_pipe", "documents", "not_possible"])
def test_a_refusal_says_why(app, code):
    with app.test_request_context("/"):
        said = waterworks.reason(code)
    assert said
    assert said in detail(app, application(pb.NEW_CONNECTION_STATE_REFUSED, reason=code))


def test_what_was_paid_goes_back_with_a_refusal(app):
    refused = {"reason": "other", "amount": 100_000}
    assert "dikembalikan" not in detail(app, application(pb.NEW_CONNECTION_STATE_REFUSED, **refused))
    one = application(pb.NEW_CONNECTION_STATE_REFUSED, **refused)
    one.steps.add(event="paid", actor="applicant")
    assert "Rp\u00a0100.000 yang sudah Anda bayar dikembalikan" in detail(app, one)


def test_one_that_was_not_paid_in_time_says_so_and_leads_to_a_new_one(app):
    text = detail(app, application(pb.NEW_CONNECTION_STATE_LAPSED, amount=100_000), "en")
    assert "was not paid in time" in text
    assert 'href="/sambungan-baru/ajukan"' in text


@pytest.mark.parametrize("code", ["proof_revoked", "proof_expired"])
def test_a_held_one_asks_for_another_letter(app, code):
    one = application(pb.NEW_CONNECTION_STATE_HELD, reason=code, with_whom="applicant")
    proofs = [pb.Proof(letter_id="l2", reference="470/99", usable=True)]
    assert 'value="l2"' in detail(app, one, proofs=proofs)
    assert "/layanan/domisili" in detail(app, one)


@pytest.mark.parametrize("code", ["revoked", "expired", "wrong_kind", "without_address"])
def test_a_letter_that_cannot_be_used_is_shown_with_its_reason_and_cannot_be_chosen(app, code):
    proofs = [
        pb.Proof(letter_id="l1", reference="470/1", reason=code),
        pb.Proof(letter_id="l2", reference="470/2", usable=True, signed_at=AT),
    ]
    text = rendered(app, "water/new_proof.html", proofs=proofs)
    assert 'value="l2"' in text
    assert 'value="l1"' not in text
    with app.test_request_context("/"):
        said = waterworks.proof_reason(code)
    assert said != code
    assert said in text


def test_without_a_letter_one_is_led_to_apply_for_it(app):
    assert 'href="/layanan/domisili"' in rendered(app, "water/new_proof.html", proofs=[])


def test_the_form_comes_filled_with_what_is_known_of_the_person(citizen):
    text = citizen.get(f"/sambungan-baru/ajukan?surat={NOBODY}").text
    assert re.search(r'<textarea id="f-address"[^>]*>[^<]+</textarea>', text)
    assert re.search(r'<option value="35\.73\.03\.1008" selected>', text)
    assert re.search(r'name="rt"[^>]*value="\d{3}"', text)


def test_an_empty_field_is_named_and_the_rest_stays(citizen):
    answer = post(citizen, "/sambungan-baru/ajukan", **{**FORM, "address": ""})
    assert answer.status_code == 422
    assert 'href="#f-address"' in answer.text
    assert 'value="007"' in answer.text
    assert f'value="{NOBODY}"' in answer.text


def test_everything_is_shown_once_more_before_it_is_sent(citizen):
    answer = post(citizen, "/sambungan-baru/ajukan", **FORM)
    assert answer.status_code == 200
    assert "Jalan Danau Toba 5, RT 003 RW 007, Sawojajar" in answer.text
    assert 'type="file" id="f-house"' in answer.text
    again = post(citizen, "/sambungan-baru/ajukan", **FORM, lanjut="ubah")
    assert "Jalan Danau Toba 5</textarea>" in again.text


def test_a_click_on_the_picture_sets_the_pin_and_loses_nothing(citizen):
    answer = post(citizen, "/sambungan-baru/ajukan", **FORM, **{"peta.x": "190", "peta.y": "160"})
    assert answer.status_code == 200
    assert re.search(r'name="lat" value="-7\.\d+"', answer.text)
    assert "Jalan Danau Toba 5</textarea>" in answer.text
    outside = post(citizen, "/sambungan-baru/ajukan", **FORM, **{"peta.x": "1", "peta.y": "355"})
    assert outside.status_code == 422
    assert 'href="#f-peta"' in outside.text


def test_nothing_is_sent_without_a_yes(citizen):
    answer = post(citizen, "/sambungan-baru/kirim", **FORM)
    assert answer.status_code == 422
    assert 'href="#f-benar"' in answer.text
    assert 'name="address" value="Jalan Danau Toba 5"' in answer.text


def photo():
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(out, "PNG")
    return out.getvalue()


def kept_in(text):
    """Return the ids of the documents that a page keeps, by kind."""
    return dict(re.findall(r'name="tersimpan-(house|sketch)" value="([0-9a-f-]{36})"', text))


def test_a_document_is_chosen_once_whatever_else_is_refused(citizen, app, means, people):
    unsure = post(citizen, "/sambungan-baru/kirim", **FORM, house=(io.BytesIO(photo()), "rumah.png"))
    assert unsure.status_code == 422
    kept = kept_in(unsure.text)
    assert set(kept) == {"house"}
    assert f'src="/sambungan-baru/foto/{kept["house"]}"' in unsure.text
    assert 'id="f-house"' not in unsure.text
    assert citizen.get(f"/sambungan-baru/foto/{kept['house']}").status_code == 200
    carried = {f"tersimpan-{kind}": value for kind, value in kept.items()}
    away = citizen.post("/sambungan-baru/kirim", data={
        **FORM, **carried, "benar": "ya", "csrf_token": token_of(citizen), "idempotency_key": "n" * 12,
        "sketch": (io.BytesIO(photo()), "denah.png"),
    })  # fmt: skip
    assert away.status_code in {503, 504}
    again = kept_in(away.text)
    assert again == {"house": kept["house"], "sketch": again["sketch"]}
    review = post(citizen, "/sambungan-baru/ajukan", **FORM, **{f"tersimpan-{kind}": value for kind, value in again.items()})
    assert kept_in(review.text) == again
    assert 'type="file"' not in review.text
    other = app.test_client()
    other.set_cookie("session", people.signed_in(means, 1).new.token)
    assert other.get(f"/sambungan-baru/foto/{kept['house']}").status_code == 404
    assert kept_in(post(other, "/sambungan-baru/ajukan", **FORM, **carried).text) == {}


def test_a_document_that_was_kept_is_let_go_and_another_one_stays(citizen):
    files = {"house": (io.BytesIO(photo()), "rumah.png"), "sketch": (io.BytesIO(photo()), "denah.png")}
    kept = kept_in(post(citizen, "/sambungan-baru/kirim", **FORM, **files).text)
    carried = {f"tersimpan-{kind}": value for kind, value in kept.items()}
    left = post(citizen, "/sambungan-baru/kirim", **FORM, **carried, lanjut="lepas:house")
    assert left.status_code == 200
    assert kept_in(left.text) == {"sketch": kept["sketch"]}
    assert 'type="file" id="f-house"' in left.text
    assert citizen.get(f"/sambungan-baru/foto/{kept['house']}").status_code == 404


def test_a_service_that_is_away_loses_nothing_of_the_form(citizen):
    answer = post(citizen, "/sambungan-baru/kirim", **FORM, benar="ya")
    assert answer.status_code in {503, 504}
    assert "Jalan Danau Toba 5</textarea>" in answer.text
    listed = citizen.get("/sambungan-baru")
    assert listed.status_code == 200
    assert "tidak dapat dihubungi" in listed.text or "terlalu lama menjawab" in listed.text


def test_the_page_that_was_posted_comes_back_after_the_language_was_switched(citizen):
    assert citizen.get("/sambungan-baru/kirim").headers["Location"] == "/sambungan-baru/ajukan"
    assert citizen.get(f"/sambungan-baru/{NOBODY}/batal").headers["Location"] == f"/sambungan-baru/{NOBODY}"


def test_the_cost_is_a_bill_without_a_month_and_without_a_volume(app):
    line = tariffs_pb2.Line(
        code="meter", name_id="Meter air", name_en="Water meter", quantity=1, unit_price=375_000, amount=375_000
    )
    one = billing_pb2.Bill(
        bill_id="b1", kind="connection", period="2026-11", amount=375_000, due_on="2026-12-08", state=1, lines=[line]
    )
    text = rendered(app, "water/bill.html", bill=one)
    assert "Biaya sambungan baru" in text
    assert "Meter air" in text
    assert "Dari meter Anda" not in text
    used = billing_pb2.Bill(bill_id="b2", kind="use", period="2026-11", volume=12, amount=100_000, due_on="2026-12-20", state=1)
    listed = rendered(app, "water/bills.html", bills=[one, used], open_amount=475_000, next_token="", failure="", connection_id="")
    assert listed.count("m³") == 1
    assert "Biaya sambungan baru" in listed


def test_the_start_page_names_what_is_held(app):
    with app.test_request_context("/"):
        g.language = "id"
        waiting = account.held(
            [application(pb.NEW_CONNECTION_STATE_HELD, reason="proof_expired"), application(pb.NEW_CONNECTION_STATE_SURVEY)]
        )
        assert [(each.url, each.text) for each in waiting] == [(f"/sambungan-baru/{NOBODY}", waterworks.reason("proof_expired"))]
