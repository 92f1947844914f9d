"""Form tokens: bound to the session; for people who are not signed in to a cookie of their own (signed double submit)."""

from __future__ import annotations

import base64
import hmac
import secrets

from chassis.errors import Refused
from flask import g, request
from werkzeug.wrappers import Response

from gateway.edge import cookies
from gateway.edge.context import for_program, gateway

FIELD, HEADER = "csrf_token", "X-CSRF-Token"
_SAFE = {"GET", "HEAD", "OPTIONS"}


class FormExpired(Refused):
    """The form's token is missing or of another session."""

    id = "Formulir sudah kedaluwarsa atau dikirim dari situs lain. Muat ulang halaman, lalu kirim lagi."
    en = "The form has expired or came from another site. Reload the page and send it again."


def csrf_token() -> str:
    """Return the token that forms of the present page carry."""
    return _token(_bound())


def check() -> None:
    """Refuse an unsafe request that does not carry the token; programs that send no cookie need none."""
    if request.method in _SAFE or g.get("bearer"):
        return
    if for_program() and g.get("person") is None:
        return  # nothing is done in the name of a cookie
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise FormExpired
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    present = "session" if _session() else cookies.value_of("form")
    if not present or not hmac.compare_digest(given.encode(), _token(_bound()).encode()):
        raise FormExpired


def after(response: Response) -> Response:
    """Give the cookie that a form of this page is bound to."""
    if fresh := g.get("form_cookie"):
        cookies.put(response, "form", fresh, days=1)
    return response


def _bound() -> str:
    if session := _session():
        return f"session|{session}"
    present = cookies.value_of("form")
    if not present:
        present = g.get("form_cookie") or secrets.token_urlsafe(18)
        g.form_cookie = present
    return f"form|{present}"


def _session() -> str:
    """Return the session that forms are bound to; a guest's exists only on some pages, so it binds none."""
    person = g.get("person")
    return person.session_id if person is not None and person.kind != "guest" else ""


def _token(bound: str) -> str:
    digest = hmac.digest(gateway().settings.secret.encode(), f"csrf|{bound}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
