"""Reports as people meet them in a browser: a guest without scripts, citizens, the officer's desk, the public page; a letter taken back."""

import io
import re

import pytest
from browser import Visitor, visit
from PIL import Image
from test_browser import (
    SCREENS,
    apply,
    chromium,  # noqa: F401 - a fixture
    lurah_signs,
    newcomer,
    newest_code,
    officer_approves,
    register,
    sign_in,
    staff,
    staff_in,
    until,
)

# One bus is enough: no page differs by it, and the errands over the API run on both.
pytestmark = [
    pytest.mark.parametrize("running", ["postgresql"], indirect=True, scope="session"),
    pytest.mark.timeout(420),
]
TEXT = {"id": "Lubang besar di tengah jalan, dalam dan gelap.", "en": "A large hole in the middle of the road, deep and dark."}
ANSWER = {"id": "Petugas akan datang besok pagi.", "en": "Somebody will come tomorrow morning."}
PHONES = iter(f"08129{number:07}" for number in range(4_400_000, 4_400_100))
SAWOJAJAR, PLACE = "35.73.03.1008", {"x": 190, "y": 165}  # and where it lies on the map, in pixels


def photo(colour: str = "brown") -> dict[str, object]:
    """Return a small photo to choose in a form."""
    made = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(made, "JPEG")
    return {"name": "jalan.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def as_guest(visitor: Visitor, where: str) -> None:
    """Go to a form, and prove a phone on the way."""
    phone = next(PHONES)
    visitor.open(where)
    assert visitor.path == "/lapor/tamu"
    visitor.fill(phone="123")
    visitor.press("form[action='/lapor/tamu'] button", refused=True)
    visitor.fill(phone=phone)
    visitor.press("form[action='/lapor/tamu'] button")
    visitor.fill(code=newest_code(visitor, f"+62{phone[1:]}"))
    visitor.press("form[action='/lapor/tamu/kode'] .button:not(.quiet)")
    assert visitor.path == where


def send(visitor: Visitor, *, refused: bool = False) -> None:
    visitor.press("form[enctype] .actions .button >> nth=-2", refused=refused)


def report(visitor: Visitor, category: str, *, guest: bool = False) -> str:
    """File a report with a pin and a photo, first without its text; return its public number."""
    visitor.open("/lapor")
    if guest:
        as_guest(visitor, f"/lapor/{category}")
    else:
        visitor.press(f"a[href='/lapor/{category}']")
    visitor.fill(address="Depan gapura RW 5")
    if visitor.scripts:
        for key in ("Enter", "ArrowRight"):
            visitor.page.locator("#f-peta").press(key)
        assert visitor.page.input_value("[name=lat]")
        visitor.page.click("#f-peta", position=PLACE)
    else:
        with visitor.page.expect_navigation():
            visitor.page.click("#f-peta", position=PLACE)
        visitor.look()
        assert visitor.page.input_value("[name=address]") == "Depan gapura RW 5"
    assert visitor.page.input_value("[name=kelurahan]") == SAWOJAJAR  # follows the pin
    visitor.page.set_input_files("#f-foto", photo())
    send(visitor, refused=True)
    assert visitor.page.locator(".photos img").count() == 1  # kept with the form
    visitor.fill(text=TEXT[visitor.language])
    send(visitor)
    assert re.fullmatch(r"/laporan/[0-9a-f-]{36}", visitor.path)
    assert visitor.page.locator(".photos img").count() == 1
    found = re.search(r"ADU-\w{4}-\w{4}", visitor.text())
    assert found
    return found[0]


def test_a_guest_reports_without_an_account_and_without_scripts_and_finds_the_report_again(running, chromium):  # noqa: F811 - the imported fixture
    with visit(chromium, running.url, width=360, scripts=False) as guest:
        number = report(guest, "road", guest=True)
        guest.open("/laporan")
        assert number in guest.text()
        guest.press("a.cover")
        guest.page.click("summary")
        guest.fill(**{"alasan-cabut": "Sudah beres sendiri kemarin."})
        guest.press("form[action$='/cabut'] button", refused=True)  # not sure yet
        guest.page.check("[name=yakin]")
        guest.press("form[action$='/cabut'] button")
        guest.press("form[action='/lapor/tamu/keluar'] button")
        guest.open("/laporan")
        assert guest.path == "/lapor/tamu"


@SCREENS
def test_a_report_is_followed_answered_resolved_reopened_and_rated(running, chromium, width, language):  # noqa: F811 - the imported fixture
    screen = {"width": width, "language": language}
    with visit(chromium, running.url, **screen) as anyone:
        for page in ("/", "/lapor", "/laporan/publik", "/laporan/publik?keadaan=semua&kategori=road"):
            anyone.open(page)
        anyone.open("/laporan/publik?nomor=ADU-0000-0000", status=404)
    with visit(chromium, running.url, **screen) as reporter:
        who = newcomer(running)
        register(reporter, who)
        sign_in(reporter, who)
        for empty in ("/laporan", "/laporan/diikuti"):
            reporter.open(empty)
        number = report(reporter, "road")
        mine = reporter.path
        with visit(chromium, running.url, **screen) as officer:
            staff_in(officer, staff(running, "officer"))
            works(officer, number)
        reporter.open(mine)
        reporter.page.click("summary >> nth=0")
        reporter.press("form[action$='/bukalagi'] button", refused=True)
        reporter.fill(alasan=TEXT[language])
        reporter.press("form[action$='/bukalagi'] button")
        with visit(chromium, running.url, **screen) as officer:
            staff_in(officer, staff(running, "officer"))
            works(officer, number)
        reporter.open(mine)
        reporter.press("form[action$='/nilai'] button", refused=True)
        reporter.page.check("[name=nilai][value='4']")
        reporter.fill(kesan=TEXT[language])
        reporter.press("form[action$='/nilai'] button")
        reporter.open("/beranda")
        reporter.open(f"/laporan/publik/{number}")
        assert TEXT[language] not in reporter.text()
    with visit(chromium, running.url, **screen) as neighbour:
        who = newcomer(running)
        register(neighbour, who)
        sign_in(neighbour, who)
        neighbour.open(f"/laporan/publik/{number}")
        neighbour.press("form[action$='/ikuti'] button")
        neighbour.open("/laporan/diikuti")
        assert number in neighbour.text()
        neighbour.press("a.cover")
        neighbour.press("form[action$='/lepas'] button")
        neighbour.open(mine, status=404)


def works(officer: Visitor, number: str) -> None:
    """Find a report, open it for a purpose, take it, answer it and resolve it."""
    officer.open("/kantor/laporan")
    officer.fill(cari=number)
    officer.press("form[role=search] button")
    officer.press("tbody th a")
    officer.press("form:has([name=tujuan]) button", refused=True)
    officer.page.check("[name=tujuan] >> nth=0")
    officer.press("form:has([name=tujuan]) button")
    officer.press("form[action$='/ambil'] button")
    officer.press("form[action$='/jawab'] button", refused=True)
    officer.fill(jawaban=ANSWER[officer.language])
    officer.press("form[action$='/jawab'] button")
    officer.page.click("details:has(form[action$='/selesai']) summary")
    officer.fill(hasil=ANSWER[officer.language])
    officer.press("form[action$='/selesai'] button")


@SCREENS
def test_a_letter_is_revoked_and_everybody_reads_why(running, chromium, width, language):  # noqa: F811 - the imported fixture
    screen = {"width": width, "language": language}
    with visit(chromium, running.url, **screen) as citizen:
        who = newcomer(running)
        register(citizen, who)
        sign_in(citizen, who)
        application = apply(citizen)
        reference = re.search(r"SGO-\w{4}-\w{4}", citizen.text())[0]
        with visit(chromium, running.url, **screen) as officer:
            officer_approves(officer, staff(running, "officer"), reference)
        with visit(chromium, running.url, **screen) as lurah:
            lurah_signs(lurah, staff(running, "lurah"), reference)
            until(citizen, application, "a[href^='/surat/'][href$='/unduh']")
            lurah.open("/kantor/surat")
            lurah.fill(cari=reference)
            lurah.press("form[role=search] button")
            lurah.press("a[href$='/cabut']")
            lurah.fill(alasan="Salah")
            lurah.press("form[action$='/cabut'] button", refused=True)
            lurah.page.check("[name=yakin]")
            lurah.press("form[action$='/cabut'] button", refused=True)  # the reason is too short
            lurah.fill(alasan="Alamat pada surat ini tidak benar.")
            lurah.page.check("[name=yakin]")
            lurah.press("form[action$='/cabut'] button")
            lurah.open("/kantor/surat")  # what the lurah wrote stands there as written, whatever the language of the page
            assert "Alamat pada surat ini tidak benar." in lurah.text()
        citizen.open("/surat")
        code = citizen.page.inner_text(".facts .mono")
    with visit(chromium, running.url, **screen) as anyone:
        anyone.open(f"/v/{code}")
        assert "Alamat pada surat ini tidak benar." in anyone.text()
        assert anyone.page.locator(".verdict.bad").count() == 1
