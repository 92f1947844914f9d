"""Pages as a browser without scripts sees them, with both services away: what needs them says so in one sentence."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import pytest
from gateway.web import chrome
from gateway.web.site import inside
from gateway.wsgi import create_app

OPEN = ("/", "/layanan", "/tarif", "/v", "/daftar", "/masuk", "/lupa-sandi", "/nomor-hilang", "/bantuan", "/privasi", "/aksesibilitas", "/lapor", "/lapor/tamu",
        "/laporan/publik",
        "/demo/mailbox", "/demo/bank", "/tidak-ada")  # fmt: skip
OWN = (
    "/beranda",
    "/permohonan",
    "/surat",
    "/air",
    "/air/tambah",
    "/tagihan",
    "/pembayaran",
    "/kotak-masuk",
    "/data-saya",
    "/data-saya/akses",
    "/data-saya/pemberitahuan",
    "/urusan",
    "/laporan/diikuti",
)
REPORTS = ("/lapor", "/laporan", "/laporan/publik")  # of citizens, and of guests or everybody
HEAVIEST = 150_000  # bytes of a page with its style, script, font and pictures


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def app(settings, means):
    # Nothing listens there: both services are away, and say so at once.
    away = msgspec.structs.replace(settings, singo_target="127.0.0.1:9", twuin_target="127.0.0.1:9", upstream_timeout=0.3)
    return create_app(away, means=replace(means, settings=away))


@pytest.fixture
def visitor(app):
    return app.test_client()


@pytest.fixture
def citizen(app, means, people):
    client = app.test_client()
    person = people.signed_in(means)
    client.set_cookie("session", person.new.token)
    return client


def _form_token(text: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', text)[1]


def _weight(page: _Page, client) -> int:
    linked = [each["href"] for each in page.all("link")] + [each["src"] for each in page.all("script") + page.all("img")]
    icons = {each["href"].partition("#")[0] for each in page.all("use")}
    sizes = {url: len(client.get(url).data) for url in {*linked, *icons}}
    return sum(sizes.values()) + (chrome.STATIC / "jakarta-sans.woff2").stat().st_size


def _whole(page: _Page) -> None:
    """Check what every page keeps."""
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    assert not page.all("style")
    assert all("src" in each for each in page.all("script"))
    assert not [each for _, each in page.tags if "style" in each or any(name.startswith("on") for name in each)]
    assert all("alt" in each for each in page.all("img"))
    ids = [each["id"] for _, each in page.tags if "id" in each]
    assert len(ids) == len(set(ids)), "an id stands twice"
    labelled = {each.get("for") for each in page.all("label")}
    for control in page.all("input") + page.all("select") + page.all("textarea"):
        if control.get("type") not in {"hidden", "radio", "checkbox"} and control.get("aria-hidden") != "true":
            assert control["id"] in labelled, control


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("path", OPEN)
def test_a_page_for_everybody_is_whole_and_light_in_both_languages(visitor, path, language):
    visitor.set_cookie("bahasa", language)
    answer = visitor.get(path)
    page = _Page(answer.text)
    assert answer.status_code == (404 if path == "/tidak-ada" else 200)
    assert page.all("html")[0]["lang"] == language
    _whole(page)
    assert len(answer.data) + _weight(page, visitor) < HEAVIEST


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_pages_of_a_citizen_are_whole_and_light_in_both_languages(citizen, language):
    citizen.set_cookie("bahasa", language)
    for path in (*OWN, *REPORTS):
        answer = citizen.get(path)
        assert answer.status_code == 200, path
        page = _Page(answer.text)
        _whole(page)
        assert len(answer.data) + _weight(page, citizen) < HEAVIEST, path


@pytest.mark.parametrize("path", ["/", "/layanan", "/tarif"])
def test_a_service_that_is_away_takes_one_sentence_and_not_the_page(visitor, path):
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert "sedang tidak dapat dihubungi" in answer.text or "terlalu lama menjawab" in answer.text


def test_a_page_that_is_nothing_without_its_service_says_so(citizen):
    answer = citizen.get("/tagihan/0b9b7f0e-6a52-4d3b-9b0f-3f1a4c1d2e3f")
    assert answer.status_code in {503, 504}
    assert _Page(answer.text).all("h1")


def test_the_pages_of_a_citizen_lead_to_the_sign_in_page_and_back(visitor):
    for path in OWN:
        answer = visitor.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["Location"].startswith("/masuk?lanjut=%2F")


def test_a_wrong_password_keeps_what_was_typed_and_links_nothing_to_a_field(visitor):
    token = _form_token(visitor.get("/masuk").text)
    answer = visitor.post(
        "/masuk", data={"csrf_token": token, "identifier": "3573030709049000", "password": "salah-sekali", "lanjut": "/air"}
    )
    assert answer.status_code == 401
    assert 'value="3573030709049000"' in answer.text
    assert "salah-sekali" not in answer.text
    assert 'name="lanjut" value="/air"' in answer.text
    assert answer.text.index('role="alert"') < answer.text.index('name="identifier"')


def test_an_empty_field_is_named_in_the_summary_and_beside_the_field(visitor):
    token = _form_token(visitor.get("/masuk").text)
    answer = visitor.post("/masuk", data={"csrf_token": token, "identifier": "", "password": "x"})
    page = _Page(answer.text)
    assert answer.status_code == 422
    assert "#f-identifier" in {each.get("href") for each in page.all("a")}
    control = next(each for each in page.all("input") if each.get("name") == "identifier")
    assert control["aria-invalid"] == "true"
    assert "e-identifier" in control["aria-describedby"]


def test_a_person_registers_with_the_forms_and_signs_in(visitor, means, people):
    form = people.form_of(20)
    answer = visitor.post("/daftar", data={**form, "csrf_token": _form_token(visitor.get("/daftar").text)})
    assert answer.status_code == 200
    request_id = re.search(r'name="request_id" value="([^"]+)"', answer.text)[1]
    code = people.code_to(means, form["phone"])
    done = visitor.post("/daftar/kode", data={"csrf_token": _form_token(answer.text), "request_id": request_id, "code": code})
    assert done.status_code == 200
    token = _form_token(visitor.get("/masuk").text)
    entered = visitor.post("/masuk", data={"csrf_token": token, "identifier": form["nik"], "password": form["password"]})
    assert entered.headers["Location"] == "/beranda"
    assert form["name"].split()[0] in visitor.get("/beranda").text


def test_a_refused_registration_keeps_everything_but_the_password(visitor, people):
    form = people.form_of(21, nik="123")
    answer = visitor.post("/daftar", data={**form, "csrf_token": _form_token(visitor.get("/daftar").text)})
    assert answer.status_code == 422
    assert "#f-nik" in {each.get("href") for each in _Page(answer.text).all("a")}
    assert form["kk"] in answer.text
    assert form["password"] not in answer.text


def test_the_language_switch_comes_back_to_the_page(visitor):
    token = _form_token(visitor.get("/bantuan").text)
    answer = visitor.post("/bahasa", data={"csrf_token": token, "bahasa": "en", "kembali": "/bantuan?x=1"})
    assert answer.headers["Location"] == "/bantuan?x=1"
    assert "Answers to the questions" in visitor.get("/bantuan").text


@pytest.mark.parametrize(
    "address", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/a\\b", "/a\r\nX: y", ""]
)
def test_nobody_is_led_to_another_site(address):
    assert inside(address, "/beranda") == "/beranda"


def test_the_unread_count_answers_304_while_nothing_changes(citizen):
    first = citizen.get("/kotak-masuk/jumlah")
    assert first.json == {"unread": 0}
    again = citizen.get("/kotak-masuk/jumlah", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_one_takes_ones_data_along_as_json(citizen):
    answer = citizen.get("/data-saya/unduh")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.json["account"]["nik"].isdigit()


def test_sign_out_ends_the_session(citizen):
    token = _form_token(citizen.get("/data-saya").text)
    assert citizen.post("/keluar", data={"csrf_token": token}).headers["Location"] == "/?ok=keluar"
    assert citizen.get("/beranda").status_code == 303


def test_the_demo_pages_are_not_there_outside_of_the_demo(settings, means):
    real = msgspec.structs.replace(settings, demo=False)
    client = create_app(real, means=replace(means, settings=real)).test_client()
    assert client.get("/demo/mailbox").status_code == 404
    assert client.get("/demo/bank").status_code == 404
    assert "demo-strip" not in client.get("/bantuan").text


def test_a_file_of_the_design_may_be_kept_for_as_long_as_its_address_carries_its_fingerprint(visitor):
    address = re.search(r'href="(/static/portal\.css\?v=\w+)"', visitor.get("/").text)[1]
    assert "immutable" in visitor.get(address).headers["Cache-Control"]
    assert "immutable" not in visitor.get("/static/portal.css").headers["Cache-Control"]
