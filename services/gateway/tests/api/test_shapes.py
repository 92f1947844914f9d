"""JSON of messages: what is encoded decodes to the same, and what is wrong is named, in both languages."""

import datetime as dt
import json

import pytest
from chassis.errors import InvalidFields
from gateway.api import openapi, shapes
from gateway.api.remote import REMOTE
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

REQUESTS = {openapi.rpc(remote).input_type.full_name: GetMessageClass(openapi.rpc(remote).input_type) for remote in REMOTE}
ANSWERS = {openapi.rpc(remote).output_type.full_name: GetMessageClass(openapi.rpc(remote).output_type) for remote in REMOTE}
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
RELAXED = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
OBJECTS = st.dictionaries(TEXT, TEXT | st.integers(-1000, 1000) | st.booleans(), max_size=3)


def scalar(field):
    """Return a strategy of one value of a field."""
    if field.full_name in shapes.JSON_TEXT:
        return OBJECTS.map(lambda value: json.dumps(value, ensure_ascii=False))
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values if value.number])
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if field.type in shapes.INTEGERS:
        limit = shapes.LIMITS.get(field.type, 2**31)
        unsigned = field.type in {FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64}
        return st.integers(0 if unsigned else 1 - limit, limit - 1)
    if field.type in shapes.NUMBERS:
        return st.floats(-1e9, 1e9, allow_nan=False)
    return st.binary(max_size=20) if field.type == FieldDescriptor.TYPE_BYTES else TEXT


def messages(kind, depth=0):
    """Return a strategy of messages of a kind; every scalar without presence is set."""

    @st.composite
    def build(draw):
        made = kind()
        for field in kind.DESCRIPTOR.fields:
            if field.message_type is not None:
                fill_message(draw, made, field, depth)
            elif field.is_repeated:
                getattr(made, field.name).extend(draw(st.lists(scalar(field), max_size=3)))
            else:
                setattr(made, field.name, draw(scalar(field)))
        return made

    return build()


def fill_message(draw, made, field, depth):
    inner = messages(GetMessageClass(field.message_type), depth + 1)
    if field.is_repeated:
        getattr(made, field.name).extend(draw(st.lists(inner, max_size=2)) if depth < 3 else [])
    elif field.message_type.full_name == shapes.TIMESTAMP:
        at = EPOCH + dt.timedelta(milliseconds=draw(st.integers(0, 4 * 10**12)))
        getattr(made, field.name).FromDatetime(at)
    elif depth < 3 and draw(st.booleans()):
        getattr(made, field.name).CopyFrom(draw(inner))


def has_instants(descriptor, seen=frozenset()):
    if descriptor.full_name in seen:
        return False
    return descriptor.full_name == Timestamp.DESCRIPTOR.full_name or any(
        has_instants(f.message_type, seen | {descriptor.full_name}) for f in descriptor.fields if f.message_type is not None
    )


@pytest.mark.parametrize("name", sorted(REQUESTS))
@RELAXED
@given(data=st.data())
def test_a_request_survives_json(name, data):
    kind = REQUESTS[name]
    assert not has_instants(kind.DESCRIPTOR), "decode() reads no instants yet: no request has one"
    message = data.draw(messages(kind))
    again = shapes.decode(json.loads(json.dumps(shapes.encode(message))), kind)
    for field in kind.DESCRIPTOR.fields:
        if field.full_name not in shapes.JSON_TEXT:
            assert getattr(again, field.name) == getattr(message, field.name), field.name
        else:
            assert json.loads(getattr(again, field.name)) == json.loads(getattr(message, field.name))


@pytest.mark.parametrize("name", sorted(ANSWERS))
@RELAXED
@given(data=st.data())
def test_an_answer_is_of_the_shape_that_the_document_says(name, data):
    from jsonschema import Draft202012Validator

    components = {}
    reference = shapes.reference(ANSWERS[name].DESCRIPTOR, components)
    validator = Draft202012Validator(reference | {"components": {"schemas": components}})
    body = json.loads(json.dumps(shapes.encode(data.draw(messages(ANSWERS[name])))))
    assert [wrong.message for wrong in validator.iter_errors(body)] == []


def wrong_value(field):
    """Return a JSON value that no field of this kind takes."""
    if field.is_repeated:
        return {"not": "a list"}
    if field.message_type is not None or field.full_name in shapes.JSON_TEXT:
        return "not an object"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "not base64!"
    return {"not": "a scalar"}


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_wrong_type_names_its_field_in_both_languages(name):
    kind = REQUESTS[name]
    for field in kind.DESCRIPTOR.fields:
        with pytest.raises(InvalidFields) as caught:
            shapes.decode({field.name: wrong_value(field)}, kind)
        (wrong,) = caught.value.fields
        assert wrong.field == field.name
        assert wrong.code in {"type", "choice"}
        assert field.name in wrong.id
        assert field.name in wrong.en
        assert wrong.id != wrong.en


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_an_unknown_field_is_refused_and_so_is_one_that_only_the_path_may_set(name):
    kind = REQUESTS[name]
    with pytest.raises(InvalidFields) as caught:
        shapes.decode({"tidak_ada": 1}, kind)
    assert [(wrong.field, wrong.code) for wrong in caught.value.fields] == [("tidak_ada", "unknown")]
    for field in kind.DESCRIPTOR.fields:
        with pytest.raises(InvalidFields):
            shapes.decode({field.name: None}, kind, skip={field.name})


def request_with(*types, repeated=False):
    for kind in REQUESTS.values():
        for field in kind.DESCRIPTOR.fields:
            if field.type in types and bool(field.is_repeated) == repeated and field.full_name not in shapes.JSON_TEXT:
                return kind, field
    raise AssertionError(f"no request has a field of type {types}")


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**63, 1.5, "12", True, float("inf")])
def test_numbers_that_are_no_whole_number_or_do_not_fit_are_refused(value):
    kind, field = request_with(FieldDescriptor.TYPE_INT64)
    with pytest.raises(InvalidFields):
        shapes.decode({field.name: value}, kind)


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", 7, ["x"], False])
def test_text_that_no_database_takes_is_refused(value):
    kind, field = request_with(FieldDescriptor.TYPE_STRING)
    with pytest.raises(InvalidFields):
        shapes.decode({field.name: value}, kind)


def test_items_of_a_list_are_named_by_their_place():
    kind, field = request_with(FieldDescriptor.TYPE_STRING, repeated=True)
    with pytest.raises(InvalidFields) as caught:
        shapes.decode({field.name: ["good", 7, "good", None]}, kind)
    assert [wrong.field for wrong in caught.value.fields] == [f"{field.name}.1", f"{field.name}.3"]


@given(TEXT)
@RELAXED
def test_a_query_never_breaks_whatever_is_typed(text):
    for kind in REQUESTS.values():
        for field in kind.DESCRIPTOR.fields:
            try:
                shapes.decode_query({field.name: [text]}, kind)
            except InvalidFields as refused:
                assert refused.fields[0].field.split(".")[0] == field.name  # noqa: PT017 - most texts are refused, some fit
