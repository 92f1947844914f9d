"""What surrounds the errands, in a real browser: pages for everybody, recovery, the own account, what ends otherwise, what is away."""

import pytest
from browser import Visitor, visit
from callers import submitted
from test_browser import PLACES, SCREENS, begin_payment, chromium, in_mailbox, newest_code, sign_in, staff, staff_in

from deploy.local import demo

__all__ = ["chromium"]
pytestmark = [
    pytest.mark.parametrize("running", ["postgresql"], indirect=True, scope="session"),
    pytest.mark.timeout(420),
]
REASON = {"id": "Foto KTP buram, ambil lagi.", "en": "The photo of the card is blurred, take it again."}
UPPERMOST = """box => { const {x, y, width, height} = box.getBoundingClientRect();
  return box.contains(document.elementFromPoint(x + width / 2, y + height / 2)); }"""


@SCREENS
def test_everybody_reads_the_pages_that_need_no_account(running, chromium, width, language):
    with visit(chromium, running.url, width=width, language=language) as anyone:
        for page in ("/privasi", "/aksesibilitas", "/bantuan", "/demo/mailbox?ke=nobody@example.id", "/demo/bank"):
            anyone.open(page)
        anyone.open("/tarif?golongan=&volume=banyak", status=422)
        assert anyone.page.input_value("[name=volume]") == "banyak"
        anyone.fill(golongan="II", volume="25")
        anyone.press("form[action='/tarif'] button")
        assert anyone.page.locator("section tfoot").count() == 1
        for code in ("", "AAAA-BBBB-CCCC-DDDD"):
            anyone.open(f"/v?kode={code}", status=404 if code else 422)
        anyone.open("/tidak-ada", status=404)
        assert anyone.page.locator("main .mono").count() == 0  # nobody quotes the number of a page that is not there
        anyone.open("/masuk")
        anyone.press("form[action='/masuk'] button", refused=True)
        anyone.fill(identifier="3573010101010001", password="bukan sandi saya")
        anyone.press("form[action='/masuk'] button", status=401)


def lose_the_phone(visitor: Visitor, who) -> None:
    """Prove oneself and a new number; the new one begins later."""
    visitor.open("/nomor-hilang")
    visitor.press("form[action='/nomor-hilang'] button", refused=True)
    visitor.fill(**{name: who[name] for name in ("nik", "kk", "birth_date")}, new_phone="081999" + who["phone"][-6:])
    visitor.press("form[action='/nomor-hilang'] button")
    visitor.fill(code=newest_code(visitor, "+6281999" + who["phone"][-6:]))
    visitor.press("form[action='/nomor-hilang/kode'] .button:not(.quiet)")


@SCREENS
def test_a_password_is_forgotten_and_a_lost_phone_is_kept_after_all(running, chromium, width, language):
    _person, who = demo.register(running.url, running.signins["people"], running.home)
    with visit(chromium, running.url, width=width, language=language) as citizen:
        citizen.open("/lupa-sandi")
        citizen.press("form[action='/lupa-sandi'] button", refused=True)
        citizen.fill(identifier=who["nik"])
        citizen.press("form[action='/lupa-sandi'] button")
        citizen.fill(code="000000", password="pendek")
        citizen.press("form[action='/lupa-sandi/kode'] .button:not(.quiet)", refused=True)
        who["password"] = "kalimat rahasia yang baru"
        citizen.fill(code=newest_code(citizen, who["phone"]), password=who["password"])
        citizen.press("form[action='/lupa-sandi/kode'] .button:not(.quiet)")
        lose_the_phone(citizen, who)
        sign_in(citizen, who)
        citizen.open("/data-saya")
        assert citizen.page.locator("form[action='/data-saya/nomor/batal']").count() == 1
        citizen.open(in_mailbox(citizen, who["phone"], r"/nomor-hilang/batal/[\w-]+"))
        citizen.press("form:has(.danger.sure) button")
        citizen.open("/data-saya")
        assert citizen.page.locator("form[action='/data-saya/nomor/batal']").count() == 0


@SCREENS
def test_somebody_chooses_how_to_be_told_changes_the_password_and_signs_out(running, chromium, width, language):
    _person, who = demo.register(running.url, running.signins["people"], running.home)
    email = f"warga.{who['nik'][-4:]}@example.id"
    with visit(chromium, running.url, width=width, language=language) as citizen:
        sign_in(citizen, who)
        for empty in ("/urusan", "/urusan?keadaan=selesai", "/data-saya/pemberitahuan"):
            citizen.open(empty)
        citizen.press("form[action='/data-saya/surel'] button", refused=True)
        citizen.fill(email=email)
        citizen.press("form[action='/data-saya/surel'] button")
        citizen.fill(code="000000")
        citizen.press("form[action='/data-saya/surel/kode'] button", refused=True)
        citizen.fill(code=newest_code(citizen, email))
        citizen.press("form[action='/data-saya/surel/kode'] button")
        citizen.page.check("[name=errands][value=email]")
        citizen.press("form[action='/data-saya/pemberitahuan'] button")
        assert citizen.page.is_checked("[name=errands][value=email]")
        citizen.open("/kotak-masuk")
        citizen.press("form[action='/kotak-masuk/dibaca'] button")
        citizen.open("/data-saya")
        citizen.fill(password=who["password"], new_password="pendek")
        citizen.press("form[action='/data-saya/sandi'] button", refused=True)
        citizen.open("/kantor", status=403)
        citizen.open("/data-saya")
        citizen.press("form[action='/keluar'] button")
        assert citizen.page.eval_on_selector(".notice.ok", UPPERMOST)  # nothing covers what it says


def correct(visitor: Visitor, application: str) -> None:
    """As the citizen: read why it came back, go through the form again and send it."""
    visitor.open("/beranda")
    visitor.open(application)
    visitor.press("a[href$='/ubah']")
    assert REASON[visitor.language] in visitor.text()
    visitor.press("button[value=dokumen]")
    visitor.press("a.button[href='?langkah=periksa']")
    visitor.page.check("[name=benar]")
    visitor.press("form[action$='/kirim'] button")


@SCREENS
def test_an_application_comes_back_is_corrected_and_refused_and_a_draft_is_deleted(running, chromium, width, language):
    screen = {"width": width, "language": language}
    person, who = demo.register(running.url, running.signins["people"], running.home)
    mine = f"/permohonan/{submitted(person)}"
    with visit(chromium, running.url, **screen) as officer, visit(chromium, running.url, **screen) as citizen:
        staff_in(officer, staff(running, "officer"))
        officer.open(f"/kantor{mine}?tujuan=check")
        assert "35.73.03.1008" not in officer.text()  # people read the name of a kelurahan, not its code
        officer.press("form[action$='/ambil'] button")
        officer.page.click("details:has(form[action$='/kembalikan']) summary")
        officer.press("form[action$='/kembalikan'] .wide", refused=True)
        officer.press("[data-rows]")
        officer.fill(**{"alasan-1": REASON[language]})
        officer.press("form[action$='/kembalikan'] .wide")
        sign_in(citizen, who)
        correct(citizen, mine)
        officer.open(f"/kantor{mine}?tujuan=check")
        officer.page.click("details:has(form[action$='/tolak']) summary")
        officer.press("form[action$='/tolak'] button", refused=True)
        officer.page.check("[name=yakin]")
        officer.fill(alasan=REASON[language])
        officer.press("form[action$='/tolak'] button")
        citizen.open(mine)
        assert REASON[language] in citizen.text()
        draft = person.call("POST", "/applications", {"kind": "domisili", "fields": {}}, expect=201)["application_id"]
        citizen.open(f"/permohonan/{draft}")
        citizen.page.click("summary")
        citizen.press("form[action$='/hapus'] button")
        citizen.open("/urusan")
        citizen.page.click("details summary")
        citizen.look()


def link(person, connection) -> None:
    """Link a demo connection by its meter and last bill."""
    body = {name: connection[name] for name in ("meter_serial", "last_bill_amount")} | {"connection_number": connection["number"]}
    person.call("POST", "/connections", body, expect=201)


@SCREENS
def test_a_payment_is_cancelled_a_bill_printed_and_a_connection_unlinked(running, chromium, width, language):
    person, who = demo.register(running.url, running.signins["people"], running.home)
    link(person, running.signins["connections"][next(PLACES)])
    with visit(chromium, running.url, width=width, language=language) as citizen:
        sign_in(citizen, who)
        begin_payment(citizen, "va")
        citizen.page.click("details:has(form[action$='/batal']) summary")
        citizen.press("form[action$='/batal'] button")
        citizen.open("/pembayaran")
        citizen.open("/tagihan")
        citizen.press("main .rows h2 a >> nth=0")
        citizen.on_paper()
        citizen.open("/air")
        citizen.press("article a")
        citizen.page.click("details:has(form[action$='/lepas']) summary")
        citizen.press("form[action$='/lepas'] button")


@SCREENS
def test_what_is_away_is_said_in_one_sentence_and_the_rest_stands(running, chromium, width, language):
    _person, who = demo.register(running.url, running.signins["people"], running.home)
    with visit(chromium, running.url, width=width, language=language) as citizen:
        sign_in(citizen, who)
        with running.stopped("singo-rpc"):
            for page in ("/", "/layanan", "/beranda", "/permohonan", "/laporan/publik"):
                citizen.open(page)
                assert citizen.page.locator("main .notice.warn").count() >= 1, page
            citizen.open("/layanan/domisili", status=503)
            assert citizen.page.locator("main .mono").count() == 1  # a number to quote
        with running.stopped("twuin-rpc"):
            for page in ("/beranda", "/tagihan", "/air", "/tarif"):
                citizen.open(page)
                assert citizen.page.locator("main .notice.warn").count() >= 1, page
