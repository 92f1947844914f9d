"""Work in the field as the control room, customer service and a crew's phone see it, from the services' own messages."""

import re
from dataclasses import replace

import msgspec
import pytest
from flask import g
from gateway.identity import sessions, staff, staff_signin
from gateway.web import chrome, waterworks
from gateway.web.backoffice import crew, leaks, new_connections, words, work
from gateway.web.entries import Entry
from gateway.wsgi import create_app
from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import leaks_pb2, new_connections_pb2, work_orders_pb2

NOBODY = "0b9b7f0e-6a52-4d3b-9b0f-3f1a4c1d2e3f"
AT = Timestamp(seconds=1_795_000_000)
LEAK, SURVEY, INSTALL = 1, 2, 3


@pytest.fixture
def app(settings, means):
    # Nothing listens there: both services are away, and say so at once.
    away = msgspec.structs.replace(settings, singo_target="127.0.0.1:9", twuin_target="127.0.0.1:9", upstream_timeout=0.3)
    return create_app(away, means=replace(means, settings=away))


@pytest.fixture
def member(app, means):
    """Return a way to sign a member of staff in without the pages."""
    import pyotp

    def made(role: str, office: str = ""):
        made = staff.create(
            means, username=f"uji.{role.replace('_', '.')}", name="Rina Uji", roles=(role,), areas=("*",), office=office, totp=True,
            must_change_password=False,
        )  # fmt: skip
        step = staff_signin.begin(means, made.username, made.password, address="203.0.113.9")
        code = pyotp.TOTP(made.totp_secret).now()
        new = staff_signin.finish(means, step.ticket, code, address="203.0.113.9", agent="test").session
        client = app.test_client()
        client.set_cookie("session", new.token)
        client.person = sessions.find(means, new.token)
        return client

    return made


def render(app, client, template, path="/kantor", *, language="id", entry=None, **context):
    """Render a page as the signed-in member would get it."""
    with app.test_request_context(path):
        g.person, g.language = client.person, language
        return chrome.page(f"office/{template}", entry or Entry(), works=waterworks, words=words, **context)[0]


def whole(text):
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids)), "an id stands twice"
    assert len(re.findall("<h1", text)) == 1
    assert not re.search(r"<style|\sstyle=|<script(?! src)|\son[a-z]+=", text)
    labelled = set(re.findall(r'<label for="([^"]+)"', text))
    for control in re.findall(r"<(?:input|select|textarea)\s[^>]+>", text):
        if not re.search(r'type="(?:hidden|radio|checkbox|image)"', control):
            assert re.search(r'id="([^"]+)"', control)[1] in labelled, control


def leak(state=1, **more):
    return leaks_pb2.Leak(
        leak_id=NOBODY, number="KBC-26-000123", state=state, zone="Z03", kelurahan="35.73.03.1008", latitude=-7.97, longitude=112.66,
        positioned=True, resolve_by="2026-12-01", age_hours=30, visits=1, opened_at=AT, **more,
    )  # fmt: skip


def order(kind=LEAK, state=2, **more):
    return work_orders_pb2.WorkOrder(
        work_order_id=NOBODY, number="WO-26-000123", kind=kind, state=state, subject_id=NOBODY, subject_number="KBC-26-000123", zone="Z03",
        kelurahan="35.73.03.1008", latitude=-7.97, longitude=112.66, positioned=True, crew="Regu Timur", due_on="2026-12-01", visit=1,
        created_at=AT, steps=[work_orders_pb2.WorkStep(at=AT, event="created")], **more,
    )  # fmt: skip


def shown_board(app, client, board, language="id"):
    with app.test_request_context("/kantor/kebocoran"):
        g.language = language
        spots = [leaks._spot(each) for each in board.leaks]
    context = {"board": board, "zone": "", "names": {"Z03": "Timur"}, "spots": spots, "failure": "", "closed": False}
    return render(app, client, "leaks.html", "/kantor/kebocoran", language=language, **context)


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_board_counts_by_zone_marks_what_is_late_and_says_who_has_it(app, member, language):
    board = leaks_pb2.LeakBoard(
        leaks=[leak(late=True), leak(2, crew="Regu Timur", work_order_id=NOBODY, work_order_number="WO-26-000123")],
        zones=[leaks_pb2.ZoneCount(zone="Z03", open=2, late=1, oldest_hours=80)], etag="e1", more=3,
    )  # fmt: skip
    text = shown_board(app, member("operator"), board, language)
    whole(text)
    assert text.count('class="late"') == 1
    assert f"/kantor/tugas-lapangan/{NOBODY}" in text
    assert ("3 hari" if language == "id" else "3 days") in text
    assert len(re.findall(r'class="spot (?:bad|info)"', text)) == 2
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in text


def test_an_empty_board_says_so(app, member):
    text = shown_board(app, member("operator"), leaks_pb2.LeakBoard(etag="e0"))
    assert "Tidak ada kebocoran terbuka" in text


@pytest.mark.parametrize("state", [value for value in leaks_pb2.LeakState.values() if value])
def test_every_state_of_a_leak_has_its_page(app, member, state):
    reports = [leaks_pb2.LeakReport(complaint_id=NOBODY, complaint_number="LPR-1", at=AT, photo_ids=["p1", "p2"])]
    steps = [leaks_pb2.LeakStep(at=AT, event=event) for event in ("opened", "joined", "scheduled", "accepted", "arrived")]
    one = leak(state, reports=reports, steps=steps, work_order_id=NOBODY, work_order_number="WO-1", crew="Regu Timur")
    context = {"leak": one, "order": order(), "failure": "", "names": {}, "crews": [("Regu Timur", "Regu Timur (2)")]}
    text = render(app, member("operator"), "leak.html", **context)
    whole(text)
    assert "LPR-1" in text
    assert text.count(f'<img src="/kantor/kebocoran/{NOBODY}/foto/p') == 2
    assert "Tidak diketahui" not in text


@pytest.mark.parametrize("kind", [LEAK, SURVEY, INSTALL])
@pytest.mark.parametrize("state", [value for value in work_orders_pb2.WorkState.values() if value])
def test_a_crew_sees_the_one_next_step_of_each_order(app, member, kind, state):
    context = {
        "order": order(kind, state, mine=True, reports=2), "materials": [("clamp_20", "Klem")], "unfold": False,
        "choices": [(code, waterworks.outcome(code), "") for code in waterworks.OUTCOMES[kind]], "diameters": [("20", "20")],
    }  # fmt: skip
    text = render(app, member("crew", "Regu Timur"), "work_do.html", **context)
    whole(text)
    steps = {name for name in ("terima", "tiba", "foto", "bahan", "periksa") if f'action="/kantor/regu/{NOBODY}/{name}"' in text}
    materials = {"bahan"} if kind != SURVEY else set()
    assert steps == {2: {"terima"}, 3: {"tiba"}, 4: {"foto", "periksa"} | materials}.get(state, set())
    assert 'capture="environment"' in text or state != 4
    if kind == LEAK:
        assert waterworks.told(state) in text
        assert "2 warga" in text


def test_what_a_colleague_accepted_is_not_offered_again(app, member):
    client = member("crew")
    for state in (3, 4):
        context = {"order": order(LEAK, state), "materials": [], "unfold": False, "choices": [], "diameters": []}
        text = render(app, client, "work_do.html", **context)
        assert "Rekan seregu" in text
        assert "/tiba" not in text
        assert "/periksa" not in text


@pytest.mark.parametrize(
    ("kind", "typed", "wrong"),
    [
        (LEAK, {}, {"outcome"}),
        (LEAK, {"outcome": "installed"}, {"outcome"}),
        (LEAK, {"outcome": "not_found"}, {"note"}),
        (LEAK, {"outcome": "repaired"}, set()),
        (
            SURVEY,
            {},
            {
                "feasible",
            },
        ),
        (SURVEY, {"feasible": "ya", "pipe_distance_m": "dua", "pipe_diameter_mm": "20"}, {"pipe_distance_m"}),
        (SURVEY, {"feasible": "ya", "pipe_distance_m": "12", "pipe_diameter_mm": "20"}, set()),
        (SURVEY, {"feasible": "tidak"}, set()),
        (INSTALL, {"outcome": "installed"}, {"meter_serial", "seal", "first_reading"}),
        (INSTALL, {"outcome": "installed", "meter_serial": "M1", "seal": "S1", "first_reading": "0"}, set()),
        (INSTALL, {"outcome": "installed", "meter_serial": "M1", "seal": "S1", "first_reading": "9" * 15}, {"first_reading"}),
        (INSTALL, {"outcome": "not_possible"}, {"note"}),
    ],
)
def test_a_result_is_complete_before_it_is_shown_once_more(app, kind, typed, wrong):
    with app.test_request_context("/"):
        g.language = "id"
        entry = Entry({"lat": "-7.97", "lon": "112.66", **typed})
        crew._result(order(kind, 4), entry)
    assert set(entry.errors) == wrong


def test_a_survey_carries_numbers_and_the_phones_position(app):
    typed = {
        "feasible": "ya",
        "pipe_distance_m": "12",
        "pipe_diameter_mm": "25",
        "lat": "-7.97",
        "lon": "112.66",
        "note": "Gang sempit",
    }
    with app.test_request_context("/"):
        g.language = "id"
        asked = crew._result(order(SURVEY, 4), Entry(typed))
    assert (asked.outcome, asked.note) == ("surveyed", "Gang sempit")
    found = asked.survey
    assert (found.pipe_distance_m, found.pipe_diameter_mm, found.feasible, found.latitude) == (12, 25, True, -7.97)


@pytest.mark.parametrize(("lat", "lon"), [("", ""), ("nan", "1"), ("inf", "1"), ("91", "0"), ("x", "y"), ("-6.2", "106.8")])
def test_a_position_that_is_none_is_not_told(lat, lon):
    assert crew.place(Entry({"lat": lat, "lon": lon})) == (0.0, 0.0)


def test_the_result_is_shown_once_more_with_everything_that_was_typed(app, member):
    typed = {"outcome": "installed", "meter_serial": "M-77", "seal": "S-9", "first_reading": "3", "note": "Di samping pagar"}
    text = render(app, member("crew"), "work_confirm.html", entry=Entry(typed), order=order(INSTALL, 4), kept=list(typed.items()))
    whole(text)
    for name, value in typed.items():
        assert f'name="{name}" value="{value}"' in text
    assert f'action="/kantor/regu/{NOBODY}/selesai"' in text
    assert f'action="/kantor/regu/{NOBODY}/ubah"' in text


@pytest.mark.parametrize("done", [False, True])
def test_the_crews_list_says_what_is_due_and_what_is_late(app, member, done):
    orders = [order(state=2, late=True), order(SURVEY, 3, mine=True)]
    client = member("crew", "Regu Timur")
    text = render(app, client, "work_mine.html", "/kantor/regu", orders=orders, total=2, more="", failure="", done=done)
    whole(text)
    assert text.count('class="late"') == 1
    assert "1 Desember 2026" in text
    assert "Regu Timur" in text
    empty = render(app, client, "work_mine.html", "/kantor/regu", orders=[], total=0, more="", failure="", done=done)
    assert 'class="empty"' in empty


def test_every_filter_of_the_orders_has_its_word(app):
    with app.test_request_context("/"):
        assert all(waterworks.work(state).text != "Tidak diketahui" for state in work._STATES.values())
        assert all(waterworks.kind(kind) for kind in work._KINDS.values())


@pytest.mark.parametrize("state", [value for value in new_connections_pb2.NewConnectionState.values() if value])
def test_customer_service_decides_only_on_what_was_just_applied_for(app, member, state):
    one = new_connections_pb2.NewConnection(
        application_id=NOBODY, number="SB-26-000123", state=state, kelurahan="35.73.03.1008", address="Jalan Danau Toba 5", rt="1", rw="2",
        with_whom="customer_service", due_on="2026-12-01", main_distance_m=40,
        documents=[new_connections_pb2.Document(document_id="d1", kind="house", file_name="rumah.jpg", size=1000)],
    )  # fmt: skip
    opened = new_connections_pb2.NewConnectionFile(
        application=one, applicant=new_connections_pb2.ConnectionApplicant(name="Siti Aminah", phone="+62812"), arrears=150_000,
        proof=new_connections_pb2.Proof(letter_id="l1", reference="470/12", usable=True, valid_until="2027-01-01"),
    )  # fmt: skip
    decide = state == new_connections_pb2.NEW_CONNECTION_STATE_APPLIED
    refusals = [(code, code) for code in new_connections.REFUSALS]
    context = {"opened": opened, "application": one, "purpose": "check", "decide": decide, "refusals": refusals}
    text = render(app, member("water_cs"), "new_connection.html", **context)
    whole(text)
    assert "Siti Aminah" in text
    assert "Rp\u00a0150.000" in text
    assert (f'action="/kantor/sambungan-baru/{NOBODY}/periksa"' in text) is decide
    assert f"/kantor/sambungan-baru/{NOBODY}/dokumen/d1?tujuan=check" in text


@pytest.mark.parametrize("paid", [True, False])
def test_who_refuses_what_is_paid_is_told_that_the_money_goes_back(app, member, paid):
    steps = [new_connections_pb2.NewConnectionStep(event="paid", actor="applicant")] if paid else []
    one = new_connections_pb2.NewConnection(application_id=NOBODY, number="SB-26-000123", state=4, amount=100_000, steps=steps)
    opened = new_connections_pb2.NewConnectionFile(application=one)
    context = {"opened": opened, "application": one, "purpose": "check", "decide": False, "can_refuse": True, "refusals": []}
    text = render(app, member("water_cs"), "new_connection.html", **context)
    assert f'action="/kantor/sambungan-baru/{NOBODY}/tolak"' in text
    assert ("Biaya Rp\u00a0100.000 sudah dibayar" in text) is paid


def post(client, path, **form):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/kantor/akun").text)[1]
    return client.post(path, data={"csrf_token": token, "idempotency_key": "k" * 12, **form})


def test_an_application_is_opened_only_with_a_purpose(member):
    client = member("water_cs")
    one = f"/kantor/sambungan-baru/{NOBODY}"
    assert client.get(one).status_code == 200  # no call was made: the services are away
    assert client.get(f"{one}?buka=ya").status_code == 422
    assert client.get(f"{one}?tujuan=check").status_code in {503, 504}
    assert client.get(f"{one}/dokumen/d1").headers["Location"] == one
    assert post(client, f"{one}/tolak", alasan="Tidak terbaca").headers["Location"] == one


@pytest.mark.parametrize("path", ["/kantor/kebocoran", "/kantor/tugas-lapangan", "/kantor/sambungan-baru", "/kantor/regu"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_a_list_without_its_service_takes_one_sentence_and_not_the_page(member, path, language):
    client = member("crew" if path.endswith("regu") else "operator")
    client.set_cookie("bahasa", language)
    answer = client.get(path)
    assert answer.status_code == 200
    whole(answer.text)
    assert 'class="notice warn"' in answer.text


def test_the_crews_pages_are_closed_to_the_control_room_and_the_board_to_crews(member):
    assert member("operator").get("/kantor/regu").status_code == 403
    client = member("crew")
    assert {client.get(path).status_code for path in ("/kantor/kebocoran", "/kantor/tugas-lapangan", "/kantor/sambungan-baru")} == {
        403
    }


def test_the_page_that_was_posted_comes_back_after_the_language_was_switched(member):
    client, control = member("crew"), member("operator")
    assert client.get(f"/kantor/regu/{NOBODY}/periksa").headers["Location"] == f"/kantor/regu/{NOBODY}"
    assert control.get(f"/kantor/tugas-lapangan/{NOBODY}/regu").headers["Location"] == f"/kantor/tugas-lapangan/{NOBODY}"
    assert (
        member("water_cs").get(f"/kantor/sambungan-baru/{NOBODY}/tolak").headers["Location"] == f"/kantor/sambungan-baru/{NOBODY}"
    )
