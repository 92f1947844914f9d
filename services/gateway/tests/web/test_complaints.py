"""Pages about reports: each state from the service's own messages; what a form keeps; who is let in."""

import io
import re
from types import SimpleNamespace

import pytest
from flask import g
from gateway.edge import spend
from gateway.edge.limits import RateExceeded
from gateway.identity import guests
from gateway.web import chrome, labels
from gateway.web import map as city_map
from gateway.web.complaints import spots_of
from gateway.web.entries import Entry
from gateway.web.files import shown_picture
from gateway.web.public_complaints import spot_of
from google.protobuf.timestamp_pb2 import Timestamp
from malang.singo.v1 import complaints_pb2 as pb
from malang.singo.v1 import letters_pb2
from malang.singo.v1.charter_pb2 import Text
from PIL import Image
from werkzeug.exceptions import NotFound

PHONE, ADDRESS = "+6281299900012", "203.0.113.21"
STATES = [value for value in pb.ComplaintState.values() if value]
EVENTS = ("filed", "assigned", "answered", "resolved", "reopened", "refused", "withdrawn", "rated", "water_joined", "water_scheduled",
          "water_accepted", "water_arrived", "water_repaired", "water_not_found")  # fmt: skip


def rendered(app, template, person=None, language="id", **context):
    with app.test_request_context("/"):
        g.person, g.language = person, language
        return chrome.page(template, context.pop("entry", Entry()), **context)[0]


def a_complaint(state, **changes):
    name = Text(id="Pipa air bocor", en="Leaking water pipe")
    one = pb.Complaint(
        complaint_id="c1", number="ADU-7K3M-92QF", category="water_leak", category_name=name, state=state, text="Air keluar dari jalan",
        kelurahan="35.73.03.1008", address="Depan gapura RW 5", resolve_by="2026-11-30", working_days_left=2, water=True, visits=1,
        position=pb.Position(latitude=-7.9725, longitude=112.659), filed_at=Timestamp(seconds=1_790_000_000),
        photos=[pb.Photo(photo_id="f1", width=800, height=600)],
        steps=[pb.ComplaintStep(event=event, actor="twuin", at=Timestamp(seconds=1_790_000_000)) for event in EVENTS],
    )  # fmt: skip
    one.MergeFrom(pb.Complaint(**changes))
    return one


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_report_has_its_page_in_both_languages(app, state, language):
    one = a_complaint(state)
    text = rendered(
        app, "complaints/detail.html", language=language, complaint=one, spots=spots_of(one), can_withdraw=state in {1, 2, 3, 5},
        can_reopen=state == 4, can_rate=state == 4,
    )  # fmt: skip
    with app.test_request_context("/"):
        g.language = language
        assert labels.complaint(state).text in text
        assert all(labels.complaint_event(event) in text for event in EVENTS)
    assert not any(f"<b>{event}</b>" in text for event in EVENTS)
    assert ("/laporan/c1/cabut" in text) is (state in {1, 2, 3, 5})
    assert ("/laporan/c1/bukalagi" in text) is (state == pb.COMPLAINT_STATE_RESOLVED)
    assert ("/laporan/c1/nilai" in text) is (state == pb.COMPLAINT_STATE_RESOLVED)


def test_what_a_reporter_wrote_is_never_markup(app):
    one = a_complaint(2, text="<script>alert(1)</script>", address='"><img src=x onerror=alert(1)>')
    text = rendered(app, "complaints/detail.html", complaint=one, spots=[], can_withdraw=True, can_reopen=False, can_rate=False)
    assert "<script>alert" not in text
    assert "<img src=x" not in text


@pytest.mark.parametrize("state", STATES)
def test_the_public_page_of_a_report_leads_to_following_it(app, state):
    one = pb.PublicComplaint(number="ADU-7K3M-92QF", state=state, kelurahan="35.73.03.1008", resolve_by="2026-11-30")
    one.position.CopyFrom(pb.Position(latitude=-7.972, longitude=112.659))
    text = rendered(app, "complaints/public_one.html", complaint=one, spots=[spot_of(one, link=False)])
    assert "/masuk?lanjut=/laporan/publik/ADU-7K3M-92QF" in text
    assert "Sawojajar" in text


def test_a_late_report_stands_out_in_the_queue_of_the_office(app):
    late, fine = a_complaint(1, working_days_left=-2, complaint_id="lat"), a_complaint(1, complaint_id="ok")
    late.working_days_left = -2
    text = rendered(
        app, "office/complaints.html", complaints=[late, fine], total=2, more="", failure="", names={}, open_states={1, 2, 3, 5},
        categories=[], words=__import__("gateway.web.backoffice.words", fromlist=["words"]), here="/kantor/laporan",
    )  # fmt: skip
    assert text.count('<tr class="late">') == 1
    assert "Lewat 2 hari kerja" in text


@pytest.mark.parametrize(("signature", "expired"), [(1, False), (2, True)])
def test_a_revoked_letter_is_shown_as_revoked_with_its_reason_whatever_else_is_right(app, signature, expired):
    letter = letters_pb2.Verification(
        signature=signature, expired=expired, revoked=True, revocation_reason="Alamat keliru", office="Sawojajar"
    )
    text = rendered(app, "public/verify.html", letter=letter, code="ABCD", upload=None)
    assert "Surat ini sudah dicabut" in text
    assert "Alamat keliru" in text
    assert "asli dan masih berlaku" not in text


def guest_client(app, means, people):
    begun = guests.begin(means, PHONE, address=ADDRESS)
    new = guests.confirm(means, begun.request_id, people.code_to(means, PHONE), address=ADDRESS, agent="test")
    client = app.test_client()
    client.set_cookie("guest", new.token)
    return client


def token_of(text):
    return re.search(r'name="csrf_token" value="([^"]+)"', text)[1]


def test_a_guest_proves_a_phone_on_the_way_to_the_form_and_ends_the_session(app, means, people):
    client = app.test_client()
    led = client.get("/lapor/water_leak")
    assert (led.status_code, led.headers["Location"]) == (303, "/lapor/tamu?lanjut=%2Flapor%2Fwater_leak")
    asked = client.get(led.headers["Location"])
    wrong = client.post("/lapor/tamu", data={"csrf_token": token_of(asked.text), "phone": "123", "lanjut": "/lapor/water_leak"})
    assert wrong.status_code == 422
    assert 'id="e-phone"' in wrong.text
    assert 'value="/lapor/water_leak"' in wrong.text
    sent = client.post("/lapor/tamu", data={"csrf_token": token_of(asked.text), "phone": PHONE, "lanjut": "/lapor/water_leak"})
    form = {"csrf_token": token_of(sent.text), "lanjut": "/lapor/water_leak", "code": people.code_to(means, PHONE)}
    form["request_id"] = re.search(r'name="request_id" value="([^"]+)"', sent.text)[1]
    entered = client.post("/lapor/tamu/kode", data=form)
    assert entered.headers["Location"] == "/lapor/water_leak"
    cookie = next(each for each in entered.headers.getlist("Set-Cookie") if each.startswith("guest="))
    assert "HttpOnly" in cookie
    assert client.get("/lapor/tamu").headers["Location"] == "/lapor"
    left = client.post("/lapor/tamu/keluar", data={"csrf_token": token_of(client.get("/lapor").text)})
    assert left.status_code == 303
    assert client.get("/laporan").headers["Location"].startswith("/lapor/tamu")


def test_a_guest_is_led_nowhere_but_inside(app, means, people):
    client = guest_client(app, means, people)
    assert client.get("/lapor/tamu?lanjut=//evil.test").headers["Location"] == "/lapor"


def test_a_guest_may_not_follow(app, means, people):
    client = guest_client(app, means, people)
    token = token_of(client.get("/lapor").text)
    answer = client.post("/laporan/publik/ADU-7K3M-92QF/ikuti", data={"csrf_token": token})
    assert answer.headers["Location"].startswith("/masuk")


def test_staff_report_nothing_as_staff(app, means):
    from gateway.identity import staff, staff_signin

    made = staff.create(
        means, username="uji.lapor", name="Uji", roles=("officer",), areas=("*",), totp=True, must_change_password=False
    )
    import pyotp

    step = staff_signin.begin(means, made.username, made.password, address=ADDRESS)
    new = staff_signin.finish(means, step.ticket, pyotp.TOTP(made.totp_secret).now(), address=ADDRESS, agent="test").session
    client = app.test_client()
    client.set_cookie("session", new.token)
    assert client.get("/laporan").status_code == 403


def test_a_form_larger_than_three_photos_may_be_is_refused(app, means, people):
    client = guest_client(app, means, people)
    token = token_of(client.get("/lapor").text)
    data = {"csrf_token": token, "foto": (io.BytesIO(b"x" * (17 * 1024 * 1024)), "besar.jpg")}
    assert client.post("/lapor/road", data=data).status_code == 413


def made(size, form="JPEG"):
    content = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(content, form)
    return content.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_in_a_page_is_small_and_runs_nothing(app, form):
    original = made((1600, 1200), form)
    with app.test_request_context("/"):
        small, whole = shown_picture(original, small=True), shown_picture(original)
        small.direct_passthrough = whole.direct_passthrough = False
    assert max(Image.open(io.BytesIO(small.get_data())).size) == 480
    assert whole.get_data() == original
    assert "sandbox" in small.headers["Content-Security-Policy"]
    assert small.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("content", [b"", b"<svg onload='alert(1)'/>", b"%PDF-1.7", b"RIFF0000WAVE", b"GIF89a"])
@pytest.mark.parametrize("small", [True, False])
def test_what_is_no_picture_is_not_shown_as_one(app, content, small):
    with app.test_request_context("/"), pytest.raises(NotFound):
        shown_picture(content, small=small)


@pytest.mark.parametrize("point", [(0, 0), (140, 178), (279, 355)])
def test_a_click_on_the_picture_and_the_pin_that_follows_agree(point):
    frame, (width, height) = city_map.city().frame, city_map.PICTURE
    placed = city_map.placed(*city_map.position(*point, width, height))
    assert abs(placed[0] / frame.width - point[0] / width) < 0.01
    assert abs(placed[1] / frame.height - point[1] / height) < 0.01


@pytest.mark.parametrize("area", city_map.city().kelurahan, ids=lambda area: area.code)
def test_every_kelurahan_lies_in_its_own_cell_and_inside_of_the_drawing(area):
    assert city_map.nearest(area.latitude, area.longitude) == area
    numbers = [int(each) for each in re.findall(r"-?\d+", area.path)]
    assert min(numbers) >= 0
    assert max(numbers[::2]) <= city_map.city().frame.width
    assert max(numbers[1::2]) <= city_map.city().frame.height


@pytest.mark.parametrize("typed", [("", ""), ("nan", "112.6"), ("inf", "inf"), ("0", "0"), ("-7.97", "x"), ("1e400", "1")])
def test_what_is_no_place_in_the_city_is_no_pin(typed):
    assert city_map.pin(*typed) is None


def test_the_map_has_the_57_kelurahan_of_the_charter():
    assert len(city_map.city().kelurahan) == 57
    assert len(city_map.choices()) == 57


def test_reports_of_one_person_are_counted_by_the_hour(app):
    with app.test_request_context("/"):
        g.person = SimpleNamespace(kind="guest", id="11111111-1111-4111-8111-111111111111")
        for _each in range(2):
            spend("report", 2)
        with pytest.raises(RateExceeded) as refused:
            spend("report", 2)
        assert 0 < refused.value.retry_after <= 3601
        g.person = SimpleNamespace(kind="citizen", id=g.person.id)
        spend("report", 2)
