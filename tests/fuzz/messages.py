"""Protobuf messages: random ones from nothing but their descriptors, valid ones from valid calls of the API, and both mixed."""

from typing import Any

from gateway.api import openapi, shapes
from gateway.api.remote import REMOTE
from gateway.demo import FREE
from gateway.identity.registry import simulator
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st
from malang.singo.v1.applications_pb2 import ApplicantSnapshot
from malang.twuin.v1.new_connections_pb2 import ConnectionApplicant
from valid import OPERATIONS, Case
from world import World

NAMED = {f"/{remote.full_rpc}": remote.name for remote in REMOTE}  # the operation of a method
DEPTH = 3
HOSTILE = (
    "", " ", "0", "-1", "NaN", "' or 1=1 --", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "../../etc/passwd",
    "a\r\nSet-Cookie: x=1", "=cmd|' /C calc'!A0", "𝕬\u202e\u0301", "A" * 5000, "9" * 30, "9" * 5000, "\u0663", "00000000-0000-0000-0000-000000000000", "%s%n%x",
)  # fmt: skip
INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}

FLOATS = st.one_of(st.floats(width=32), st.floats(-180, 180, width=32))
PLAIN: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: FLOATS,
    FieldDescriptor.TYPE_FLOAT: FLOATS,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_BYTES: st.one_of(
        st.binary(max_size=300), st.sampled_from([b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
    ),
}


def of(descriptor: Descriptor, known: dict[str, set[str]], depth: int = 0) -> st.SearchStrategy[Message]:
    """Return messages of a type; a string field takes known values of its name half of the time."""
    made = GetMessageClass(descriptor)
    fields = {
        each.name: _field(each, known, depth)
        for each in descriptor.fields
        if not (each.message_type and depth >= DEPTH) and not (each.message_type and each.message_type.GetOptions().map_entry)
    }
    # Of a choice only the last one stays, which is what a client could send as well.
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: made(**values))


def _field(field: FieldDescriptor, known: dict[str, set[str]], depth: int) -> st.SearchStrategy[Any]:
    one = _value(field, known, depth)
    return st.lists(one, max_size=4) if field.is_repeated else one


def _value(field: FieldDescriptor, known: dict[str, set[str]], depth: int) -> st.SearchStrategy[Any]:
    if field.message_type:
        return of(field.message_type, known, depth + 1)
    if field.enum_type:
        return st.sampled_from([each.number for each in field.enum_type.values] + [99])
    if field.cpp_type in INTEGERS:
        low, high = INTEGERS[field.cpp_type]
        return st.one_of(st.sampled_from([0, 1, low, high]), st.integers(max(low, -10), 500), st.integers(low, high))
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and field.type != FieldDescriptor.TYPE_BYTES:
        return _text(field, known)
    return PLAIN[field.type]


def _text(field: FieldDescriptor, known: dict[str, set[str]]) -> st.SearchStrategy[str]:
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
    anything = st.one_of(st.sampled_from(HOSTILE), text)
    names = (field.name, field.name.removesuffix("s"))
    there = sorted({value for name in names for value in known.get(name, ())})
    return st.one_of(st.sampled_from(there), anything) if there else anything


def valid(world: World, name: str, case: Case) -> Message:
    """Return the message that the gateway makes of a valid call of an operation."""
    remote = OPERATIONS[name]
    kind = GetMessageClass(openapi.rpc(remote).input_type)
    if remote.body == "none":
        made = shapes.decode_query({name: [value] for name, value in case.query.items()}, kind)
    else:
        made = shapes.decode(case.body or {}, kind)
    for parameter in openapi.parameters(remote.path):
        setattr(made, parameter, case.ids[parameter])
    if case.file:
        made.content = case.file[1]
        if "file_name" in shapes.fields_of(kind):
            made.file_name = case.file[0]
    if remote.hands_over:
        made.applicant.CopyFrom(snapshot(world.who) if remote.hands_over == "letter" else contact(world.who))
    return made


def snapshot(who: dict[str, str]) -> ApplicantSnapshot:
    """Return what the registry knows of a synthetic person."""
    known = next(person for person in map(simulator.person, FREE) if person.nik == who["nik"])
    about = {field.name: getattr(known.profile, field.name, "") for field in ApplicantSnapshot.DESCRIPTOR.fields}
    return ApplicantSnapshot(**about | {name: who[name] for name in ("nik", "kk", "name", "birth_date")})


def contact(who: dict[str, str]) -> ConnectionApplicant:
    return ConnectionApplicant(name=who["name"], phone=who["phone"])


def mixed(good: Message, made: Message, kept: set[str]) -> Message:
    """Return a valid message in which the kept fields have generated values."""
    parts = []
    for source, wanted in ((good, lambda name: name not in kept), (made, lambda name: name in kept)):
        part = type(good)()
        part.CopyFrom(source)
        for field in part.DESCRIPTOR.fields:
            if not wanted(field.name):
                part.ClearField(field.name)
        parts.append(part)
    parts[0].MergeFrom(parts[1])
    return parts[0]
