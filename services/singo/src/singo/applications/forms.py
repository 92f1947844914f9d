"""What a person typed into a form: its shape while a draft, its rules at submission."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson
from chassis.errors import FieldError, InvalidFields

from singo.charter import Kind, Text

MAX_BYTES = 32 * 1024
MAX_TEXT = 4000
MAX_INTEGER = 10**15
THOUSANDS = re.compile(r"-?\d{1,3}(\.\d{3})+\Z")
Value = str | int | float | bool | None


def parse(kind: Kind, text: str) -> dict[str, Value]:
    """Return the fields of a draft; InvalidFields where it is no flat JSON object of this kind's fields."""
    if len(text.encode()) > MAX_BYTES:
        raise _refusal("fields", "too_large", "Isian terlalu panjang.", "The form is too long.")
    try:
        read = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        read = None
    if not isinstance(read, dict):
        raise _refusal("fields", "not_an_object", "Isian harus berupa objek JSON.", "The fields must be a JSON object.")
    wrong = [error for name, value in read.items() if (error := _misshapen(kind, name, value))]
    if wrong:
        raise InvalidFields(fields=wrong)
    return {name: _trimmed(value) for name, value in read.items()}


def _misshapen(kind: Kind, name: str, value: object) -> FieldError | None:
    place, label = f"fields.{name[:60]}", kind.label(name)
    if name not in kind.properties:
        return FieldError(
            place, "unknown_field", f"{name[:60]} bukan isian formulir ini.", f"{name[:60]} is no field of this form."
        )
    if value is not None and not isinstance(value, str | int | float | bool):
        return FieldError(place, "not_a_value", f"{label.id} harus satu nilai.", f"{label.en} must be a single value.")
    if isinstance(value, str) and (len(value) > MAX_TEXT or _has_controls(value)):
        return FieldError(
            place,
            "not_text",
            f"{label.id} berisi tanda yang tidak boleh atau terlalu panjang.",
            f"{label.en} has characters that are not allowed, or is too long.",
        )
    return None


def _has_controls(value: str) -> bool:
    return any(unicodedata.category(each) in {"Cc", "Cs", "Co", "Cn"} and each not in "\n\r\t" for each in value)


def _trimmed(value: Value) -> Value:
    return unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value


def completed(kind: Kind, fields: Mapping[str, Value]) -> dict[str, Value]:
    """Return the fields as they are judged: blanks are absent, digits of a number field are a number, unknown ones dropped."""
    read = {name: _number(kind.properties[name], value) for name, value in fields.items() if name in kind.properties}
    return {name: value for name, value in read.items() if value not in {None, ""}}


def _number(rule: Mapping[str, Any], value: Value) -> Value:
    if rule.get("type") != "integer" or not isinstance(value, str):
        return value
    plain = value.replace(".", "") if THOUSANDS.match(value) else value
    return int(plain) if re.fullmatch(r"-?[0-9]{1,15}", plain) else value


def check(kind: Kind, fields: Mapping[str, Value], documents: Collection[str], today: dt.date) -> list[FieldError]:
    """Return every rule that completed `fields` and the codes of attached `documents` break, in the order of the form."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(kind.form, format_checker=Draft202012Validator.FORMAT_CHECKER)
    errors = [error for wrong in validator.iter_errors(fields) for error in _errors(kind, fields, wrong)]
    errors += _future_days(kind, fields, today)
    order = {name: place for place, name in enumerate(kind.properties)}
    first: dict[str, FieldError] = {}
    for error in sorted(errors, key=lambda each: order.get(each.field.removeprefix("fields."), len(order))):
        first.setdefault(error.field, error)
    return [*first.values(), *_missing_documents(kind, documents)]


def _errors(kind: Kind, fields: Mapping[str, Value], wrong: Any) -> Iterator[FieldError]:
    if wrong.validator == "required" and not wrong.absolute_path:
        for name in wrong.validator_value:
            if name not in fields:
                missing = kind.label(name)
                yield FieldError(f"fields.{name}", "required", f"{missing.id} wajib diisi.", f"{missing.en} is required.")
        return
    name = str(wrong.absolute_path[0]) if wrong.absolute_path else ""
    label = kind.label(name) if name else Text("Formulir", "The form")
    rule_id, rule_en = _rule(wrong.validator, wrong.validator_value)
    yield FieldError(
        f"fields.{name}" if name else "fields",
        str(wrong.validator),
        f"{label.id} {rule_id}.",
        f"{label.en} {rule_en}.",
    )


def _rule(validator: str, value: Any) -> tuple[str, str]:
    """Return what a JSON Schema keyword asks for, as the end of a sentence in both languages."""
    return {
        "minLength": (f"paling sedikit {value} huruf", f"must have at least {value} characters"),
        "maxLength": (f"paling banyak {value} huruf", f"must have at most {value} characters"),
        "minimum": (f"paling kecil {value}", f"must be at least {value}"),
        "maximum": (f"paling besar {value}", f"must be at most {value}"),
        "enum": ("harus salah satu pilihan yang ada", "must be one of the choices"),
        "type": {
            "integer": ("harus bilangan bulat", "must be a whole number"),
            "boolean": ("harus ya atau tidak", "must be yes or no"),
        }.get(str(value), ("harus berupa teks", "must be a text")),
        "format": ("harus tanggal yang benar (TTTT-BB-HH)", "must be a real date (YYYY-MM-DD)")
        if value == "date"
        else (f"harus berbentuk {value}", f"must be a valid {value}"),
        "pattern": ("tidak sesuai bentuk yang diminta", "does not have the form that is asked for"),
    }.get(validator, ("tidak memenuhi aturan layanan ini", "does not meet the rules of this service"))


def _future_days(kind: Kind, fields: Mapping[str, Value], today: dt.date) -> Iterator[FieldError]:
    for name, rule in kind.properties.items():
        value = fields.get(name)
        if rule.get("x-not-after") == "today" and isinstance(value, str) and value > today.isoformat():
            label = kind.label(name)
            yield FieldError(
                f"fields.{name}",
                "not_after_today",
                f"{label.id} tidak boleh setelah hari ini.",
                f"{label.en} must not be after today.",
            )


def _missing_documents(kind: Kind, documents: Collection[str]) -> Iterator[FieldError]:
    for each in kind.requirements:
        if each.required and each.code not in documents:
            yield FieldError(
                f"attachments.{each.code}", "required", f"Lampirkan {each.name.id}.", f"Attach this document: {each.name.en}."
            )


def _refusal(field: str, code: str, indonesian: str, english: str) -> InvalidFields:
    return InvalidFields(fields=[FieldError(field, code, indonesian, english)])
