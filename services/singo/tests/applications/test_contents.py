from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib

import pytest
from chassis.errors import InvalidFields
from chassis.files import FileStore
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from singo import letters
from singo.applications import pdfs
from singo.applications.contents import EXTENSIONS, recognise, safe_name


def pdf(*objects, catalog=b"", pages=b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", trailer=b""):
    """Return a PDF of one empty page, with more in its catalog and more objects (numbered from 4 on)."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"
    parts = [b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>", pages, page, *objects]
    out, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, trailer, len(out))
    return out + head + table + tail


def stream(data, filters=b"/FlateDecode", more=b""):
    return b"<< /Length %d /Filter %s %s >>\nstream\n%s\nendstream" % (len(data), filters, more, data)


PDF = pdf(stream(zlib.compress(b"0 0 m 9 9 l S")))


def picture(form, size=(40, 30), **how):
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, form, **how)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type", "name"),
    [
        (picture("JPEG"), "image/jpeg", "KTP saya.jpg"),
        (picture("PNG"), "image/png", "KTP saya.png"),
        (picture("WEBP"), "image/webp", "KTP saya.webp"),
        (PDF, "application/pdf", "KTP saya.pdf"),
    ],
)
def test_content_decides_whatever_the_name_says(content, media_type, name):
    document = recognise("C:\\Users\\me\\KTP saya.exe", content)
    assert (document.media_type, document.file_name) == (media_type, name)


def refusal(content):
    with pytest.raises(InvalidFields) as refused:
        recognise("x.jpg", content)
    (error,) = refused.value.fields
    assert error.field == "content"
    assert error.id != error.en
    return error.code


def test_what_is_none_of_the_four_is_refused():
    assert refusal(b"") == "empty"
    assert refusal(b"hello") == "type"
    assert refusal(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>") == "type"
    assert refusal(b"PK\x03\x04" + bytes(50)) == "type"
    assert refusal(picture("GIF")) == "type"
    assert refusal(b"\xff\xd8\xff" + os.urandom(6 * 1024 * 1024)) == "too_large"


def test_a_header_alone_is_no_picture_and_no_pdf():
    assert refusal(b"\xff\xd8\xff\xe0" + os.urandom(300)) == "unreadable"
    assert refusal(picture("PNG")[:200]) == "unreadable"
    assert refusal(picture("JPEG", (400, 300))[:5000]) == "unreadable"
    assert refusal(b"RIFF\x00\x00\x00\x00WEBP" + os.urandom(50)) == "unreadable"
    assert refusal(b"%PDF-1.7\nnothing more") == "unreadable"
    assert refusal(PDF[: len(PDF) // 2]) == "unreadable"
    assert refusal(pdf(pages=b"<< /Type /Pages >>")) == "unreadable"


SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
ACTIVE = {
    "opens with a script": pdf(SCRIPT, catalog=b"/OpenAction 4 0 R"),
    "a script that nothing names": pdf(SCRIPT),
    "a script with its name written otherwise": pdf(SCRIPT.replace(b"/JS", b"/J#53").replace(b"/JavaScript", b"/Java#53cript")),
    "scripts by name": pdf(catalog=b"/Names << /JavaScript << /Names [(a) << /S /GoTo >>] >> >>"),
    "starts a program": pdf(b"<< /S /Launch /F (calc.exe) >>"),
    "opens another place by itself": pdf(catalog=b"/OpenAction << /S /URI /URI (https://contoh.id) >>"),
    "acts when a page is closed": pdf(pages=b"<< /Type /Pages /Kids [3 0 R] /Count 1 /AA << /C << /S /GoTo >> >> >>"),
    "sends a form": pdf(b"<< /Type /Action /S /SubmitForm /F (https://contoh.id) >>"),
    "a form of another kind": pdf(catalog=b"/AcroForm << /Fields [] /XFA [] >>"),
    "a file inside": pdf(b"<< /Type /Filespec /F (a.exe) /EF << >> >>"),
    "a file inside that nothing names": pdf(stream(zlib.compress(b"MZ"), more=b"/Type /EmbeddedFile")),
    "a file on a page": pdf(b"<< /Type /Annot /Subtype /FileAttachment >>"),
}


@pytest.mark.parametrize("why", ACTIVE)
def test_a_pdf_that_does_more_than_show_pages_is_refused(why):
    assert refusal(ACTIVE[why]) == "active"


def test_a_pdf_that_opens_at_a_place_of_its_own_is_fine():
    for catalog in (b"/OpenAction [3 0 R /Fit]", b"/OpenAction << /S /GoTo /D [3 0 R /Fit] >>"):
        assert recognise("x", pdf(catalog=catalog)).media_type == "application/pdf"


def test_a_pdf_with_a_password_is_refused():
    plain, out = PdfFileReader(io.BytesIO(PDF)), io.BytesIO()
    writer = copy_into_new_writer(plain)
    writer.encrypt("rahasia", "rahasia")
    writer.write(out)
    assert refusal(out.getvalue()) == "encrypted"


def test_a_letter_that_singo_signed_can_be_attached(tmp_path, vault):
    press, _ = letters.open_press(
        public_url="https://layanan.test", signing_dir=tmp_path / "signing", timestamp_url="", vault=vault,
        files=FileStore(str(tmp_path / "files")), address_key=b"a" * 32,
    )  # fmt: skip
    page = letters.model.Page(
        template="letter", title="Surat", number="470/001", office="Sawojajar", kecamatan="Kedungkandang", office_address="Jl. A",
        rows=(("Nama", "Siti"),), paragraphs=("Isi.",), dated="24 November 2026", valid_until="", signatory="Lurah", nip="1",
        code="AAAA-BBBB-CCCC-DDDD",
    )  # fmt: skip
    made = press.produce(letters.LetterDraft("7d1f3a52-0000-4000-8000-000000000001", "470/001", "AAAA-BBBB-CCCC-DDDD", page))
    content = press.read(made.path)
    assert recognise("surat.pdf", content).content == content


def packed(size, filters=b"/FlateDecode", times=1):
    data = bytes(size)
    for _ in range(times):
        data = zlib.compress(data, 9)
    return stream(data, filters)


@pytest.mark.parametrize(
    "objects",
    [
        [packed(300_000_000)],
        [packed(50_000_000)] * 3,
        [packed(300_000_000, b"[/FlateDecode /FlateDecode]", 2)],
        [packed(300_000_000, b"[/FlateDecode /FlateDecode /FlateDecode]", 3)],
        [stream(zlib.compress(bytes(300_000_000), 9).hex().encode() + b">", b"[/ASCIIHexDecode /FlateDecode]")],
    ],
    ids=["one stream", "three together", "packed twice", "packed three times", "written in hex"],
)
def test_a_pdf_that_grows_out_of_all_bounds_is_refused(objects):
    content = pdf(*objects)
    tracemalloc.start()
    try:
        assert refusal(content) == "too_much_inside"
        assert tracemalloc.get_traced_memory()[1] < 300 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_pdf_with_more_objects_than_a_document_has_is_refused():
    assert refusal(pdf(*[b"<< >>"] * (pdfs.MOST_OBJECTS + 1))) == "too_much_inside"


def test_a_picture_is_kept_without_what_it_tells_beside_its_pixels():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Kamera Rahasia"
    exif[ExifTags.Base.Orientation] = 6
    for form in ("JPEG", "PNG", "WEBP"):
        content = picture(form, (300, 100), exif=exif) + b"PK\x03\x04 bungkusan rahasia"
        kept = recognise("ktp", content).content
        with Image.open(io.BytesIO(kept)) as seen:
            assert (seen.format, seen.size) == (form, (100, 300))
            assert not seen.getexif()
        assert b"ahasia" not in kept


def test_a_picture_whose_kind_would_make_it_too_large_is_kept_as_a_photo():
    content = picture("JPEG", (2400, 2400), quality=60)
    kept = recognise("ktp", content)
    assert kept.media_type == "image/jpeg"
    noise = Image.effect_noise((2400, 1600), 90).convert("RGB")
    out = io.BytesIO()
    noise.quantize(8).save(out, "PNG", optimize=True)
    assert len(out.getvalue()) < 5 * 1024 * 1024
    large = recognise("ktp.png", out.getvalue())
    assert len(large.content) <= 5 * 1024 * 1024
    assert large.file_name.endswith({"image/jpeg": ".jpg", "image/png": ".png"}[large.media_type])


def test_a_moving_picture_is_no_document():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    assert refusal(out.getvalue()) == "unreadable"


def test_a_bomb_is_refused_before_it_is_decoded():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 15000, 15000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    assert refusal(bomb) == "too_many_pixels"


@given(st.text(max_size=300), st.sampled_from(sorted(EXTENSIONS)))
def test_a_name_is_safe_to_save_and_to_show(name, media_type):
    safe = safe_name(name, media_type)
    assert safe.endswith(EXTENSIONS[media_type])
    assert 5 <= len(safe) <= 90
    assert not set(safe) & set('/\\:*?"<>|;\r\n\0')
    assert ".." not in safe
    assert not safe.startswith((".", "-", " "))


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail_otherwise(content):
    try:
        accepted, said = recognise("x", content), ()
    except InvalidFields as refused:
        accepted, said = None, refused.fields
    assert accepted or said
