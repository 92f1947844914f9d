"""The desks of the back office in a real browser: accounts of staff, the platform, customers and their meters, a water report."""

import re

import pytest
from browser import Visitor, visit
from chassis import clock
from running import wait_for
from test_browser import SCREENS, chromium, staff, staff_in

from deploy.local import demo

__all__ = ["chromium"]
pytestmark = [
    pytest.mark.parametrize("running", ["postgresql"], indirect=True, scope="session"),
    pytest.mark.timeout(420),
]
SAWOJAJAR = "35.73.03.1008"
REASON = {"id": "Pindah ke kelurahan lain.", "en": "Moves to another kelurahan."}
CUSTOMERS = {"id": (24, 25), "en": (26, 27)}  # demo connections that no other errand takes


def make_account(admin: Visitor, username: str) -> str:
    """Make an account, first without anything; return its first password."""
    admin.open("/kantor/petugas/baru")
    admin.press("form[action='/kantor/petugas/baru'] button", refused=True)
    assert "water_cs" not in admin.text()  # roles have names
    admin.fill(name="Nur Aini", username=username, areas=SAWOJAJAR, office="Kelurahan Sawojajar")
    admin.page.check("[name=roles][value=officer]")
    admin.press("form[action='/kantor/petugas/baru'] button")
    password = admin.page.inner_text("#sandi-awal")
    admin.press(".actions a.button")
    return password


def enrol(newcomer: Visitor, username: str, password: str) -> None:
    """Sign in for the first time: second factor, own password, recovery codes."""
    newcomer.open("/kantor/masuk")
    newcomer.press("form[action='/kantor/masuk'] button", refused=True)
    newcomer.fill(username=username, password="bukan ini")
    newcomer.press("form[action='/kantor/masuk'] button", status=401)
    newcomer.fill(username=username, password=password)
    newcomer.press("form[action='/kantor/masuk'] button")
    newcomer.fill(code="000000", new_password="kalimat dinas yang baru")
    newcomer.press("form[action='/kantor/masuk/kode'] button", refused=True)
    secret = newcomer.page.inner_text("p.mono").replace(" ", "")
    newcomer.fill(code=demo.totp(secret), new_password="kalimat dinas yang baru")
    newcomer.press("form[action='/kantor/masuk/kode'] button")
    assert newcomer.page.locator(".codes li").count() == 10
    newcomer.press(".actions a.button")
    assert newcomer.path == "/kantor"
    newcomer.open("/kantor/petugas", status=403)
    newcomer.open("/kantor/akun")
    newcomer.fill(password="bukan ini", new_password="kalimat dinas yang lain")
    newcomer.press("form[action='/kantor/akun/sandi'] button", refused=True)


def look_after(admin: Visitor, username: str) -> None:
    """Change the duties, reset what was lost, end the account; each needs its reason."""
    admin.open("/kantor/petugas")
    admin.press(f".rows li:has-text('{username}') a.cover")
    for action in ("tugas", "sandi", "faktor-kedua", "akhiri"):
        form = f"form[action$='/{action}']"
        if action != "tugas":
            admin.page.click(f"details:has({form}) summary")
        admin.press(f"{form} button", refused=True)
        if action == "akhiri":
            admin.page.check("[name=yakin]")
        admin.page.fill(f"{form} [name^=alasan-]", REASON[admin.language])
        admin.press(f"{form} button")
        if action == "sandi":
            admin.press(".actions a.button")
    admin.open("/kantor/petugas?berakhir=ya")
    assert username in admin.text()


@SCREENS
def test_an_admin_looks_after_an_account_and_the_platform(running, chromium, width, language):
    screen, username = {"width": width, "language": language}, f"nur.aini.{language}"
    with visit(chromium, running.url, **screen) as admin, visit(chromium, running.url, **screen) as newcomer:
        staff_in(admin, staff(running, "admin"))
        enrol(newcomer, username, make_account(admin, username))
        look_after(admin, username)
        for page in ("/kantor/platform", "/kantor/platform/twuin/kabar", "/kantor/platform/twuin/proses-ulang"):
            admin.open(page)
        admin.press("form[action$='/proses-ulang'] button", refused=True)
        admin.open("/kantor/air/tagihan?period=2026&due_on=", status=422)
        admin.open("/kantor/air/tagihan?period=2026-10&due_on=2026-11-20")
        admin.press("form[action='/kantor/air/tagihan'] button", refused=True)  # nothing is issued by a slip
        admin.open("/kantor/air/tagihan")
        admin.press(".rows a.cover >> nth=0")


def look_up(desk: Visitor, number: str) -> None:
    """Find a customer and open the data for a purpose."""
    desk.open("/kantor/air")
    desk.press("form[role=search] button", refused=True)
    desk.fill(cari="99999999")
    desk.press("form[role=search] button")
    assert desk.page.locator(".empty").count() == 1
    desk.fill(cari=number)
    desk.press("form[role=search] button")
    desk.press(".rows a.cover")
    desk.press("form:has([name=tujuan]) button", refused=True)
    desk.page.check("[name=tujuan] >> nth=0")
    desk.press("form:has([name=tujuan]) button")
    assert number in desk.text()


def last_reading(desk: Visitor, number: str) -> int:
    """Ask for a connection's form, and return the reading that stands beside it."""
    desk.open("/kantor/air/baca")
    desk.fill(connection_number=number)
    desk.press("form[action='/kantor/air/baca'] button")
    return int(re.sub(r"\D", "", desk.page.inner_text("form .card.soft b")))


def read_the_meter(desk: Visitor, number: str) -> None:
    """Type a reading: not a number, then an unusual one, then the next one."""
    desk.open("/kantor/air/baca")
    desk.fill(connection_number="99999999")
    desk.press("form[action='/kantor/air/baca'] button", status=404)
    before = last_reading(desk, number)
    for typed in ("seratus", str(before + 900)):
        desk.fill(value=typed)
        desk.press("form[action='/kantor/air/baca'] button", refused=True)
        assert desk.page.input_value("[name=value]") == typed
    desk.fill(value=str(before + 12))
    desk.press("form[action='/kantor/air/baca'] button")


def upload_readings(desk: Visitor, number: str) -> None:
    """Upload a file with one good line and one bad one, look, and import the good one."""
    today, before = clock.today().isoformat(), last_reading(desk, number)
    desk.open("/kantor/air/unggah")
    desk.press("form[enctype] button", refused=True)
    rows = [(number, today[:7], before + 10, today, "tidak"), ("99999999", today[:7], 17, today, "tidak")]
    lines = ["nomor_sambungan,periode,angka_meter,tanggal_baca,taksiran", *(",".join(map(str, row)) for row in rows)]
    file = {"name": "bacaan.csv", "mimeType": "text/csv", "buffer": "\r\n".join(lines).encode()}
    desk.page.set_input_files("#f-berkas", file)
    desk.press("form[enctype] button")
    desk.press("form[action$='/impor'] button", refused=True)
    desk.page.check("[name=yakin]")
    desk.press("form[action$='/impor'] button")
    assert desk.page.locator("form[action$='/impor']").count() == 0


@SCREENS
def test_the_water_desk_finds_a_customer_and_takes_readings(running, chromium, width, language):
    looked_up, uploaded = (running.signins["connections"][place]["number"] for place in CUSTOMERS[language])
    with visit(chromium, running.url, width=width, language=language) as desk:
        staff_in(desk, staff(running, "water_cs"))
        look_up(desk, looked_up)
        read_the_meter(desk, looked_up)
        upload_readings(desk, uploaded)
        desk.open(f"/kantor/air/meter?connection_number={looked_up}")
        desk.press("form[action='/kantor/air/meter'] button", refused=True)
        assert desk.page.input_value("[name=connection_number]") == looked_up


@SCREENS
def test_a_water_report_is_only_read_at_the_kelurahan(running, chromium, width, language):
    screen = {"width": width, "language": language}
    person, _who = demo.register(running.url, running.signins["people"], running.home)
    place = {"latitude": -7.9790 if width == 360 else -7.9820, "longitude": 112.6560}
    body = {"category": "water_leak", "text": "Air keluar dari aspal.", "kelurahan": SAWOJAJAR, "position": place}
    filed = person.call("POST", "/complaints", body, expect=201)
    here = f"/laporan/{filed['complaint_id']}"
    order = wait_for(lambda: person.call("GET", f"/complaints/{filed['complaint_id']}")["water_reference"])
    with visit(chromium, running.url, **screen) as officer:
        staff_in(officer, staff(running, "officer"))
        officer.open("/kantor/laporan?air=ya")
        officer.open(f"/kantor{here}")
        officer.page.check("[name=tujuan] >> nth=0")
        officer.press("form:has([name=tujuan]) button")
        assert order in officer.text()
        assert officer.page.locator("main form:not([action='/kantor/keluar'])").count() == 0  # nothing to do here but read
