"""Files, texts, names and headers that were made to do harm, against the running platform."""

import json
import socket
import time
import uuid
from urllib.parse import urlsplit

import city as cities
import files
import pytest
import requests
from cookies import signed_in

from deploy.local import demo

TEXTS = {
    "script": "<script>alert('x')</script>",
    "attribute": '" onmouseover="alert(1)',
    "sql": "'; drop table application; --",
    "template": "{{ config }} {% raw %} ${7*7} #{7*7}",
    "formula": '=HYPERLINK("http://x";"klik")',
    "typst": '#eval("1") #read("/etc/passwd") *tebal* $x$',
    "format": "%s%n {0} {purpose}",
    "path": "../../../../etc/passwd",
}  # fmt: skip


@pytest.fixture
def drafted(city):
    """A draft and its fields, discarded afterwards."""
    made, fields = draft_of(city)
    yield made, fields
    city.people["citizen"].call("DELETE", f"/applications/{made['application_id']}")


def draft_of(city):
    form = city.people["citizen"].call("GET", "/charter/kinds/domisili")["form_schema"]
    body = {"kind": "domisili", "fields": demo.fill(form)}
    return city.people["citizen"].call("POST", "/applications", body, expect=201), body["fields"]


def attach(city, draft, name, content):
    sent = {"file": (name, content)}
    path = f"/applications/{draft['application_id']}/attachments"
    return cities.raw(city.people["citizen"], "POST", path, files=sent, data={"requirement": requirement(city)})


def requirement(city):
    return city.people["citizen"].call("GET", "/charter/kinds/domisili")["requirements"][0]["code"]


@pytest.mark.parametrize("what", files.REFUSED)
def test_hostile_files_are_refused_as_attachments(city, drafted, what):
    draft, _ = drafted
    name, content = files.REFUSED[what]
    began = time.monotonic()
    answer = attach(city, draft, name, content)
    assert answer.status_code in {413, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert time.monotonic() - began < 15, "whatever it is, it is refused before it is unpacked"
    assert city.people["citizen"].call("GET", f"/applications/{draft['application_id']}")["attachments"] == []


def test_a_polyglot_is_what_its_first_bytes_say_and_nothing_else_remains(city, drafted):
    draft, _ = drafted
    attached = attach(city, draft, "ktp.png", demo.picture() + files.zip_bomb()[:2000] + b"<script>alert(1)</script>")
    assert attached.status_code == 201, attached.text
    one = attached.json()["attachments"][0]
    path = f"/applications/{draft['application_id']}/attachments/{one['attachment_id']}"
    kept = cities.raw(city.people["citizen"], "GET", path)
    assert kept.headers["content-type"] == "image/png"
    assert b"<script>" not in kept.content
    assert b"PK\x03\x04" not in kept.content


@pytest.mark.parametrize("name", ["../../../../tmp/x.png", "..\\..\\x.png", "/etc/cron.d/x.png", "a\r\nSet-Cookie: x=1.png", "\u202egnp.exe.png",
                                  '"><script>alert(1)</script>.png', "nul\x00l.png", "a" * 400 + ".png"])  # fmt: skip
def test_a_file_name_is_only_a_label(city, drafted, name):
    draft, _ = drafted
    answer = attach(city, draft, name, demo.picture())
    assert answer.status_code in {201, 422}, answer.text
    if answer.status_code == 201:
        one = answer.json()["attachments"][0]
        shown = one["file_name"]
        assert not set(shown) & set('/\\\r\n\x00"<>\u202e'), shown
        path = f"/applications/{draft['application_id']}/attachments/{one['attachment_id']}"
        got = cities.raw(city.people["citizen"], "GET", path)
        assert "set-cookie" not in got.headers
        assert got.headers["content-disposition"].isprintable()


def test_a_file_comes_as_a_download_that_runs_nothing(city, drafted):
    draft, _ = drafted
    one = attach(city, draft, "ktp.png", demo.picture()).json()["attachments"][0]
    path = f"/applications/{draft['application_id']}/attachments/{one['attachment_id']}"
    got = cities.raw(city.people["citizen"], "GET", path)
    assert got.headers["content-disposition"].startswith(("attachment", "inline"))
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in got.headers["content-security-policy"] or "sandbox" in got.headers["content-security-policy"]


@pytest.mark.parametrize("kind", TEXTS)
def test_hostile_texts_are_refused_or_kept_as_they_are(city, drafted, kind):
    draft, fields = drafted
    text = TEXTS[kind]
    body = {"kind": "domisili", "fields": fields | {"purpose": text}, "version": draft["version"]}
    answer = cities.raw(city.people["citizen"], "PUT", f"/applications/{draft['application_id']}", json=body)
    assert answer.status_code in {200, 422}, answer.text
    if answer.ok:
        again = city.people["citizen"].call("GET", f"/applications/{draft['application_id']}")
        assert again["fields"]["purpose"] == text
        assert city.people["citizen"].call("GET", "/applications")["applications"], "the table is still there"


def test_a_hostile_name_stays_text_on_every_page(city, drafted):
    draft, fields = drafted
    body = {"kind": "domisili", "fields": fields | {"purpose": TEXTS["script"]}, "version": draft["version"]}
    assert cities.raw(city.people["citizen"], "PUT", f"/applications/{draft['application_id']}", json=body).ok
    attach(city, draft, "<img src=x onerror=alert(1)>.png", demo.picture())
    visitor = signed_in(city)
    for path in ("/beranda", "/permohonan", f"/permohonan/{draft['application_id']}"):
        page = visitor.get(f"{city.url}{path}", timeout=30)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text, path
        assert "<img src=x" not in page.text, path


def test_reading_changes_nothing(city, drafted):
    draft, _ = drafted
    before = city.people["citizen"].call("GET", f"/applications/{draft['application_id']}")
    for step in ("submit", "withdraw"):
        answer = cities.raw(city.people["citizen"], "GET", f"/applications/{draft['application_id']}/{step}")
        assert answer.status_code in {404, 405}
    assert city.people["citizen"].call("GET", f"/applications/{draft['application_id']}") == before


def test_no_other_origin_may_read_an_answer(city):
    for path in ("/api/v1/me", "/api/v1/charter/kinds", "/"):
        answer = requests.get(f"{city.url}{path}", headers={"Origin": "https://jahat.example"}, timeout=10)
        assert "access-control-allow-origin" not in answer.headers
        asked = requests.options(f"{city.url}{path}", headers={"Origin": "https://jahat.example", "Access-Control-Request-Method": "POST"}, timeout=10)  # fmt: skip
        assert "access-control-allow-origin" not in asked.headers


def test_every_answer_is_of_the_type_that_it_says(city):
    visitor = signed_in(city)
    for path in ("/", "/layanan", "/beranda", "/tidak-ada"):
        assert visitor.get(f"{city.url}{path}", timeout=10).headers["content-type"] == "text/html; charset=utf-8"
    answer = cities.raw(city.people["citizen"], "GET", "/me")
    assert answer.headers["content-type"] == "application/json"
    json.loads(answer.content.decode("utf-8"))


def test_answers_with_personal_data_are_not_stored(city):
    visitor = signed_in(city)
    for path in ("/beranda", "/data-saya", "/permohonan"):
        assert "no-store" in visitor.get(f"{city.url}{path}", timeout=30).headers["cache-control"], path
    for path in ("/me", "/applications", "/letters", "/bills"):
        assert "no-store" in cities.raw(city.people["citizen"], "GET", path).headers["cache-control"], path


def test_no_identity_number_stands_in_an_address(city):
    document = requests.get(f"{city.url}/api/v1/openapi.json", timeout=30).json()
    names = {
        parameter["name"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] in {"path", "query"}
    }
    assert not names & {"nik", "kk", "name", "phone", "password", "token", "access_token", "refresh_token"}


def test_what_a_visitor_says_of_their_own_address_counts_for_nothing(city):
    port, said = urlsplit(city.url).port, set()
    for number in range(3):
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}", "X-Forwarded-Host": "jahat.example",
                  "Forwarded": "for=203.0.113.9;host=jahat.example"}  # fmt: skip
        page = requests.get(f"http://127.0.0.1:{port}/masuk", headers=forged, timeout=10)
        assert "jahat.example" not in page.text + str(page.headers)
        said.add(page.status_code)
    assert said == {200}


def test_two_lengths_are_refused(city):
    url = urlsplit(city.url)
    head = f"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
    for lengths in ("Content-Length: 2\r\nContent-Length: 40\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"):
        with socket.create_connection((url.hostname, url.port), timeout=10) as plain:
            plain.sendall((head + lengths + "\r\n{}GET /demo/mailbox HTTP/1.1\r\nHost: x\r\n\r\n").encode())
            plain.settimeout(3)
            answer = b""
            try:
                while part := plain.recv(65536):
                    answer += part
            except TimeoutError:
                pass
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 422", b"HTTP/1.1 411")) or not answer
        assert answer.count(b"HTTP/1.1 ") <= 1, "what hangs on behind is no request of its own"


@pytest.mark.parametrize("path", ["/.git/config", "/.env", "/static/../../pyproject.toml", "/static/%2e%2e/%2e%2e/settings.py", "/static/",
                                  "/metrics", "/readyz/../metrics", "/static/..%5c..%5csettings.py", "//etc/passwd"])  # fmt: skip
def test_an_unknown_file_is_not_found_wherever_it_lies(city, path):
    url = urlsplit(city.url)
    with socket.create_connection((url.hostname, url.port), timeout=10) as plain:
        plain.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := plain.recv(65536):
            answer += part
    assert answer.split(b" ", 2)[1] in {b"404", b"400", b"308", b"301", b"403", b"405"}, answer[:200]
    assert b"[project]" not in answer
    assert b"Index of" not in answer


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG"])
def test_methods_nobody_offers_are_refused(city, method):
    for path in ("/", "/api/v1/me"):
        answer = requests.request(method, f"{city.url}{path}", headers={"X-Rahasia": "gema"}, timeout=10)
        assert answer.status_code in {400, 404, 405, 501}, path
        assert "gema" not in answer.text


def test_a_line_break_in_a_log_stays_in_its_line(city):
    mark = uuid.uuid4().hex
    forged = f'{mark}\n{{"event": "forged", "level": "info"}}'
    requests.get(f"{city.url}/api/v1/verify/{requests.utils.quote(forged, safe='')}", timeout=10)
    requests.post(f"{city.url}/api/v1/auth/tokens", json={"identifier": forged, "password": forged}, timeout=10)
    city.people["nobody"].call("GET", "/charter/kinds")
    for process in ("gateway-web", "singo-rpc"):
        for line in city.log(process).splitlines():
            if line.startswith("{"):
                assert json.loads(line).get("event") != "forged"
