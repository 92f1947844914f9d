"""One table from what went wrong to what the client sees: problem+json (RFC 9457) for programs, a page for people."""

from __future__ import annotations

from typing import Any

import orjson
from chassis import telemetry
from chassis.errors import DomainError, Language
from chassis.principal import Unauthenticated
from chassis.rpc import Failure
from chassis.rpc.failures import of_exception, of_kind
from flask import Flask, g, render_template
from jinja2 import TemplateNotFound
from markupsafe import escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from gateway.edge.context import for_program

log = telemetry.logger(__name__)

STATUSES = {
    "refused": 422, "invalid": 422, "not_found": 404, "conflict": 409, "unauthenticated": 401, "denied": 403, "exhausted": 503,
    "unavailable": 503, "deadline": 504, "internal": 500,
}  # fmt: skip
# Codes that have a status of their own in HTTP.
_BY_CODE = {
    "too_many_tries": 429, "rate_exceeded": 429, "code_too_soon": 429, "not_allowed": 403, "form_expired": 403, "system_busy": 503,
    "registry_unavailable": 503, "sign_in_refused": 401, "refresh_refused": 401, "key_required": 400,
}  # fmt: skip
TITLES: dict[int, tuple[str, str]] = {
    400: ("Permintaan tidak dapat dibaca", "Bad request"),
    401: ("Perlu masuk", "Sign-in needed"),
    403: ("Tidak diizinkan", "Not allowed"),
    404: ("Tidak ditemukan", "Not found"),
    405: ("Cara tidak didukung", "Method not allowed"),
    409: ("Data sudah berubah", "Conflict"),
    413: ("Kiriman terlalu besar", "Request too large"),
    415: ("Jenis isi tidak didukung", "Unsupported media type"),
    422: ("Tidak dapat dipenuhi", "Cannot be fulfilled"),
    429: ("Terlalu banyak permintaan", "Too many requests"),
    500: ("Kesalahan pada sistem", "Something went wrong"),
    503: ("Layanan sedang terganggu", "Service disrupted"),
    504: ("Layanan terlalu lama menjawab", "The service took too long"),
}
_PLAIN: dict[int, tuple[str, str]] = {
    400: ("Permintaan tidak dapat dibaca.", "The request cannot be read."),
    404: ("Halaman ini tidak ada.", "There is no such page."),
    405: ("Alamat ini tidak menerima cara permintaan itu.", "This address does not accept that method."),
    413: ("Kiriman terlalu besar.", "The request is too large."),
    415: ("Jenis isi ini tidak didukung.", "This media type is not supported."),
}


def register(app: Flask) -> None:
    """Answer every error of `app` from the table."""
    app.register_error_handler(Exception, answer)


def status_of(failure: Failure) -> int:
    """Return the HTTP status of a failure."""
    return _BY_CODE.get(failure.code, STATUSES[failure.kind])


def answer(wrong: Exception) -> Response:
    """Return what the client sees of an exception."""
    if isinstance(wrong, HTTPException):
        return _of_http(wrong)
    failure = of_exception(wrong)
    if not isinstance(wrong, DomainError | Failure | Unauthenticated):
        log.error("request_failed", kind=failure.kind, exc_info=wrong)
    retry = getattr(wrong, "retry_after", None)
    response = present(status_of(failure), failure)
    if retry is not None or response.status_code in {429, 503}:
        response.headers["Retry-After"] = str(max(1, round(retry or 5)))
    if response.status_code == 401 and for_program():  # noqa: PLR2004
        response.headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def problem(status: int, failure: Failure) -> Response:
    """Return a failure as application/problem+json."""
    language = _language()
    body: dict[str, Any] = {
        "type": f"urn:malang:problem:{failure.code}", "title": _title(status, language), "status": status,
        "detail": failure.sentence(language), "code": failure.code, "request_id": telemetry.request_id(),
    }  # fmt: skip
    if failure.fields:
        body["errors"] = [
            {"field": each.field, "code": each.code, "detail": each.sentence(language), "id": each.id, "en": each.en}
            for each in failure.fields
        ]
    return Response(orjson.dumps(body), status, content_type="application/problem+json")


def present(status: int, failure: Failure) -> Response:
    """Return a failure as the client reads it."""
    if for_program():
        return problem(status, failure)
    language = _language()
    shown = {
        "status": status, "title": _title(status, language), "message": failure.sentence(language), "failure": failure,
        "request_id": telemetry.request_id(),
    }  # fmt: skip
    try:
        page = render_template("error.html", **shown)
    except TemplateNotFound:
        page = _bare(shown, language)
    except Exception:
        log.exception("error_page_failed")
        page = _bare(shown, language)
    return Response(page, status, content_type="text/html; charset=utf-8")


def _bare(shown: dict[str, Any], language: Language) -> str:
    title, message = escape(shown["title"]), escape(shown["message"])
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{title}</title><main><h1>{title}</h1><p>{message}</p><p><a href="/">Singo + Twuin</a></p></main></html>'
    )


def _of_http(wrong: HTTPException) -> Response:
    status = wrong.code or 500
    if status < 400 and wrong.response is not None:  # noqa: PLR2004 - a redirect that was raised
        return wrong.get_response()
    id_, en = _PLAIN.get(status, (of_kind("internal").id, of_kind("internal").en))
    response = present(status, Failure("refused", _CODES.get(status, "http_error"), id_, en))
    for name, value in wrong.get_headers():
        if name in {"Allow", "Retry-After", "Location"}:
            response.headers[name] = value
    if status in {301, 302, 303, 307, 308}:
        return wrong.get_response()
    return response


_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


def _title(status: int, language: Language) -> str:
    return TITLES.get(status, TITLES[500])[1 if language == "en" else 0]


def _language() -> Language:
    return "en" if g.get("language") == "en" else "id"
