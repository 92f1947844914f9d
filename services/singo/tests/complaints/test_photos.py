"""Photos of complaints: pixels and nothing else, sealed, and forgotten where no complaint names them."""

from __future__ import annotations

import datetime as dt
import io
import uuid

import pytest
from chassis import clock, pictures, rpc
from chassis.testing import as_citizen
from malang.singo.v1 import complaints_pb2 as pb
from PIL import ExifTags, Image
from singo.complaints.jobs import forget_unused_photos


def telling(form="JPEG"):
    """Return a picture that tells where, when and by what it was taken, with an archive hanging on behind."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Kamera Rahasia"
    exif[ExifTags.IFD.GPSInfo] = {1: "S", 2: (7.0, 58.0, 24.4)}
    out = io.BytesIO()
    picture = Image.new("RGB", (300, 100), "red")
    picture.save(out, form, exif=exif, **({"comment": b"komentar rahasia"} if form == "JPEG" else {}))
    return out.getvalue() + b"PK\x03\x04 bungkusan rahasia <script>alert(1)</script>"


def read(world, complaint):
    with as_citizen("citizen-a"):
        asked = pb.GetPhotoRequest(complaint_id=complaint.complaint_id, photo_id=complaint.photos[0].photo_id)
        return world.stub.GetPhoto(asked)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_upright_and_tells_nothing_but_its_pixels(world, form):
    answer = read(world, world.file(photos=[telling(form)]))
    assert (answer.photo.media_type, answer.photo.width, answer.photo.height) == ("image/jpeg", 100, 300)
    assert answer.photo.size == len(answer.content)
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (100, 300))
        assert not picture.getexif()
        assert not {"comment", "icc_profile", "exif"} & set(picture.info)
    for secret in (b"Rahasia", b"rahasia", b"script", b"PK\x03\x04"):
        assert secret not in answer.content


def test_a_large_photo_becomes_a_smaller_one(world):
    answer = read(world, world.file(photos=[world.picture("blue", size=(3200, 800))]))
    assert (answer.photo.width, answer.photo.height) == (1600, 400)


def test_photos_lie_sealed(world):
    filed = world.file(photos=[world.picture()])
    (stored,) = world.means.files.under("complaints")
    assert not world.means.files.get(stored.path).startswith(b"\xff\xd8")
    assert read(world, filed).content.startswith(b"\xff\xd8")


def test_a_photo_is_found_under_its_own_complaint_only(world):
    one, two = world.file(photos=[world.picture()]), world.file(photos=[world.picture()])
    with as_citizen("citizen-a"):
        for photo_id in (two.photos[0].photo_id, "", "x"):
            with pytest.raises(rpc.Failure) as failed:
                world.stub.GetPhoto(pb.GetPhotoRequest(complaint_id=one.complaint_id, photo_id=photo_id))
            assert failed.value.kind == "not_found"


def test_photos_that_no_complaint_names_are_forgotten_and_others_kept(world):
    filed = world.file(photos=[world.picture("red")])
    (orphan,) = world.means.keep(uuid.uuid4(), (pictures.cleaned(world.picture("blue")),))
    assert forget_unused_photos(world.db, world.means) == 0  # too young: a call may be about to commit
    with clock.frozen(clock.now() + dt.timedelta(hours=49)):
        assert forget_unused_photos(world.db, world.means) == 1
        assert forget_unused_photos(world.db, world.means) == 0
    assert not world.means.files.exists(orphan["path"])
    assert read(world, filed).content.startswith(b"\xff\xd8")
