"""Work in the field and a new connection in a real browser: the board, the crew's phone, and the way from a letter to flowing water."""

import re
import uuid

import pytest
from browser import visit
from callers import staff as calling
from running import wait_for
from test_browser import SCREENS, begin_payment, chromium, pay_at_the_bank, sign_in, staff, staff_in, until

from deploy.local import demo

__all__ = ["chromium"]
pytestmark = [
    pytest.mark.parametrize("running", ["postgresql"], indirect=True, scope="session"),
    pytest.mark.timeout(600),
]
SAWOJAJAR = "35.73.03.1008"
NOTE = {"id": "Klem baru, aspal ditutup.", "en": "New clamp, asphalt closed."}


def crew_of_the_order(running, number: str):
    """Return the sign-in of the crew that has a work order."""
    for entry in running.signins["staff"]:
        if entry["role"] == "crew":
            mine = demo.sign_in_staff(running.url, entry).call("GET", "/crew/work-orders")["work_orders"]
            if number in {each["number"] for each in mine}:
                return entry
    raise AssertionError(f"no crew has {number}")


def take_on(crew, number: str) -> None:
    """Find an order in the crew's list, accept it and arrive."""
    crew.open("/kantor/regu")
    crew.press(f".rows li:has-text('{number}') a.cover")
    crew.press("form[action$='/terima'] button")
    crew.press("form[action$='/tiba'] button")


def report_result(crew) -> None:
    """Look at the result once more, change nothing, and report it."""
    crew.press("form[action$='/periksa'] button.big")
    crew.press("form[action$='/ubah'] button")
    crew.press("form[action$='/periksa'] button.big")
    crew.press("form[action$='/selesai'] button")


@SCREENS
def test_a_leak_on_the_board_is_repaired_from_the_crews_phone(running, chromium, width, language):
    screen = {"width": width, "language": language}
    reporter, _who = demo.register(running.url, running.signins["people"], running.home)
    place = {"latitude": -7.9700 if width == 360 else -7.9760, "longitude": 112.6580}
    body = {"category": "water_leak", "text": "Air keluar dari aspal.", "kelurahan": SAWOJAJAR, "position": place}
    complaint = reporter.call("POST", "/complaints", body, expect=201)
    where = f"/complaints/{complaint['complaint_id']}"
    number = wait_for(lambda: reporter.call("GET", where)["water_reference"])
    with visit(chromium, running.url, **screen) as operator:
        staff_in(operator, staff(running, "operator"))
        operator.open("/kantor/kebocoran")
        assert operator.page.locator("svg .spot").count() >= 1
        operator.press(f"tbody tr:has-text('{number}') th a")
        assert complaint["number"] in operator.text()
        order = operator.page.inner_text("aside a[href^='/kantor/tugas-lapangan/']")
        operator.press("aside a[href^='/kantor/tugas-lapangan/']")
        operator.open("/kantor/tugas-lapangan?jenis=kebocoran")
    with visit(chromium, running.url, **screen) as crew:
        staff_in(crew, crew_of_the_order(running, order))
        take_on(crew, order)
        crew.attach("berkas", "galian.png", demo.picture())
        crew.page.click("summary")
        crew.page.click("[data-step='1'] >> nth=0")
        crew.press("form[action$='/bahan'] button:not([type=button])")
        crew.press("form[action$='/periksa'] button.big", refused=True)  # no result chosen
        crew.page.check("[value=not_found]")
        crew.press("form[action$='/periksa'] button.big", refused=True)  # nothing said about it
        crew.page.check("[value=repaired]")
        crew.fill(note=NOTE[language])
        report_result(crew)
        assert NOTE[language] in crew.text()
        crew.open("/kantor/regu?selesai=ya")
        assert order in crew.text()
    wait_for(lambda: reporter.call("GET", where)["state"] == "resolved")


def domicile_letter(running, citizen) -> None:
    """Have the lurah sign a letter of domicile for the citizen."""
    form = citizen.call("GET", "/charter/kinds/domisili")
    body = {"kind": "domisili", "fields": demo.fill(form["form_schema"])}
    draft = citizen.call("POST", "/applications", body, expect=201)["application_id"]
    for requirement in form["requirements"]:
        if requirement["required"]:
            scan = ("scan.png", demo.picture())
            citizen.call("POST", f"/applications/{draft}/attachments", {"requirement": requirement["code"]}, file=scan, expect=201)
    citizen.call("POST", f"/applications/{draft}/submit", {})
    officer, lurah = calling(running, "officer"), calling(running, "lurah")
    officer.call("POST", f"/office/applications/{draft}/claim", {})
    officer.call("POST", f"/office/applications/{draft}/approve", {"note": ""})
    lurah.call("POST", f"/office/applications/{draft}/sign", {})
    wait_for(lambda: citizen.call("GET", "/new-connections/proofs")["proofs"])


def apply_for_a_connection(citizen) -> str:
    """Choose the letter, fill the form in, look once more, send it; return the application's path."""
    citizen.open("/sambungan-baru/ajukan")
    citizen.page.check("[name=surat]")
    citizen.press("form:has([name=surat]) button")
    address = citizen.page.input_value("[name=address]")
    citizen.fill(address="")
    citizen.press("form:has([name=address]) .actions button.button >> nth=-1", refused=True)
    citizen.fill(address=address, tariff_group="II")
    citizen.page.click("#f-peta", position={"x": 190, "y": 160})
    citizen.press("form:has([name=address]) .actions button.button >> nth=-1")
    assert address in citizen.text()
    citizen.page.set_input_files("#f-house", {"name": "rumah.png", "mimeType": "image/png", "buffer": demo.picture()})
    citizen.press("form[action='/sambungan-baru/kirim'] .actions button", refused=True)  # nothing declared
    assert citizen.page.locator("img[src^='/sambungan-baru/foto/']").count() == 1  # chosen once
    citizen.page.check("[name=benar]")
    citizen.press("form[action='/sambungan-baru/kirim'] .actions button")
    return citizen.path


def pass_the_documents(desk, path: str) -> None:
    """Open the file for a purpose and pass it on to the survey."""
    desk.open("/kantor/sambungan-baru")
    desk.open(f"/kantor{path}")
    desk.press("form:has([name=tujuan]) button", refused=True)
    desk.page.check("[value=check]")
    desk.press("form:has([name=tujuan]) button")
    desk.press("form[action$='/periksa'] button")


def field_work(running, chromium, screen, number: str, *, kind: str, fill) -> None:
    """As the crew: take the order of a kind for an application on, fill in its form, report it."""
    operator = calling(running, "operator")

    def found():
        listed = operator.call("GET", "/water/work-orders?page_size=100")["work_orders"]
        return next((each["number"] for each in listed if each["subject_number"] == number and each["kind"] == kind), "")

    order = wait_for(found)
    with visit(chromium, running.url, **screen) as crew:
        staff_in(crew, crew_of_the_order(running, order))
        take_on(crew, order)
        fill(crew)
        report_result(crew)


def survey(crew) -> None:
    crew.page.check("[name=feasible][value=ya]")
    crew.fill(pipe_distance_m="dua", pipe_diameter_mm="20")
    crew.press("form[action$='/periksa'] button.big", refused=True)
    assert crew.page.input_value("[name=pipe_distance_m]") == "dua"
    crew.fill(pipe_distance_m="12")


def installation(crew) -> None:
    crew.page.check("[name=outcome][value=installed]")
    crew.press("form[action$='/periksa'] button.big", refused=True)
    crew.fill(meter_serial=f"MTR{uuid.uuid4().int % 10**8:08}", seal="SGL-4711", first_reading="3")


@SCREENS
def test_a_letter_becomes_a_connection(running, chromium, width, language):
    screen = {"width": width, "language": language}
    person, who = demo.register(running.url, running.signins["people"], running.home)
    with visit(chromium, running.url, **screen) as citizen:
        sign_in(citizen, who)
        citizen.open("/sambungan-baru")
        citizen.open("/sambungan-baru/ajukan")
        assert citizen.page.locator("a[href='/layanan/domisili']").count() == 1
        domicile_letter(running, person)
        path = apply_for_a_connection(citizen)
        number = re.search(r"SB-\d\d-\d{6}", citizen.text())[0]
        with visit(chromium, running.url, **screen) as desk:
            staff_in(desk, staff(running, "water_cs"))
            pass_the_documents(desk, path)
        field_work(running, chromium, screen, number, kind="survey", fill=survey)
        until(citizen, path, "a[href^='/tagihan/']")
        begin_payment(citizen, "va")
        pay_at_the_bank(citizen)
        field_work(running, chromium, screen, number, kind="install", fill=installation)
        until(citizen, path, "a[href^='/air/']")
        citizen.press("a[href^='/air/']")
        for after in ("/sambungan-baru", "/beranda", "/tagihan", "/data-saya/akses"):
            citizen.open(after)
