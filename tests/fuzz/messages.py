"""Random protobuf messages from nothing but their descriptors, aimed at ids that are there."""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

DEPTH = 3
HOSTILE = (
    "", " ", "0", "-1", "NaN", "' or 1=1 --", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "../../etc/passwd",
    "a\r\nSet-Cookie: x=1", "=cmd|' /C calc'!A0", "𝕬\u202e\u0301", "A" * 5000, "00000000-0000-0000-0000-000000000000", "%s%n%x",
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
