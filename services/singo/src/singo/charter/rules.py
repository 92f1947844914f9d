"""Rules that a kind of service must keep beyond the shape of its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from singo.charter.model import APPLICANT, OFFICE, Kind, StepRole, placeholders

WIDGETS = ("text", "textarea", "date", "select", "number")
TYPES = ("string", "integer", "boolean")
NUMBER_PARTS = {"classification", "number", "unit", "month", "year"}

Broken = tuple[str, str]
"""The field and the rule that it breaks."""


def broken(kind: Kind) -> Broken | None:
    """Return the first rule that a kind breaks, None for a good one."""
    return next((each for check in (_codes, _steps, _schema, _fields, _letter) for each in check(kind)), None)


def _codes(kind: Kind) -> Iterator[Broken]:
    for place, codes in (("requirements", [r.code for r in kind.requirements]), ("steps", [s.code for s in kind.steps])):
        if len(set(codes)) != len(codes):
            yield place, "two have the same code"
    for document in kind.requirements:
        if document.code in kind.form.get("properties", {}):
            yield f"requirements.{document.code}", "has the name of a field of the form"


def _steps(kind: Kind) -> Iterator[Broken]:
    roles = [step.role for step in kind.steps]
    if roles[0] is not StepRole.CITIZEN or roles.count(StepRole.CITIZEN) != 1:
        yield "steps", "the first step, and only it, is the citizen's"
    if roles[-1] is not StepRole.LURAH or roles.count(StepRole.LURAH) != 1:
        yield "steps", "the last step, and only it, is the lurah's"


def _schema(kind: Kind) -> Iterator[Broken]:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(kind.form)
    except SchemaError as wrong:
        yield ".".join(["form", *map(str, wrong.absolute_path)]), wrong.message
        return
    if kind.form.get("type") != "object" or not isinstance(kind.form.get("properties"), dict) or "$ref" in kind.form:
        yield "form", 'must have type = "object" and properties'
        return
    for name in kind.form.get("required", []):
        if name not in kind.properties:
            yield "form.required", f"{name} is no field of the form"


def _fields(kind: Kind) -> Iterator[Broken]:
    for name, rule in kind.properties.items():
        place = f"form.properties.{name}"
        if not isinstance(rule, dict) or rule.get("type") not in TYPES:
            yield place, f"type must be one of {', '.join(TYPES)}"
            continue
        if not _bilingual(rule.get("x-label")):
            yield f"{place}.x-label", "must be a text in id and en"
        if "x-hint" in rule and not _bilingual(rule["x-hint"]):
            yield f"{place}.x-hint", "must be a text in id and en"
        if rule.get("x-widget") not in WIDGETS:
            yield f"{place}.x-widget", f"must be one of {', '.join(WIDGETS)}"
        if rule["type"] == "string" and not ({"maxLength", "enum", "format"} & rule.keys()):
            yield place, "a text needs maxLength, enum or format"
        yield from _choices(place, rule)


def _choices(place: str, rule: Mapping[str, Any]) -> Iterator[Broken]:
    if rule.get("x-widget") != "select":
        return
    options = rule.get("x-options")
    if not rule.get("enum"):
        yield f"{place}.enum", "a select needs its values"
    elif not isinstance(options, dict) or set(options) != set(map(str, rule["enum"])) or not all(map(_bilingual, options.values())):
        yield f"{place}.x-options", "must have a text in id and en for each value of enum"


def _letter(kind: Kind) -> Iterator[Broken]:
    known = {"applicant": set(APPLICANT), "office": set(OFFICE), "fields": set(kind.properties)}
    for space, name in placeholders(kind.letter.body):
        if name not in known.get(space, set()):
            yield "letter.body", f"{{{space}.{name}}} is not known"
    rest = kind.letter.body
    for space, name in placeholders(rest):
        rest = rest.replace(f"{{{space}.{name}}}", "")
    if "{" in rest or "}" in rest:
        yield "letter.body", "a brace stands only around a placeholder"
    try:
        parts = {name for _, name, _, _ in Formatter().parse(kind.letter.number_pattern) if name is not None}
    except ValueError as wrong:
        yield "letter.number_pattern", str(wrong)
        return
    if not {"number", "year"} <= parts <= NUMBER_PARTS:
        yield "letter.number_pattern", "has {number} and {year}, and further {classification}, {unit}, {month}"


def _bilingual(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"id", "en"}
        and all(isinstance(each, str) and each.strip() for each in value.values())
    )
