"""The OpenAPI 3.1 document, made from the route tables and the shapes that the code itself uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from gateway.api import shapes
from gateway.api.own import OWN, Own
from gateway.api.remote import REMOTE, Remote

VERSION = "1.0.0"
KEY = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "minLength": 8, "maxLength": 128},
       "description": "Made by the client, once per intent. The same key and body give the stored answer; another body 422; in flight 409."}  # fmt: skip
LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "schema": {"type": "string", "enum": ["id", "en"]},
    "description": "Language of sentences in errors.",
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
        "code": {"type": "string"}, "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object", "properties": {
            "field": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}}, "required": ["field", "code", "detail"]}},
    },
    "required": ["type", "title", "status"],
}  # fmt: skip
ERRORS = {"401": "Not signed in", "403": "Not allowed", "404": "Not found", "409": "Conflict", "422": "Refused", "429": "Too many requests",
          "503": "A part of the platform does not answer"}  # fmt: skip


def document(url: str) -> dict[str, Any]:
    """Return the document; `url` is where the API stands."""
    components: dict[str, Any] = {"Problem": PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for remote in REMOTE:
        paths.setdefault(remote.path, {})[remote.method.lower()] = _remote(remote, components)
    for own in OWN:
        paths.setdefault(own.path, {})[own.method.lower()] = _own(own, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Singo + Twuin", "version": VERSION,
            "summary": "Kelurahan services and the water utility of Kota Malang, one identity for both",
            "license": {"name": "See the repository"},
        },
        "servers": [{"url": f"{url}/api/v1"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }  # fmt: skip


TAGS = {
    "identity": "Who a person is: registration, tokens, sessions, one's data",
    "singo": "Kelurahan services: charter, applications, letters, complaints",
    "twuin": "The water utility: connections, readings, tariffs, bills, payments, new connections",
    "office": "Staff of the kelurahan",
    "crew": "Crews of the water utility, in the field",
    "water": "Staff of the water utility",
    "platform": "Admins: how the three services are",
    "demo": "Only where the platform runs as a demo",
}


def parameters(path: str) -> list[str]:
    """Return the names of a path's parameters."""
    return re.findall(r"{(\w+)}", path)


def rpc(remote: Remote) -> MethodDescriptor:
    """Return the descriptor of the RPC that a route calls."""
    service = descriptor_pool.Default().FindServiceByName(remote.service)
    return service.methods_by_name[remote.rpc]


def tag(operation: Remote | Own) -> str:
    """Return the tag under which readers find an operation."""
    if isinstance(operation, Own):
        return operation.tag
    first = operation.path.split("/")[1]
    return first if first in {"office", "water", "crew"} else operation.audience


def _remote(remote: Remote, components: dict[str, Any]) -> dict[str, Any]:
    method, in_path = rpc(remote), parameters(remote.path)
    request: Descriptor = method.input_type
    out = _start(remote, in_path)
    if remote.body == "none":
        out["parameters"] += [
            {"name": f.name, "in": "query", "schema": _query_schema(f, components)} for f in request.fields if f.name not in in_path
        ]
    elif remote.body in {"json", "files"}:
        body = shapes.schema(request, components, skip={*in_path, "applicant"})
        out["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        if remote.body == "files":
            out["requestBody"]["content"]["multipart/form-data"] = {"schema": _files(remote, in_path, request, components)}
    else:
        out["requestBody"] = _upload(remote, in_path, request)
    content = _answer(remote, method.output_type, components)
    out["responses"] = {str(remote.status): {"description": remote.summary, "content": content}} | _problems(remote.who != "anyone")
    return out


def _query_schema(field: Any, components: dict[str, Any]) -> dict[str, Any]:
    one = shapes.field_schema(field, components)
    return {"type": "array", "items": one} if field.is_repeated else one


def _answer(remote: Remote, message: Descriptor, components: dict[str, Any]) -> dict[str, Any]:
    if remote.file:
        kinds = ["application/pdf", "image/jpeg", "image/png", "image/webp"] if remote.file == "*" else [remote.file]
        return {kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in kinds}
    return {"application/json": {"schema": shapes.reference(message, components)}}


def _upload(remote: Remote, in_path: Iterable[str], request: Descriptor) -> dict[str, Any]:
    texts = {f.name: {"type": "string"} for f in request.fields if f.name not in {*in_path, "content", "file_name"}}
    schema = {
        "type": "object",
        "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}, **texts},
        "required": ["file", *texts],
    }
    return {"required": True, "description": remote.summary, "content": {"multipart/form-data": {"schema": schema}}}


def _files(remote: Remote, in_path: Iterable[str], request: Descriptor, components: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a form with several files; fields of a nested message are named by a dot."""
    lists = {part.partition(".")[0] for part in remote.parts}
    fields: dict[str, Any] = {}
    for field in request.fields:
        if field.name in {*in_path, *lists, "applicant"}:
            continue
        if field.message_type is None:
            fields[field.name] = _query_schema(field, components)
        else:
            fields |= {f"{field.name}.{f.name}": _query_schema(f, components) for f in field.message_type.fields}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    files = {part: file if "." in part else {"type": "array", "items": file} for part in remote.parts}
    return {"type": "object", "properties": fields | files, "additionalProperties": False}


def _own(own: Own, components: dict[str, Any]) -> dict[str, Any]:
    out = _start(own, parameters(own.path))
    out["parameters"] += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in own.query]
    if own.body is not None:
        out["requestBody"] = {"required": True, "content": {"application/json": {"schema": _struct(own.body, components)}}}
    answer: dict[str, Any] = {"description": own.summary}
    if own.answer is not None:
        answer["content"] = {"application/json": {"schema": _struct(own.answer, components)}}
    elif own.file:
        answer["content"] = {own.file: {"schema": {"type": "string"}}}
    out["responses"] = {str(own.status): answer} | _problems(own.who != "anyone")
    return out


def _struct(kind: Any, components: dict[str, Any]) -> dict[str, Any]:
    (schema,), more = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    components |= more
    return schema


def _start(operation: Remote | Own, in_path: Iterable[str]) -> dict[str, Any]:
    named = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path]
    return {
        "operationId": operation.name, "summary": operation.summary, "tags": [tag(operation)],
        "parameters": [*named, LANGUAGE, *([KEY] if operation.keyed else [])],
        "security": [] if operation.who == "anyone" else [{"bearer": []}],
    }  # fmt: skip


def _problems(signed_in: bool) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": text, "content": content}
        for status, text in ERRORS.items()
        if signed_in or status not in {"401", "403"}
    }
