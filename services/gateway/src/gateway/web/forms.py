"""The form of a kind of service, generated from its JSON Schema; nothing here knows a kind by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.web import formats
from gateway.web.catalog import _, pick

EXACT_DIGITS = 15  # more are not exact in every reader of JSON


@dataclass(frozen=True, slots=True)
class Widget:
    """One field as the page shows it."""

    name: str
    label: str
    hint: str
    widget: str  # text, textarea, date, select, number or checkbox
    optional: bool
    options: tuple[tuple[str, str], ...] = ()
    maxlength: int = 0

    @property
    def choices(self) -> list[tuple[str, str, str]]:
        """Return the options as radio buttons take them."""
        return [(value, text, "") for value, text in self.options]


@dataclass(frozen=True, slots=True)
class Answer:
    """A field and what was answered, for a person to read."""

    label: str
    shown: str


def schema_of(text: str) -> dict[str, Any]:
    """Return the JSON Schema of a form."""
    schema: dict[str, Any] = json.loads(text or "{}")
    return schema


def widgets(schema: Mapping[str, Any]) -> list[Widget]:
    """Return the fields of a form in the order of its file."""
    required = set(schema.get("required", ()))
    return [_widget(name, rule, optional=name not in required) for name, rule in schema.get("properties", {}).items()]


def _widget(name: str, rule: Mapping[str, Any], *, optional: bool) -> Widget:
    kind = "checkbox" if rule.get("type") == "boolean" else rule.get("x-widget", "text")
    texts = rule.get("x-options", {})
    return Widget(
        name=name, label=pick(rule.get("x-label", {"id": name})), hint=pick(rule.get("x-hint", {})), widget=kind, optional=optional,
        options=tuple((str(value), _capital(pick(texts.get(str(value), {"id": str(value)})))) for value in rule.get("enum", ())),
        maxlength=int(rule.get("maxLength", 0)),
    )  # fmt: skip


def _capital(text: str) -> str:
    """Begin a choice with a capital: a letter has it within a sentence, a form by itself."""
    return text[:1].upper() + text[1:]


def collect(schema: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as the schema's types; what does not fit its type stays text, for the service to refuse."""
    out: dict[str, Any] = {}
    for name, rule in schema.get("properties", {}).items():
        text = typed.get(name, "").replace("\r\n", "\n").strip()
        if rule.get("type") == "boolean":
            out[name] = bool(text)
        elif text:
            out[name] = _number(text) if rule.get("type") in {"integer", "number"} else text
    return out


def _number(text: str) -> int | str:
    plain = text.replace(".", "").replace(" ", "")
    figures = plain.removeprefix("-")
    return int(plain) if figures.isascii() and figures.isdecimal() and len(figures) <= EXACT_DIGITS else text


def spread(fields: str) -> dict[str, str]:
    """Return saved fields as the form shows them."""
    return {name: _typed(value) for name, value in json.loads(fields or "{}").items()}


def _typed(value: object) -> str:
    if isinstance(value, bool):
        return "ya" if value else ""
    return str(value)


def answers(schema: Mapping[str, Any], fields: str) -> list[Answer]:
    """Return the fields with what was answered, for a person to read."""
    given = json.loads(fields or "{}")
    return [Answer(widget.label, _shown(widget, given.get(widget.name))) for widget in widgets(schema)]


def _shown(widget: Widget, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Ya") if value else _("Tidak")
    if widget.widget == "date":
        try:
            return formats.day(str(value))
        except ValueError:
            return str(value)
    if widget.options:
        return dict(widget.options).get(str(value), str(value))
    return formats.number(value) if isinstance(value, int) else str(value)
