"""What the tests of applications hand in, and how they look at what came of it."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from io import BytesIO

import pytest
from chassis.rpc import Failure
from PIL import Image

SAWOJAJAR, DINOYO = "35.73.03.1008", "35.73.05.1004"

TUESDAY = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)

NOWHERE = "00000000-0000-4000-8000-000000000000"

SKU = {
    "business_name": "Warung Bu Siti", "business_kind": "warung makan", "business_address": "Jl. Danau Toba No. 5",
    "business_since": "2021-05-01", "purpose": "pinjaman modal",
}  # fmt: skip


def picture(colour):
    out = BytesIO()
    Image.new("RGB", (30, 30), colour).save(out, "PNG")
    return out.getvalue()


PICTURE = picture("orange")


@contextmanager
def refused(kind, code=None):
    with pytest.raises(Failure) as failure:
        yield failure
    assert failure.value.kind == kind
    assert code is None or failure.value.code == code
    assert failure.value.sentence("id") != failure.value.sentence("en")


def events(application):
    return [each.event for each in application.timeline]
