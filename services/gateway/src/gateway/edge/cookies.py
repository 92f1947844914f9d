"""Cookies: the session, a guest's, and one for forms of people who are not signed in. Random values; `__Host-` over https."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from gateway.edge.context import gateway
from gateway.identity.sessions import NewSession


def name_of(what: str) -> str:
    """Return the full name of a cookie."""
    return f"__Host-{what}" if gateway().settings.secure else what


def value_of(what: str) -> str:
    """Return the value that the present request carries, empty when none."""
    return request.cookies.get(name_of(what), "")


def put(response: Response, what: str, value: str, *, days: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send with a form."""
    response.set_cookie(
        name_of(what), value, max_age=days * 86_400 if days else None, path="/", secure=gateway().settings.secure, httponly=True,
        samesite="Lax",
    )  # fmt: skip


def drop(response: Response, what: str) -> None:
    """Clear a cookie."""
    response.delete_cookie(name_of(what), path="/", secure=gateway().settings.secure, httponly=True, samesite="Lax")


def begin_session(response: Response, new: NewSession) -> Response:
    """Give the browser the session just opened; whatever it had before no longer counts."""
    if new.kind == "guest":
        put(response, "guest", new.token)
        return response
    put(response, "session", new.token)
    drop(response, "form")
    return response


def end_session(response: Response) -> Response:
    """Take the session from the browser and tell it to forget what it kept."""
    drop(response, "session")
    drop(response, "guest")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
