"""The edge around every view: cookies, form tokens, guards, headers, limits, errors."""

import re
import time
from dataclasses import replace

import msgspec
import pytest
from chassis import principal, telemetry
from chassis.cache import Cache
from chassis.errors import FieldError, InvalidFields, NotFound
from flask import Blueprint, Flask, g, make_response, request
from gateway.edge import (
    begin_session,
    citizen_required,
    csrf_token,
    end_session,
    gateway,
    install,
    limited,
    public,
    staff_required,
    uploads,
)
from gateway.edge.context import API_AUDIENCE, Gateway
from gateway.edge.rates import Limiter
from gateway.identity import sessions, signin, staff, staff_signin, tokens
from gateway.upstreams import Upstreams
from gateway.wsgi import own_platform

views = Blueprint("views", __name__)


@views.get("/form")
@public
def form():
    return csrf_token()


@views.post("/sign-in")
@limited("sign_in")
@public
def sign_in():
    new = signin.sign_in(gateway().means, request.form["who"], request.form["password"], address="203.0.113.5", agent="test")
    return begin_session(make_response("in"), new)


@views.post("/sign-out")
def sign_out():
    sessions.end(gateway().means, g.person)
    return end_session(make_response("out"))


@views.get("/mine")
@citizen_required
def mine():
    return {"id": g.person.id, "principal": principal.current().subject, "request": telemetry.request_id()}


@views.get("/unmarked")
def unmarked():
    return "hidden"


@views.get("/kantor/queue")
@staff_required("officer", "lurah")
def queue():
    return "queue"


@views.route("/api/v1/mine", methods=["GET", "POST"])
@citizen_required
def api_mine():
    return {"id": g.person.id}


@views.post("/api/v1/broken")
@public
def broken():
    raise InvalidFields(fields=[FieldError("a.b", "odd", "Salah.", "Wrong.")])


@views.get("/api/v1/crash")
@views.get("/crash")
@public
def crash():
    raise RuntimeError("secret detail 3573031708900001")


@views.get("/gone")
@public
def gone():
    raise NotFound


@views.post("/api/v1/echo")
@public
def echo():
    return {"size": len(request.get_data())}


@views.post("/api/v1/upload")
@uploads
@public
def upload():
    return {"size": len(request.get_data())}


def build(settings, means):
    """Return a small application on the real edge."""
    app = Flask("edge_test")
    install(
        app,
        Gateway(
            settings=settings, means=means, upstreams=Upstreams(settings, means.keyring.minter), limiter=Limiter(means.cache),
            verifier=principal.Verifier(means.keyring.key, audience=API_AUDIENCE, issuers=frozenset({"gateway"})),
            platform=own_platform(settings, means),
        ),
    )  # fmt: skip
    app.register_blueprint(views)
    return app


@pytest.fixture
def small(settings, means):
    return build(settings, means)


@pytest.fixture
def browser(small):
    return small.test_client()


def enter(browser, people, number=3):
    token = browser.get("/form").text
    answer = browser.post("/sign-in", data={"csrf_token": token, "who": people.form_of(number)["nik"], "password": people.PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer


def test_a_citizen_signs_in_and_is_known_to_views_and_to_the_calls_they_make(browser, means, people):
    citizen = people.register(means, 3)
    enter(browser, people)
    answer = browser.get("/mine", headers={"X-Request-Id": "abc-123"})
    assert (answer.json["id"], answer.json["principal"], answer.json["request"]) == (citizen, citizen, "abc-123")
    assert answer.headers["Cache-Control"] == "no-store"
    assert principal.peek() is None  # nothing is left in the thread


def test_signing_in_gives_a_new_session_whatever_cookie_came_before(browser, means, people):
    people.register(means, 3)
    browser.set_cookie("session", "chosen-by-an-attacker")
    enter(browser, people)
    first = browser.get_cookie("session").value
    assert first != "chosen-by-an-attacker"
    assert sessions.find(means, "chosen-by-an-attacker") is None
    token = browser.get("/form").text
    browser.post("/sign-in", data={"csrf_token": token, "who": people.form_of(3)["nik"], "password": people.PASSWORD})
    assert browser.get_cookie("session").value != first


def test_signing_out_ends_the_session_on_the_server_too(browser, means, people):
    people.register(means, 3)
    enter(browser, people)
    cookie = browser.get_cookie("session").value
    answer = browser.post("/sign-out", data={"csrf_token": browser.get("/form").text})
    assert answer.status_code == 200
    assert browser.get_cookie("session") is None
    browser.set_cookie("session", cookie)
    assert browser.get("/mine").status_code == 303


def test_cookies_are_host_bound_secure_and_hidden_from_scripts_over_https(settings, means, people):
    people.register(means, 3)
    own = msgspec.structs.replace(settings, public_url="https://malang.example")
    client = build(own, replace(means, settings=own)).test_client()
    token = client.get("/form", base_url="https://malang.example").text
    answer = client.post(
        "/sign-in", base_url="https://malang.example",
        data={"csrf_token": token, "who": people.form_of(3)["nik"], "password": people.PASSWORD},
    )  # fmt: skip
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("__Host-session="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize("given", ["", "wrong"])
def test_a_form_without_the_right_token_does_nothing(browser, means, people, given):
    people.register(means, 3)
    browser.get("/form")
    answer = browser.post("/sign-in", data={"csrf_token": given, "who": people.form_of(3)["nik"], "password": people.PASSWORD})
    assert answer.status_code == 403
    assert browser.get_cookie("session") is None


def test_a_token_is_bound_to_its_browser_and_to_its_session(small, means, people):
    people.register(means, 3)
    people.register(means, 4)
    one, other = small.test_client(), small.test_client()
    foreign = other.get("/form").text
    one.get("/form")
    data = {"who": people.form_of(3)["nik"], "password": people.PASSWORD}
    assert one.post("/sign-in", data={"csrf_token": foreign, **data}).status_code == 403
    assert small.test_client().post("/sign-in", data={"csrf_token": foreign, **data}).status_code == 403
    before = one.get("/form").text
    enter(one, people, 3)
    enter(other, people, 4)
    for stale in (before, other.get("/form").text):
        assert one.post("/sign-out", data={"csrf_token": stale}).status_code == 403
    assert one.post("/sign-out", headers={"X-CSRF-Token": one.get("/form").text}).status_code == 200


def test_a_form_from_another_site_is_refused_even_with_the_token(browser):
    token = browser.get("/form").text
    answer = browser.post("/sign-in", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_the_api_with_a_cookie_needs_the_form_token_too(browser, means, people):
    people.register(means, 3)
    enter(browser, people)
    assert browser.get("/api/v1/mine").status_code == 200
    assert browser.post("/api/v1/mine").status_code == 403
    assert browser.post("/api/v1/mine", headers={"X-CSRF-Token": browser.get("/form").text}).status_code == 200


def test_the_api_takes_an_access_token_and_no_other(small, means, people):
    one = people.signed_in(means, 3, client="api")
    pair = tokens.issue(means, one.new)
    client = small.test_client()
    bearer = {"Authorization": f"Bearer {pair.access_token}"}
    assert client.post("/api/v1/mine", headers=bearer).json == {"id": one.citizen_id}
    for wrong in ("Bearer x.y.z", f"Basic {pair.access_token}", f"Bearer {pair.refresh_token}"):
        answer = client.get("/api/v1/mine", headers={"Authorization": wrong})
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    tokens.revoke(means, pair.refresh_token)
    assert client.get("/api/v1/mine", headers=bearer).status_code == 401


def test_without_a_session_pages_lead_to_the_sign_in_and_the_api_says_401(browser):
    answer = browser.get("/mine?a=1")
    assert (answer.status_code, answer.location) == (303, "/masuk?lanjut=%2Fmine%3Fa%3D1")
    assert browser.get("/kantor/queue").location == "/kantor/masuk?lanjut=%2Fkantor%2Fqueue"
    assert browser.get("/unmarked").status_code == 303
    assert browser.get("/api/v1/mine").status_code == 401


def test_staff_and_citizens_do_not_enter_each_others_views_and_roles_count(small, means, people):
    import pyotp

    people.register(means, 3)
    citizen = small.test_client()
    enter(citizen, people)
    assert citizen.get("/kantor/queue").status_code == 403
    for number, (role, status) in enumerate([("officer", 200), ("cashier", 403)]):
        who = staff.create(
            means, username=f"staf{number}", name="Rina", roles=[role], areas=["*"], totp=True, must_change_password=False
        )
        step = staff_signin.begin(means, who.username, who.password, address="203.0.113.5")
        done = staff_signin.finish(means, step.ticket, pyotp.TOTP(who.totp_secret).now(), address="203.0.113.5", agent="test")
        client = small.test_client()
        client.set_cookie("session", done.session.token)
        assert client.get("/kantor/queue").status_code == status
        assert client.get("/mine").status_code == 403


@pytest.mark.parametrize("path", ["/form", "/crash", "/nowhere"])
def test_a_thread_keeps_nothing_of_a_request(browser, path):
    assert browser.get(path).headers["X-Request-Id"]
    assert (telemetry.request_id(), telemetry.remaining()) == ("", None)


def test_every_answer_carries_the_security_headers(browser):
    for path in ("/form", "/gone", "/nowhere", "/crash", "/api/v1/mine"):
        headers = browser.get(path).headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-Id"])


def test_errors_are_problems_for_programs_in_the_language_they_ask_for(browser):
    answer = browser.post("/api/v1/broken", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["code"] == "invalid_fields"
    assert answer.json["errors"] == [{"field": "a.b", "code": "odd", "detail": "Wrong.", "id": "Salah.", "en": "Wrong."}]
    assert browser.post("/api/v1/broken").json["errors"][0]["detail"] == "Salah."
    assert browser.get("/api/v1/nowhere").json["status"] == 404
    assert browser.put("/api/v1/broken").headers["Allow"]


def test_what_went_wrong_inside_is_not_told(browser, capsys):
    for path in ("/crash", "/api/v1/crash"):
        answer = browser.get(path)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "3573031708900001" not in answer.text


def test_requests_are_as_large_as_they_need_and_no_larger(browser):
    mib = 1024 * 1024
    assert browser.post("/api/v1/echo", data=b"x" * mib).status_code == 200
    assert browser.post("/api/v1/echo", data=b"x" * (mib + 1)).status_code == 413
    assert browser.post("/api/v1/upload", data=b"x" * (11 * mib)).json == {"size": 11 * mib}
    assert browser.post("/api/v1/upload", data=b"x" * (12 * mib + 1)).status_code == 413


@pytest.mark.parametrize("redis", ["there", "gone"])
def test_too_many_requests_get_429_and_a_time_to_wait_with_and_without_redis(settings, means, request, redis):
    cache = Cache(request.getfixturevalue("valkey")) if redis == "there" else Cache("unix:///nowhere/redis.sock")
    own = msgspec.structs.replace(settings, rate_per_minute=40, rate_sign_in_per_minute=5)
    client = build(own, replace(means, cache=cache, settings=own)).test_client()
    _leave_the_minutes_edge()
    where = {"REMOTE_ADDR": f"198.51.100.{hash(redis) % 200}"}
    token = client.get("/form", environ_base=where).text
    guesses = [
        client.post("/sign-in", data={"csrf_token": token, "who": "x", "password": "y"}, environ_base=where) for _ in range(7)
    ]
    assert [answer.status_code for answer in guesses[:5]] == [401] * 5
    assert [answer.status_code for answer in guesses[5:]] == [429] * 2
    assert 1 <= int(guesses[6].headers["Retry-After"]) <= 61
    statuses = [client.get("/form", environ_base=where).status_code for _ in range(45)]
    assert statuses[:20] == [200] * 20
    assert statuses[-1] == 429
    assert client.get("/form", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


def test_processes_share_their_counts_through_redis(valkey):
    first, second = Limiter(Cache(valkey)), Limiter(Cache(valkey))
    _leave_the_minutes_edge()
    key = f"test:{time.time_ns()}"
    passed = sum(not limiter.wait(key, 10) for _ in range(10) for limiter in (first, second))
    assert passed == 10


def _leave_the_minutes_edge():
    if time.time() % 60 > 50:
        time.sleep(61 - time.time() % 60)
