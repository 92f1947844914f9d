"""The errands as people meet them: in a real browser, on a phone in Indonesian and on a desk in English, and without JavaScript."""

import hashlib
import itertools
import json
import re
import time
import uuid

import pytest
from browser import FLAGS, Visitor, executable, visit
from chassis import testing
from playwright.sync_api import sync_playwright

from deploy.local import demo

# One bus is enough: no page differs by it, and the errands over the API run on both.
pytestmark = [
    pytest.mark.parametrize("running", ["postgresql"], indirect=True, scope="session"),
    pytest.mark.timeout(420),
]
SCREENS = pytest.mark.parametrize(("width", "language"), [(360, "id"), (1280, "en")], ids=["phone-id", "desk-en"])
PURPOSE = {"id": "Pengajuan sambungan air baru", "en": "A new water connection"}
PLACES = itertools.count(11, -1)  # demo connections with paid old bills; the other errands take from the two ends


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        found = executable(playwright)
        if not found:
            testing.lacking("no Chromium on this machine (CHROMIUM names one)")
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


def newcomer(running):
    """Return the next synthetic person without an account, and take note like `make demo` does."""
    used_file = running.home / "demo-used.json"
    used = set(json.loads(used_file.read_text())) if used_file.exists() else set()
    someone = next(person for person in running.signins["people"] if person["nik"] not in used)
    used_file.write_text(json.dumps(sorted(used | {someone["nik"]})))
    return someone | {"password": f"kalimat rahasia {uuid.uuid4().hex[:8]}"}


def in_mailbox(visitor: Visitor, to: str, pattern: str, where: str = "main") -> str:
    """Return what matches in the demo mailbox of a phone or an address, read in another tab."""
    tab = visitor.page.context.new_page()
    tab.goto(f"{visitor.url}/demo/mailbox?ke={to.replace('+', '%2B')}")
    found = re.search(pattern, tab.inner_text(where))
    tab.close()
    assert found, f"no message to {to} holds {pattern}"
    return found[0]


def newest_code(visitor: Visitor, to: str) -> str:
    """Return the newest one-time code of a phone or an address."""
    return in_mailbox(visitor, to, r"\b\d{6}\b", ".rows li:first-child")


def register(visitor: Visitor, who) -> None:
    """Make an account and prove the phone."""
    visitor.open("/daftar")
    visitor.press("form[action='/daftar'] .button:not(.quiet)", refused=True)  # an empty form says what is missing
    visitor.fill(**{name: who[name] for name in ("name", "nik", "kk", "birth_date", "phone", "password")})
    visitor.press("form[action='/daftar'] .button:not(.quiet)")
    visitor.fill(code=newest_code(visitor, who["phone"]))
    visitor.press("form[action='/daftar/kode'] .button:not(.quiet)")


def sign_in(visitor: Visitor, who) -> None:
    """Sign in by NIK and password."""
    visitor.open("/masuk")
    visitor.fill(identifier=who["nik"], password=who["password"])
    visitor.press("form[action='/masuk'] button")
    assert visitor.path == "/beranda"


def apply(visitor: Visitor) -> str:
    """Apply for a domicile letter with its documents; return the address of the application."""
    visitor.open("/layanan")
    visitor.press("a[href='/layanan/domisili']")
    visitor.press("a[href='/permohonan/baru/domisili']")
    visitor.fill(purpose=PURPOSE[visitor.language], resident_since="2015-03-01", dwelling="sewa")
    visitor.press("button[value=dokumen]")
    for requirement in ("surat_pengantar", "ktp", "kk"):
        visitor.attach(requirement, f"{requirement}.png", demo.picture())
    visitor.press("a.button[href='?langkah=periksa']")
    visitor.press("form[action$='/kirim'] button", refused=True)  # the declaration is missing
    visitor.page.check("[name=benar]")
    visitor.press("form[action$='/kirim'] button")
    assert re.search(r"SGO-\w{4}-\w{4}", visitor.text())
    return visitor.path


def staff_in(visitor: Visitor, who) -> None:
    """Sign in with the second factor; a code that was just used elsewhere is not used again."""
    for _ in range(2):
        visitor.open("/kantor/masuk")
        visitor.fill(username=who["username"], password=who["password"])
        visitor.press("form[action='/kantor/masuk'] button")
        visitor.fill(code=demo.totp(who["totp_secret"]))
        with visitor.page.expect_navigation():
            visitor.page.click("form[action='/kantor/masuk/kode'] button")
        if visitor.path == "/kantor":
            visitor.look()
            return
        visitor._noise.clear()
        time.sleep(30 - time.time() % 30 + 0.5)
    raise AssertionError(f"{who['username']} cannot sign in")


def staff(running, role):
    return next(entry for entry in running.signins["staff"] if entry["role"] == role)


def open_application(visitor: Visitor, reference: str) -> None:
    """Find an application in the queue and say why its data is opened."""
    visitor.open("/kantor/permohonan")
    visitor.fill(cari=reference)
    visitor.press("form[role=search] button")
    visitor.press("tbody th a")
    visitor.page.check("[name=tujuan] >> nth=0")
    visitor.press("form:has([name=tujuan]) button")


def officer_approves(visitor: Visitor, who, reference: str) -> None:
    staff_in(visitor, who)
    open_application(visitor, reference)
    visitor.press("form[action$='/ambil'] button")
    visitor.press("form[action$='/setujui'] button")


def lurah_signs(visitor: Visitor, who, reference: str) -> None:
    staff_in(visitor, who)
    open_application(visitor, reference)
    if visitor.page.locator("form[action$='/ambil']").count():
        visitor.press("form[action$='/ambil'] button")
    visitor.press("a[href*='/tandatangan']")
    visitor.press("form[action$='/tandatangan'] button", refused=True)
    visitor.page.check("[name=yakin]")
    visitor.press("form[action$='/tandatangan'] button")


def until(visitor: Visitor, path: str, selector: str) -> None:
    """Open a page until another process has brought what it waits for, then look at it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        visitor.page.goto(visitor.url + path)
        if visitor.page.locator(selector).count():
            visitor.look()
            return
        time.sleep(0.3)
    raise AssertionError(f"{path} never showed {selector}")


def compare(visitor: Visitor, pdf: bytes) -> str:
    """Upload a PDF to the verification page; return the verdict's heading."""
    visitor.page.set_input_files("#f-berkas", {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": pdf})
    visitor.press("form:has(#f-berkas) button")
    return visitor.page.inner_text("#hasil-unggah h2")


def verify(visitor: Visitor, code: str, pdf: bytes) -> None:
    """As anyone with the letter: look its code up, and upload the file and an altered one."""
    visitor.open("/v")
    visitor.fill(kode=code.lower())
    visitor.press("form[action='/v'] button")
    assert hashlib.sha256(pdf).hexdigest() in visitor.text()
    same, other = {"id": ("SAMA", "TIDAK SAMA"), "en": ("SAME", "NOT THE SAME")}[visitor.language]
    assert compare(visitor, pdf) == same
    middle = len(pdf) // 2
    assert compare(visitor, pdf[:middle] + bytes([pdf[middle] ^ 1]) + pdf[middle + 1 :]) == other


@SCREENS
def test_a_letter_from_registration_to_public_verification(running, chromium, width, language):
    screen = {"width": width, "language": language}
    with visit(chromium, running.url, **screen) as citizen:
        citizen.open("/")
        who = newcomer(running)
        register(citizen, who)
        sign_in(citizen, who)
        for empty in ("/permohonan", "/surat", "/kotak-masuk", "/data-saya/akses"):
            citizen.open(empty)
        application = apply(citizen)
        reference = re.search(r"SGO-\w{4}-\w{4}", citizen.text())[0]
        with visit(chromium, running.url, **screen) as officer:
            officer_approves(officer, staff(running, "officer"), reference)
        with visit(chromium, running.url, **screen) as lurah:
            lurah_signs(lurah, staff(running, "lurah"), reference)
        until(citizen, application, "a[href^='/surat/'][href$='/unduh']")
        pdf = citizen.download("a[href^='/surat/'][href$='/unduh']")
        assert pdf.startswith(b"%PDF-")
        citizen.open("/surat")
        code = citizen.page.inner_text(".facts .mono")
        until(citizen, "/data-saya/akses", "main .rows li, main tbody tr")
        until(citizen, "/kotak-masuk", "main .rows li")
        for mine in ("/beranda", "/permohonan", "/data-saya"):
            citizen.open(mine)
    with visit(chromium, running.url, **screen) as anyone:
        verify(anyone, code, pdf)


def link_by_meter(visitor: Visitor, connection) -> None:
    visitor.open("/air/tambah")
    form = "form:has([name=meter_serial])"
    wanted = {"connection_number": connection["number"], "meter_serial": connection["meter_serial"]}
    visitor.fill(**wanted, last_bill_amount="1")
    visitor.press(f"{form} button", refused=True)
    visitor.fill(**wanted, last_bill_amount=str(connection["last_bill_amount"]))
    visitor.press(f"{form} button")


def link_by_phone(visitor: Visitor, connection) -> None:
    visitor.open("/air/tambah")
    visitor.fill(phone_connection_number=connection["number"])
    visitor.press("form:has([name=phone_connection_number]) button")
    deadline = time.monotonic() + 20  # the code travels by fact and message
    while not (code := _code_or_none(visitor, connection["phone"])) and time.monotonic() < deadline:
        time.sleep(0.3)
    visitor.fill(code=code)
    visitor.press("form[action='/air/tambah/kode'] button")


def _code_or_none(visitor: Visitor, phone: str) -> str | None:
    tab = visitor.page.context.new_page()
    tab.goto(f"{visitor.url}/demo/mailbox?ke={phone.replace('+', '%2B')}")
    found = re.search(r"\b\d{6}\b", tab.inner_text("main"))
    tab.close()
    return found[0] if found else None


def begin_payment(visitor: Visitor, channel: str) -> None:
    """From the list of bills to the instructions of a payment."""
    visitor.open("/tagihan")
    visitor.page.locator(".rows li:has(.badge:not(.ok)) h2 a").first.click()
    visitor.page.wait_for_url("**/tagihan/*")
    visitor.look()
    visitor.press("form[action='/bayar'] button", refused=True)  # no channel chosen
    visitor.page.check(f"[value={channel}]")
    visitor.press("form[action='/bayar'] button")


def pay_at_the_bank(visitor: Visitor) -> None:
    """Pay in another tab as the bank would; the page that waits shows it by itself, or after a reload without scripts."""
    address, here = visitor.page.get_attribute("a[href^='/demo/bank?']", "href"), visitor.page
    visitor.page = visitor.page.context.new_page()
    visitor.open(address)
    visitor.press("form[action='/demo/bank'] button")
    visitor.page.close()
    visitor.page = here
    visitor.page.wait_for_selector("a[href$='/bukti']")
    visitor.look()


@SCREENS
def test_a_bill_is_explained_and_paid_by_qris_and_by_virtual_account(running, chromium, width, language):
    with visit(chromium, running.url, width=width, language=language) as citizen:
        who = newcomer(running)
        register(citizen, who)
        sign_in(citizen, who)
        for empty in ("/air", "/tagihan", "/pembayaran"):
            citizen.open(empty)
        by_meter, by_phone = (running.signins["connections"][next(PLACES)] for _ in range(2))
        link_by_meter(citizen, by_meter)
        assert citizen.page.locator("svg.chart, img.chart, figure svg").count() >= 1
        link_by_phone(citizen, by_phone)
        citizen.open("/air")
        for channel in ("qris", "va"):
            begin_payment(citizen, channel)
            pay_at_the_bank(citizen)
            receipt = citizen.download("a[href$='/bukti']")
            assert receipt.startswith(b"%PDF-")
        for after in ("/tagihan", "/pembayaran", "/beranda", "/tarif"):
            citizen.open(after)
        assert citizen.page.locator("form[action='/bayar']").count() == 0


def test_the_citizens_part_of_a_letter_needs_no_scripts(running, chromium):
    with visit(chromium, running.url, width=360, scripts=False) as citizen:
        who = newcomer(running)
        register(citizen, who)
        sign_in(citizen, who)
        apply(citizen)
        citizen.open("/permohonan")
        assert citizen.page.locator(".rows li").count() == 1


def test_one_signs_in_by_keyboard_alone(running, chromium):
    who = running.signins["citizens"][0]
    with visit(chromium, running.url) as citizen:
        citizen.open("/masuk")
        keys, focused = citizen.page.keyboard, "document.activeElement.name || document.activeElement.getAttribute('href')"
        keys.press("Tab")
        assert citizen.page.evaluate(focused) == "#isi"  # the way past the menu comes first, and is seen
        assert citizen.page.locator("a.skip").bounding_box()["y"] >= 0
        keys.press("Enter")
        for name, typed in (("identifier", who["nik"]), ("password", who["password"])):
            keys.press("Tab")
            assert citizen.page.evaluate(focused) == name
            keys.type(typed)
        with citizen.page.expect_navigation():
            keys.press("Enter")
        citizen.look()
        assert citizen.path == "/beranda"


PLANTED = """() => {
  document.body.insertAdjacentHTML("beforeend", '<h1>More</h1><img src="/static/mark.svg"><p style="color: red">The letter and your bill</p>');
  document.querySelector("main").append(Object.assign(document.createElement("pre"), { textContent: "w".repeat(400) }));
  console.error("a planted error");
}"""


def test_the_rules_see_what_is_planted_against_them(running, chromium):
    with visit(chromium, running.url, width=360) as visitor:
        visitor.open("/bantuan")
        visitor.page.evaluate(PLANTED)
        visitor.look()
        for rule in ("other language", "px wide", "2 first-level headings", "axe image-alt", "a planted error", "CSP style-src"):
            assert any(rule in fault for fault in visitor.faults), rule
        visitor.faults.clear()
