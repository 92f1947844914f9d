import dataclasses
import datetime as dt
import io
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pikepdf
import pytest
from chassis.testing import lacking
from hypothesis import given, settings
from hypothesis import strategies as st
from singo import charter
from singo.letters import model
from singo.letters.typesetting import Typesetter, UnknownTemplateError

CHARTER = charter.load()
OFFICE = CHARTER.office("35.73.03.1008")
SETTER = Typesetter("https://layanan.contoh.id/")
WHO = {
    "name": "Siti Aminah", "nik": "3573035501900001", "kk": "3573030101080001", "birth_place": "Malang",
    "birth_date": "1990-01-15", "sex": "P", "address": "Jl. Danau Toba No. 5", "rt": "003", "rw": "012",
    "kelurahan": OFFICE.code, "religion": "Islam", "occupation": "Guru", "marital_status": "Kawin", "nationality": "WNI",
}  # fmt: skip
MARKUP = [
    "#emph[x]",
    "*tebal*",
    "_miring_",
    "$x^2$",
    "= judul",
    "- butir",
    "@rujuk",
    "<label>",
    "`kode`",
    "// komentar",
    "\\u{41}",
    '"; #panic("x")',
]


def page(kind="domisili", fields=None, **who):
    return model.page_of(
        CHARTER.kind(kind), OFFICE, WHO | who, fields or {"purpose": "sambungan air", "resident_since": "2020-01-31", "dwelling": "sewa"},
        number="470/001/35.73.03.1008/XI/2026", code="01AB-CDEF-GHJK-MNPQ", day=dt.date(2026, 11, 24), signatory="",
    )  # fmt: skip


def text_of(pdf: bytes) -> str:
    """Return what a reader selects and copies, in reading order, in one line."""
    if shutil.which("pdftotext") is None:
        lacking("pdftotext (poppler) is not installed")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_a_letter_says_who_what_and_when():
    text = text_of(SETTER.typeset(page(), certified=False))
    for said in (
        "PEMERINTAH KOTA MALANG", "KECAMATAN KEDUNGKANDANG", "KELURAHAN SAWOJAJAR", "SURAT KETERANGAN DOMISILI",
        "Nomor: 470/001/35.73.03.1008/XI/2026", "Nama lengkap : Siti Aminah", "NIK : 3573035501900001",
        "Tempat, tanggal lahir : Malang, 15 Januari 1990", "Jenis kelamin : Perempuan", "sejak 31 Januari 2020",
        "untuk keperluan sambungan air", "Malang, 24 November 2026", "Lurah Sawojajar", OFFICE.lurah, OFFICE.nip,
        "berlaku sampai dengan tanggal 23 Mei 2027", "https://layanan.contoh.id/v/01AB-CDEF-GHJK-MNPQ",
        "Ditandatangani secara elektronik", "tidak tersertifikasi",
    ):  # fmt: skip
        assert said in text


def test_a_certified_signature_is_said_to_be_one():
    text = text_of(SETTER.typeset(page(), certified=True))
    assert "sertifikat elektronik tersertifikasi" in text
    assert "tidak tersertifikasi" not in text


@pytest.mark.parametrize("kind", sorted(CHARTER.kinds))
def test_every_kind_of_the_charter_gives_one_page(kind):
    fields = {name: _example(rule) for name, rule in CHARTER.kind(kind).properties.items()}
    with pikepdf.open(io.BytesIO(SETTER.typeset(page(kind, fields), certified=False))) as pdf:
        assert len(pdf.pages) == 1


def _example(rule):
    if rule.get("enum"):
        return rule["enum"][0]
    return {"integer": 1_500_000, "boolean": True}.get(rule["type"], "2020-01-31" if rule.get("format") == "date" else "x" * 20)


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_in_a_name_stands_there_as_it_was_typed(markup):
    text = text_of(SETTER.typeset(page(name=f"Budi {markup} Santoso"), certified=False))
    assert f"Budi {markup} Santoso" in text


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="#*_$=@<>`/\\\"'{}[]()~-+; abcÅé", min_size=1, max_size=40))
def test_nothing_that_is_typed_can_break_a_letter(text):
    setter = SETTER.typeset(page(name=text, address=text, birth_place=text), certified=False)
    assert setter.startswith(b"%PDF-")


def test_every_sign_that_is_called_printable_can_be_printed():
    signs = [chr(point) for point in range(0x20, 0x3000) if not model.unprintable(chr(point)) and not chr(point).isspace()]
    assert len(signs) > 1000
    assert SETTER.typeset(page(name="".join(signs)), certified=False).startswith(b"%PDF-")


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_a_text_is_refused_or_printed(text):
    if not model.unprintable(text):
        assert SETTER.typeset(page(name=f"A{text}"), certified=False).startswith(b"%PDF-")


def test_a_text_of_several_lines_becomes_one():
    assert dict(page(name="Siti\r\n\tAminah\u2028 B").rows)["Nama lengkap"] == "Siti Aminah B"


def test_a_long_letter_goes_on_on_a_second_page_with_its_signature():
    long = dataclasses.replace(page(), paragraphs=tuple("Kalimat yang panjang sekali. " * 12 for _ in range(12)))
    pdf = SETTER.typeset(long, certified=False)
    with pikepdf.open(io.BytesIO(pdf)) as read:
        assert len(read.pages) == 2
    assert "Halaman 2 dari 2" in text_of(pdf)


def test_a_letter_is_archival_and_accessible():
    with pikepdf.open(io.BytesIO(SETTER.typeset(page(), certified=False))) as pdf:
        meta = pdf.open_metadata()
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"], meta["pdfuaid:part"]) == ("3", "A", "1")
        assert str(pdf.Root.Lang).startswith("id")
        assert meta["dc:title"] == "Surat Keterangan Domisili Nomor 470/001/35.73.03.1008/XI/2026"
        alternatives = [str(node.Alt) for node in pdf.objects if isinstance(node, pikepdf.Dictionary) and node.get("/Alt")]
    assert any("Kode QR" in text and "01AB-CDEF-GHJK-MNPQ" in text for text in alternatives)
    assert any("Lambang" in text for text in alternatives)


def test_every_font_of_a_letter_is_inside_it():
    with pikepdf.open(io.BytesIO(SETTER.typeset(page(), certified=False))) as pdf:
        fonts = [node for node in pdf.objects if isinstance(node, pikepdf.Dictionary) and node.get("/Type") == "/FontDescriptor"]
        assert fonts
        assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(font.keys()) for font in fonts)


def test_a_letter_ends_in_a_newline_so_that_a_signature_keeps_it_archival():
    assert SETTER.typeset(page(), certified=False).endswith(b"%%EOF\n")


def test_threads_typeset_different_letters_at_once():
    names = [f"Warga Nomor {n}" for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda name: SETTER.typeset(page(name=name), certified=False), names))
    assert all(name in text_of(pdf) for name, pdf in zip(names, made, strict=True))


def test_what_is_not_known_has_no_line():
    rows = dict(model.rows_of(WHO | {"religion": "", "occupation": " "}, OFFICE))
    assert "Agama" not in rows
    assert "Pekerjaan" not in rows
    assert rows["Alamat"] == "Jl. Danau Toba No. 5 RT 003 RW 012, Kelurahan Sawojajar, Kecamatan Kedungkandang"


def test_a_template_that_does_not_exist_is_named():
    with pytest.raises(UnknownTemplateError, match="surat_lain"):
        SETTER.typeset(dataclasses.replace(page(), template="surat_lain"), certified=False)
