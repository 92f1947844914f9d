"""Forms with several files become the request that JSON says as well."""

import base64
import io

import pytest
from chassis.errors import InvalidFields
from flask import Flask
from gateway.api import openapi, serve, shapes
from gateway.api.remote import REMOTE
from malang.singo.v1.complaints_pb2 import FileComplaintRequest
from malang.twuin.v1.new_connections_pb2 import ApplyRequest
from malang.twuin.v1.work_orders_pb2 import ArriveWorkOrderRequest

ROWS = {row.name: row for row in REMOTE}
REPORT = {"category": "water_leak", "text": "Air merembes di trotoar", "kelurahan": "35.73.05.1001"}


def read(name, kind, **sent):
    with Flask(__name__).test_request_context("/", method="POST", **sent):
        return serve._request(ROWS[name], kind, {})


def test_a_report_is_the_same_as_a_form_and_as_json():
    photos = [(io.BytesIO(b"satu"), "a.jpg"), (io.BytesIO(b"dua"), "b.jpg")]
    form = {**REPORT, "position.latitude": "-7.9512", "position.longitude": "112.61", "photos": photos}
    as_form = read("complaints_file", FileComplaintRequest, data=form, content_type="multipart/form-data")
    body = REPORT | {
        "position": {"latitude": -7.9512, "longitude": 112.61},
        "photos": [{"file_name": n, "content": base64.b64encode(c).decode()} for n, c in (("a.jpg", b"satu"), ("b.jpg", b"dua"))],
    }
    assert as_form == read("complaints_file", FileComplaintRequest, json=body)
    assert as_form.position.latitude == -7.9512
    assert [photo.content for photo in as_form.photos] == [b"satu", b"dua"]


def test_a_report_without_a_position_has_none():
    assert not read("complaints_file", FileComplaintRequest, data=REPORT, content_type="multipart/form-data").HasField("position")


def test_files_are_told_apart_by_their_kind():
    row, taken = ROWS["new_connections_apply"], {}
    form = {"letter_id": "l", "latitude": "-7.95", "documents.house": (io.BytesIO(b"rumah"), "rumah.png")}
    with Flask(__name__).test_request_context("/", method="POST", data=form, content_type="multipart/form-data"):
        taken = serve._form(row, ApplyRequest, {})
    assert [(d.kind, d.file_name, d.content) for d in taken.documents] == [("house", "rumah.png", b"rumah")]
    assert taken.latitude == -7.95


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("foto", (io.BytesIO(b"x"), "x.jpg")),
        ("photos.house", (io.BytesIO(b"x"), "x.jpg")),
        ("position.tinggi", "1"),
        ("position.latitude", "utara"),
        ("position", "1,2"),
        ("text.isi", "x"),
    ],
)
def test_a_field_that_there_is_not_is_named(name, value):
    with pytest.raises(InvalidFields) as refused:
        read("complaints_file", FileComplaintRequest, data=REPORT | {name: value}, content_type="multipart/form-data")
    assert [wrong.field for wrong in refused.value.fields] == [name]


def test_what_only_the_gateway_says_of_a_person_is_not_taken_from_a_form():
    with Flask(__name__).test_request_context(
        "/", method="POST", data={"applicant.name": "Lain"}, content_type="multipart/form-data"
    ):
        with pytest.raises(InvalidFields) as refused:
            serve._form(ROWS["new_connections_apply"], ApplyRequest, {})
        assert [wrong.field for wrong in refused.value.fields] == ["applicant"]


@pytest.mark.parametrize("value", [True, "7.5", 1e10, float("nan"), float("-inf")])
def test_a_number_that_is_none_or_beyond_all_places_is_refused(value):
    with pytest.raises(InvalidFields) as refused:
        shapes.decode({"latitude": value}, ArriveWorkOrderRequest)
    assert [wrong.field for wrong in refused.value.fields] == ["latitude"]


def test_the_document_names_both_ways_to_send_files():
    said = openapi.document("https://layanan.contoh.id")["paths"]["/complaints"]["post"]["requestBody"]["content"]
    assert set(said) == {"application/json", "multipart/form-data"}
    assert {"position.latitude", "photos", "category"} <= set(said["multipart/form-data"]["schema"]["properties"])
    said = openapi.document("https://layanan.contoh.id")["paths"]["/new-connections"]["post"]["requestBody"]["content"]
    assert {"documents.house", "documents.sketch"} <= set(said["multipart/form-data"]["schema"]["properties"])
    assert "applicant" not in said["application/json"]["schema"]["properties"]
