"""What anybody can find out about a letter: the original is the same, anything else is not, nothing is said of the person."""

import io
import json
import sys
from pathlib import Path

import pikepdf
import pytest
from callers import ask, staff, submitted

from deploy.local import demo
from deploy.local.demo import Person

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pdf"))
from test_conformance import validator, verdicts  # noqa: F401 - a fixture and what judges


@pytest.fixture(scope="module")
def letter(running):
    """Return a signed letter: who it is of, what is said of it, its PDF."""
    citizen, who = demo.register(running.url, running.signins["people"], running.home)
    application = submitted(citizen)
    officer, lurah = staff(running, "officer"), staff(running, "lurah")
    officer.call("POST", f"/office/applications/{application}/claim", {})
    officer.call("POST", f"/office/applications/{application}/approve", {})
    lurah.call("POST", f"/office/applications/{application}/sign", {})
    [said] = demo.wait_for("the letter", lambda: citizen.call("GET", "/letters")["letters"])
    return who, said, citizen.call("GET", f"/letters/{said['letter_id']}/pdf")


@pytest.fixture
def anyone(running):
    return Person(running.url)


def compare(anyone, letter, pdf):
    return anyone.call("POST", f"/verify/{letter[1]['code']}", {}, file=("surat.pdf", pdf))["same"]


def test_the_original_is_the_same_and_so_is_what_the_code_leads_to(anyone, letter):
    _, said, pdf = letter
    assert compare(anyone, letter, pdf) is True
    assert anyone.call("GET", f"/verify/{said['code']}/pdf") == pdf


def test_one_flipped_byte_anywhere_is_not_the_same(anyone, letter):
    pdf = letter[2]
    signature, length = pdf.find(b"/ByteRange"), len(pdf)
    assert signature > 0
    for at in (0, 7, length // 4, length // 2, signature + 3, length - length // 8, length - 2):
        assert compare(anyone, letter, pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]) is False, at


def test_a_revision_appended_after_the_signature_is_not_the_same(anyone, letter):
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(letter[2]))
    writer.root["/Added"] = generic.TextStringObject("later")
    writer.update_root()
    writer.write(out)
    appended = out.getvalue()
    assert appended.startswith(letter[2])  # all that was signed is still there, byte for byte
    assert len(appended) > len(letter[2])
    assert compare(anyone, letter, appended) is False


def test_rewritten_cut_padded_and_foreign_files_are_not_the_same(anyone, letter):
    pdf, out = letter[2], io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(out)
    for other in (out.getvalue(), pdf[:-1], pdf + b"\n", b"%PDF-1.7\n", b"not a PDF at all"):
        assert compare(anyone, letter, other) is False


def test_an_empty_file_is_refused_or_not_the_same(anyone, letter):
    try:
        assert compare(anyone, letter, b"") is False
    except demo.Surprise as refused:
        assert "answered 422" in str(refused)  # noqa: PT017 - either answer is right, an internal error is not


@pytest.mark.parametrize("code", ["0000-0000-0000-0000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ", "x", "a" * 300, "%00", "..%2f..%2fetc", "';--"])
def test_an_unknown_code_is_not_found_and_says_so_in_a_sentence(anyone, code):
    for language in ("id", "en"):
        answer = ask(anyone, "GET", f"/verify/{code}", Accept_Language=language)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"].endswith(".")
    assert anyone.call("GET", f"/verify/{code}/pdf", expect=404)["status"] == 404


def test_a_code_is_understood_however_it_is_typed(anyone, letter):
    code = letter[1]["code"]
    expected = anyone.call("GET", f"/verify/{code}")
    typed = (code.lower(), code.replace("-", ""), code.replace("-", "%20"), f"%20{code.lower()}%20", code.replace("0", "O"))
    for each in typed:
        assert anyone.call("GET", f"/verify/{each}") == expected, each


def test_what_is_said_of_a_letter_names_no_number_of_the_person(anyone, letter):
    who, said, _ = letter
    shown = json.dumps(anyone.call("GET", f"/verify/{said['code']}"), ensure_ascii=False)
    for secret in (who["nik"], who["kk"], who["phone"], who["birth_date"], who["name"]):
        assert secret not in shown
    assert said["sha256"] in shown
    assert said["number"] in shown


def test_the_signature_holds_and_covers_the_whole_file(letter):
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(io.BytesIO(letter[2]))
    (signature,) = reader.embedded_signatures
    chain = [signature.signer_cert, *signature.other_embedded_certs]
    roots = [certificate for certificate in chain if certificate.self_signed != "no"]
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False))
    assert status.intact
    assert status.valid
    assert status.coverage.name == "ENTIRE_FILE"


@pytest.mark.parametrize("flavour", ["3a", "ua1"])
def test_the_letter_as_downloaded_is_archival_and_accessible(validator, letter, tmp_path, flavour):  # noqa: F811 - the fixture
    file = tmp_path / "surat.pdf"
    file.write_bytes(letter[2])
    assert verdicts(validator, flavour, file) == ["PASS"]
