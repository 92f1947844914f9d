from __future__ import annotations

import io
import os
import struct
import zlib

import pytest
from chassis import pictures
from chassis.errors import InvalidFields
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

SECRET = b"a place that nobody should learn"
SCRIPT = b"<script>alert(1)</script>"


def picture(form: str, size=(40, 30), mode="RGB", **how) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert(mode).save(out, form, **how)
    return out.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(InvalidFields) as wrong:
        pictures.cleaned(content, field="photos.0")
    (error,) = wrong.value.fields
    assert error.field == "photos.0"
    assert error.id != error.en
    return error.code


def with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6  # the camera was turned
    exif.get_ifd(0x8825)[1] = "S"
    return picture("JPEG", (80, 40), exif=exif, comment=SECRET, icc_profile=SECRET)


def test_nothing_but_pixels_remains():
    sent = with_exif()
    assert sent.count(SECRET) == 3
    made = pictures.cleaned(sent)
    assert SECRET not in made.content
    with Image.open(io.BytesIO(made.content)) as image:
        assert dict(image.getexif()) == {}
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)


def test_a_turned_photo_stands_upright():
    made = pictures.cleaned(with_exif())
    assert (made.width, made.height) == (40, 80)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_what_hangs_on_behind_a_picture_is_gone(form):
    made = pictures.cleaned(picture(form) + SCRIPT + b"PK\x03\x04%PDF-1.7")
    assert SCRIPT not in made.content
    assert made.media_type == "image/jpeg"


@pytest.mark.parametrize(("form", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_document_keeps_its_format_and_loses_its_metadata(form, media_type):
    made = pictures.cleaned(picture(form, icc_profile=SECRET), keep_format=True, longest=4000)
    assert made.media_type == media_type == pictures.media_type_of(made.content)
    assert SECRET not in made.content


def test_a_large_photo_becomes_small():
    made = pictures.cleaned(picture("JPEG", (2400, 1200)))
    assert (made.width, made.height) == (1600, 800)


def test_what_is_seen_through_lies_on_white():
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(pictures.cleaned(out.getvalue()).content)) as image:
        assert image.getpixel((10, 10)) == (255, 255, 255)


def test_what_is_no_picture_is_refused_by_its_bytes():
    assert refused(b"") == "empty"
    assert refused(b"hello") == "type"
    assert refused(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>") == "type"
    assert refused(picture("GIF")) == "type"
    assert refused(b"%PDF-1.7\n%%EOF") == "type"
    assert refused(b"\xff\xd8\xff" + os.urandom(6 * 1024 * 1024)) == "too_large"
    assert refused(b"\xff\xd8\xff\xe0" + os.urandom(300)) == "unreadable"
    assert refused(picture("PNG")[:200]) == "unreadable"


def test_a_moving_picture_is_no_photo():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    assert refused(out.getvalue()) == "unreadable"


def test_a_bomb_is_refused_before_it_is_decoded():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 15000, 15000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    assert refused(bomb) == "too_many_pixels"


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]))
def test_no_bytes_make_it_fail_otherwise(content, head):
    try:
        said = (pictures.cleaned(head + content),)
    except InvalidFields as wrong:
        said = wrong.fields
    assert said
