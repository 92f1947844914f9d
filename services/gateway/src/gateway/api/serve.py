"""The blueprint of the API: each row of the tables becomes a view with its guard, its key and its limits."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import orjson
from chassis.errors import FieldError, InvalidFields
from flask import Blueprint, Response, g, request, send_file
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from werkzeug.exceptions import BadRequest, NotFound, UnsupportedMediaType

from gateway.api import openapi, shapes
from gateway.api.own import OWN, Own
from gateway.api.remote import REMOTE, Remote
from gateway.edge import (
    citizen_required,
    gateway,
    idempotent,
    limited,
    public,
    reporter_required,
    signed_in_required,
    spend,
    staff_required,
    uploads,
    uploads_up_to,
    with_guests,
)
from gateway.identity import profile
from gateway.identity.means import Means

PREFIX = "/api/v1"
View = Callable[..., Response]
_FILES = 22  # MiB: three photos of 5 MiB, as base64 in JSON
GUARDS: dict[str, Callable[[View], View]] = {
    "anyone": public, "citizen": citizen_required, "reporter": reporter_required, "staff": staff_required(), "signed_in": signed_in_required,
}  # fmt: skip
SNAPSHOTS: dict[str, Callable[[Means, str], Message]] = {"letter": profile.applicant, "connection": profile.connection_applicant}


def blueprint() -> Blueprint:
    """Return the API; the demo's routes answer only where it is one."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    for remote in REMOTE:
        _add(api, remote, _remote_view(remote))
    for own in OWN:
        _add(api, own, _own_view(own))
    return api


def _add(api: Blueprint, operation: Remote | Own, view: View) -> None:
    if operation.keyed:
        view = idempotent(view)
    if operation.limit:
        view = limited(operation.limit)(view)
    view = GUARDS[operation.who](view)
    if operation.who == "anyone" and isinstance(operation, Remote) and operation.capability == "complaints":
        view = with_guests(view)  # who learns which of the reports are their own
    body = getattr(operation, "body", None)
    if body in {"file", "files"}:
        view = uploads(view) if body == "file" else uploads_up_to(_FILES)(view)
    rule = operation.path.replace("{", "<").replace("}", ">")
    api.add_url_rule(rule, operation.name, view, methods=[operation.method])


def _remote_view(remote: Remote) -> View:
    kind: type[Message] = GetMessageClass(openapi.rpc(remote).input_type)

    def view(**in_path: str) -> Response:
        call = getattr(getattr(gateway().upstreams, remote.capability), remote.rpc)
        asked = _request(remote, kind, in_path)
        if remote.reports:
            spend("report", gateway().settings.rate_reports_per_hour)
        return _answer(remote, call(asked))

    return view


def _request(remote: Remote, kind: type[Message], in_path: Mapping[str, str]) -> Message:
    if remote.body == "none":
        message = shapes.decode_query(request.args.to_dict(flat=False), kind, skip=in_path)
    elif remote.body == "file":
        message = _uploaded(kind, in_path)
    elif remote.body == "files" and request.mimetype == "multipart/form-data":
        message = _form(remote, kind, in_path)
    else:
        message = shapes.decode(json_body(), kind, skip={*in_path, "applicant"})
    for name, value in in_path.items():
        setattr(message, name, value)
    if remote.hands_over:
        message.applicant.CopyFrom(SNAPSHOTS[remote.hands_over](gateway().means, g.person.id))  # type: ignore[attr-defined]  # requests that hand over have an applicant
    return message


def json_body() -> dict[str, Any]:
    """Return the request's JSON object; empty when nothing was sent."""
    content = request.get_data(cache=True)
    if not content and not request.content_length:
        return {}
    if request.mimetype != "application/json":  # a form's content was read as a form by then
        raise UnsupportedMediaType
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as wrong:
        raise BadRequest from wrong
    if not isinstance(body, dict):
        raise BadRequest
    return body


def _uploaded(kind: type[Message], in_path: Mapping[str, str]) -> Message:
    message = shapes.decode(request.form.to_dict(), kind, skip={*in_path, "content", "file_name"})
    file = request.files.get("file")
    if file is None:
        raise InvalidFields(
            fields=[FieldError("file", "required", "Lampirkan berkas pada isian file.", "Attach the file in the field file.")]
        )
    message.content = file.read()  # type: ignore[attr-defined] # every request that takes a file has it
    if "file_name" in shapes.fields_of(kind):
        message.file_name = (file.filename or "")[:255]  # type: ignore[attr-defined] # as just seen
    return message


def _form(remote: Remote, kind: type[Message], in_path: Mapping[str, str]) -> Message:
    """Return the message of a form: fields as in a query, those of a nested message by a dot, and its files."""
    lists = {part.partition(".")[0] for part in remote.parts}
    message = shapes.decode_query(request.form.to_dict(flat=False), kind, skip={*in_path, *lists, "applicant"})
    unknown = [name for name in request.files if name not in remote.parts]
    if unknown:
        raise InvalidFields(fields=[shapes.unknown(name) for name in unknown])
    for part in remote.parts:
        into, _, sort = part.partition(".")
        for file in request.files.getlist(part):
            made = getattr(message, into).add(file_name=(file.filename or "")[:255], content=file.read())
            if sort:
                made.kind = sort
    return message


def _answer(remote: Remote, message: Any) -> Response:
    if not remote.file:
        return Response(orjson.dumps(shapes.encode(message)), remote.status, content_type="application/json")
    kind, name = (remote.file, message.file_name) if remote.file != "*" else _named(message)
    return send_file(io.BytesIO(message.content), kind, as_attachment=True, download_name=name)


def _named(message: Any) -> tuple[str, str]:
    """Return a file's media type and name; a photo that has none is named by its type."""
    inner = next((f.name for f in message.DESCRIPTOR.fields if f.message_type is not None), "")
    about = getattr(message, inner) if inner else message
    return about.media_type, getattr(about, "file_name", "") or f"foto.{about.media_type.rpartition('/')[2]}"


def _own_view(own: Own) -> View:
    def view(**in_path: str) -> Response:
        if own.tag == "demo" and not gateway().settings.demo:
            raise NotFound
        given: dict[str, Any] = dict(in_path)
        given |= {name: request.args.get(name, "") for name in own.query}
        if own.body is not None:
            given["body"] = _struct(own.body)
        answer = own.handler(**given)
        if isinstance(answer, Response):
            return answer
        if answer is None:
            return Response(status=204)
        return Response(msgspec.json.encode(answer), own.status, content_type="application/json")

    return view


def _struct(kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.convert(json_body(), kind)
    except msgspec.ValidationError as wrong:
        raise InvalidFields(fields=[_field_error(str(wrong))]) from wrong


def _field_error(wrong: str) -> FieldError:
    what, _, where = wrong.partition(" - at `$.")
    field = where.rstrip("`") or (what.split("`")[1] if "`" in what else "body")
    if "missing required field" in what:
        return FieldError(field, "required", f"Isian {field} wajib ada.", f"The field {field} is required.")
    if "unknown field" in what:
        return FieldError(field, "unknown", f"Isian {field} tidak dikenal.", f"The field {field} is not known.")
    return FieldError(
        field, "type", f"Isian {field} tidak sesuai bentuknya.", f"The field {field} is not of the right shape: {what.lower()}."
    )
