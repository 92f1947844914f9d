"""JSON and JSON Schema of protobuf messages, as the REST API speaks them.

Names as in the proto, instants RFC 3339 in UTC, integers as numbers (rupiah and m³ fit in 53 bits), enumerations as
lower-case words without their prefix, bytes as base64, and the two fields that hold JSON text as JSON.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, cast

from chassis.errors import FieldError, InvalidFields
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

JSON_TEXT = frozenset(
    {"malang.singo.v1.Application.fields", "malang.singo.v1.SaveDraftRequest.fields", "malang.singo.v1.Kind.form_schema"}
)
INTEGERS = frozenset(
    {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64}
)
NUMBERS = frozenset({FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT})
LIMITS = {FieldDescriptor.TYPE_INT32: 2**31, FieldDescriptor.TYPE_INT64: 2**53}
TIMESTAMP = Timestamp.DESCRIPTOR.full_name
_LARGEST = 1e9  # degrees and the like; nothing here is larger
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, as the Z behind it says

Schema = dict[str, Any]
Encoder = Callable[[Any], Any]


def encode(message: Message) -> dict[str, Any]:
    """Return a message as the API's JSON object."""
    plan = _plan(message.DESCRIPTOR)
    out: dict[str, Any] = {}
    for name, repeated, presence, encoder in plan:
        value = getattr(message, name)
        if repeated:
            out[name] = list(value) if encoder is None else [encoder(item) for item in value]
        elif encoder is None:
            out[name] = value
        else:
            out[name] = None if presence and not message.HasField(name) else encoder(value)
    return out


@cache
def _plan(descriptor: Descriptor) -> tuple[tuple[str, bool, bool, Encoder | None], ...]:
    return tuple((f.name, _repeated(f), f.message_type is not None and not _repeated(f), _encoder(f)) for f in descriptor.fields)


def _repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)


def _encoder(field: FieldDescriptor) -> Encoder | None:
    """Return what makes JSON of a value; None where the value is JSON as it is."""
    if field.message_type is not None:
        return _instant if field.message_type.full_name == TIMESTAMP else encode
    if field.enum_type is not None:
        words = {value.number: word(field.enum_type, value.name) for value in field.enum_type.values}
        return lambda number: words.get(number, "unspecified")
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64encode(value).decode("ascii")
    if field.full_name in JSON_TEXT:
        return lambda text: json.loads(text) if text else {}
    return None


def _instant(value: Timestamp) -> str:
    return _written(value.seconds, value.nanos // 1_000_000)


@lru_cache(maxsize=4096)  # things made together share their instant, as the bills of a run do
def _written(seconds: int, milliseconds: int) -> str:
    return f"{(_EPOCH + dt.timedelta(seconds=seconds)).isoformat()[:19]}.{milliseconds:03}Z"


def word(enum: EnumDescriptor, name: str) -> str:
    """Return an enumeration's value as a word: APPLICATION_STATE_DRAFT → draft."""
    prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in enum.name).lstrip("_") + "_"
    return name.removeprefix(prefix).lower()


def decode(values: Mapping[str, Any], kind: type[Message], *, skip: Iterable[str] = ()) -> Message:
    """Return the message that a JSON object says; InvalidFields names what is unknown or of the wrong type."""
    wrong: list[FieldError] = []
    message = kind()
    _fill(message, values, frozenset(skip), "", wrong)
    if wrong:
        raise InvalidFields(fields=wrong)
    return message


def decode_query(given: Mapping[str, list[str]], kind: type[Message], *, skip: Iterable[str] = ()) -> Message:
    """Return the message that a query string says: whole numbers and true/false are read from their text."""
    fields = fields_of(kind)
    values: dict[str, Any] = {}
    for name, texts in given.items():
        outer, _, inner = name.partition(".")
        field, into = fields.get(name), values
        if inner and outer in fields and fields[outer].message_type is not None and not _repeated(fields[outer]):
            field, into, name = fields_of_type(fields[outer]).get(inner), values.setdefault(outer, {}), inner  # noqa: PLW2901 - its own name
        read = [_read(field, text) if field is not None else text for text in texts]
        if isinstance(into, dict):  # otherwise the outer name was typed as a text, too, which is refused as that
            into[name] = read if field is not None and _repeated(field) else read[-1]
    return decode(values, kind, skip=skip)


def fields_of(message: Message | type[Message]) -> dict[str, FieldDescriptor]:
    """Return a message's fields by name."""
    return {field.name: field for field in cast("Descriptor", message.DESCRIPTOR).fields}


def fields_of_type(field: FieldDescriptor) -> dict[str, FieldDescriptor]:
    """Return the fields of the message that a field holds, by name."""
    return {inner.name: inner for inner in cast("Descriptor", field.message_type).fields}


def _read(field: FieldDescriptor, text: str) -> Any:
    """Return a query value as JSON would have it; what does not fit stays text and is refused as that."""
    if field.type in INTEGERS and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if field.type in NUMBERS and re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,15})?", text):
        return float(text)
    if field.type == FieldDescriptor.TYPE_BOOL and text in {"true", "false"}:
        return text == "true"
    return text


def _fill(message: Message, values: Mapping[str, Any], skip: frozenset[str], path: str, wrong: list[FieldError]) -> None:
    fields = fields_of(message)
    for name, value in values.items():
        where = f"{path}{name}"
        if name not in fields or name in skip:
            wrong.append(unknown(where))
        elif value is not None:
            _put(message, fields[name], value, where, wrong)


def unknown(where: str) -> FieldError:
    """Return what is said of a field that there is not."""
    return FieldError(where, "unknown", f"Isian {where} tidak dikenal.", f"The field {where} is not known.")


def _put(message: Message, field: FieldDescriptor, value: Any, where: str, wrong: list[FieldError]) -> None:
    if not _repeated(field):
        _put_one(message, field, value, where, wrong)
        return
    if not isinstance(value, list):
        wrong.append(_type_error(where, "daftar", "a list"))
        return
    for at, item in enumerate(value):
        if field.message_type is not None:
            inner = getattr(message, field.name).add()
            _fill(inner, item if isinstance(item, dict) else {"?": item}, frozenset(), f"{where}.{at}.", wrong)
        elif (plain := _plain(field, item, f"{where}.{at}", wrong)) is not None:
            getattr(message, field.name).append(plain)


def _put_one(message: Message, field: FieldDescriptor, value: Any, where: str, wrong: list[FieldError]) -> None:
    if field.message_type is not None:
        if isinstance(value, dict):
            _fill(getattr(message, field.name), value, frozenset(), f"{where}.", wrong)
        else:
            wrong.append(_type_error(where, "objek", "an object"))
    elif (plain := _plain(field, value, where, wrong)) is not None:
        setattr(message, field.name, plain)


def _plain(field: FieldDescriptor, value: Any, where: str, wrong: list[FieldError]) -> Any:  # noqa: PLR0911 - one return a type
    """Return a scalar of the field's type, or None after noting what is wrong."""
    if field.full_name in JSON_TEXT:
        if isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False)
        wrong.append(_type_error(where, "objek", "an object"))
    elif field.enum_type is not None:
        return _enum(field.enum_type, value, where, wrong)
    elif field.type == FieldDescriptor.TYPE_BOOL:
        return _typed(value, bool, where, ("benar atau salah", "true or false"), wrong)
    elif field.type in INTEGERS:
        return _integer(field, value, where, wrong)
    elif field.type in NUMBERS:
        return _number(value, where, wrong)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes(value, where, wrong)
    else:
        return _text(value, where, wrong)
    return None


def _typed(value: Any, kind: type, where: str, words: tuple[str, str], wrong: list[FieldError]) -> Any:
    if isinstance(value, kind):
        return value
    wrong.append(_type_error(where, *words))
    return None


def _text(value: Any, where: str, wrong: list[FieldError]) -> str | None:
    if isinstance(value, str) and "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value):
        return value
    wrong.append(_type_error(where, "teks", "text"))
    return None


def _integer(field: FieldDescriptor, value: Any, where: str, wrong: list[FieldError]) -> int | None:
    limit = LIMITS.get(field.type, 2**31)
    if isinstance(value, int) and not isinstance(value, bool) and -limit < value < limit:
        return value
    wrong.append(_type_error(where, "bilangan bulat", "a whole number"))
    return None


def _number(value: Any, where: str, wrong: list[FieldError]) -> float | None:
    if (
        isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST
    ):  # also refuses what is no number
        return float(value)
    wrong.append(_type_error(where, "bilangan", "a number"))
    return None


def _bytes(value: Any, where: str, wrong: list[FieldError]) -> bytes | None:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:  # also of binascii.Error; text beyond ASCII raises the plain one
            pass
    wrong.append(_type_error(where, "base64", "base64"))
    return None


def _enum(enum: EnumDescriptor, value: Any, where: str, wrong: list[FieldError]) -> int | None:
    words = {word(enum, v.name): v.number for v in enum.values if v.number}
    if isinstance(value, str) and value in words:
        return words[value]
    options = ", ".join(words)
    wrong.append(
        FieldError(where, "choice", f"Isian {where} harus salah satu dari: {options}.", f"{where} must be one of: {options}.")
    )
    return None


def _type_error(where: str, id_word: str, en_word: str) -> FieldError:
    return FieldError(where, "type", f"Isian {where} harus berupa {id_word}.", f"The field {where} must be {en_word}.")


def schema(descriptor: Descriptor, components: dict[str, Schema], *, skip: Iterable[str] = ()) -> Schema:
    """Return a message's JSON Schema; nested messages go into `components` by name."""
    left_out = frozenset(skip)
    properties = {f.name: _field_schema(f, components) for f in descriptor.fields if f.name not in left_out}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def reference(descriptor: Descriptor, components: dict[str, Schema]) -> Schema:
    """Return a reference to a message's schema, adding it to `components` where it is new."""
    name = descriptor.full_name.removeprefix("malang.").replace(".v1.", ".")
    if name not in components:
        components[name] = {}  # stands for itself while its own fields are described
        components[name] = schema(descriptor, components) | {"required": [f.name for f in descriptor.fields]}
    return {"$ref": f"#/components/schemas/{name}"}


def _field_schema(field: FieldDescriptor, components: dict[str, Schema]) -> Schema:
    one = field_schema(field, components)
    if _repeated(field):
        return {"type": "array", "items": one}
    if field.message_type is not None:
        return {"anyOf": [one, {"type": "null"}]}
    return one


def field_schema(field: FieldDescriptor, components: dict[str, Schema]) -> Schema:  # noqa: PLR0911 - one return a type
    """Return the schema of one value of a field."""
    if field.message_type is not None:
        if field.message_type.full_name == TIMESTAMP:
            return {"type": "string", "format": "date-time"}
        return reference(field.message_type, components)
    if field.enum_type is not None:
        return {"type": "string", "enum": [word(field.enum_type, value.name) for value in field.enum_type.values]}
    if field.full_name in JSON_TEXT:
        return {"type": "object"}
    if field.type == FieldDescriptor.TYPE_BOOL:
        return {"type": "boolean"}
    if field.type in INTEGERS:
        limit = LIMITS.get(field.type, 2**31)
        return {"type": "integer", "minimum": 1 - limit, "maximum": limit - 1}
    if field.type in NUMBERS:
        return {"type": "number"}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return {"type": "string"}
