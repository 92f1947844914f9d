from __future__ import annotations

import io
import os
import struct
import zlib

import pytest
from chassis.errors import InvalidFields
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from singo.applications.contents import EXTENSIONS, recognise, safe_name

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


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
    assert refusal(PDF.replace(b"/Root", b"/Encrypt 2 0 R /Root")) == "unreadable"


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
