"""The OpenAPI document and a page to read it: no script of its own, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response, render_template

from gateway.api import openapi
from gateway.edge import gateway, public


def blueprint() -> Blueprint:
    """Return the routes of the document and its reader."""
    docs = Blueprint("api_docs", __name__, url_prefix="/api/v1", template_folder="templates")
    docs.add_url_rule("/openapi.json", "document", _document)
    docs.add_url_rule("/docs", "reader", _reader)
    return docs


@public
def _document() -> Response:
    return Response(_bytes(gateway().settings.public_url), content_type="application/json")


@cache
def _bytes(url: str) -> bytes:
    return orjson.dumps(openapi.document(url), option=orjson.OPT_INDENT_2)


@public
def _reader() -> str:
    document = openapi.document(gateway().settings.public_url)
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups[operation["tags"][0]].append({"path": path, "method": method.upper(), **operation})
    return render_template("api_reader.html", document=document, groups=groups, shown=_shown)


def _shown(schema: dict[str, Any]) -> str:
    """Return a schema in one line: its name, or its kind."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"[{_shown(schema.get('items', {}))}]"
    if "anyOf" in schema:
        return " | ".join(_shown(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("format") or schema.get("type") or "any")
