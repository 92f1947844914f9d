"""Who may call a view: every view carries its rule, and one without needs a signed-in person."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import Any, TypeVar

from chassis.errors import Refused
from chassis.principal import Unauthenticated
from flask import g, redirect, request
from werkzeug.wrappers import Response

from gateway.edge.context import for_program
from gateway.identity.sessions import Citizen, Guest, Staff

F = TypeVar("F", bound=Callable[..., Any])
Guard = Callable[[], bool]


class NotAllowed(Refused):
    """The person is known and may not do this."""

    id = "Anda tidak berwenang membuka halaman ini."
    en = "You are not authorised to open this page."


def public(view: F) -> F:
    """Let anybody in."""
    return _mark(view, "public", lambda: True)


def signed_in_required(view: F) -> F:
    """Let in whoever is signed in."""
    return _mark(view, "signed_in", lambda: g.person is not None)


def citizen_required(view: F) -> F:
    """Let in signed-in citizens; others are led to the sign-in page."""
    return _mark(view, "citizen", lambda: isinstance(g.person, Citizen))


def reporter_required(view: F) -> F:
    """Let in signed-in citizens and guests, who proved a phone; others are led to where one does."""
    return with_guests(_mark(view, "reporter", lambda: isinstance(g.person, Citizen | Guest)))


def with_guests(view: F) -> F:
    """Make the view know a guest; for any other view there is nobody."""
    view.__guests__ = True  # type: ignore[attr-defined]  # functions take attributes; their type does not say so
    return view


def admits_guests(view: Callable[..., Any] | None) -> bool:
    """Tell whether a view knows guests."""
    return bool(getattr(view, "__guests__", False))


def staff_required(*roles: str) -> Callable[[F], F]:
    """Let in staff who have one of `roles`; any staff when none is named."""

    def admits() -> bool:
        return isinstance(g.person, Staff) and (not roles or g.person.has(*roles))

    return lambda view: _mark(view, f"staff({', '.join(sorted(roles))})", admits)


def uploads(view: F) -> F:
    """Let requests of the view be as large as an attachment (12 MiB)."""
    return uploads_up_to(12)(view)


def uploads_up_to(mebibytes: int) -> Callable[[F], F]:
    """Let requests of the view be so large."""

    def decorate(view: F) -> F:
        view.__uploads__ = mebibytes * 1024 * 1024  # type: ignore[attr-defined]  # as above
        return view

    return decorate


def access_of(view: Callable[..., Any] | None) -> str:
    """Return the name of a view's rule, empty for one that has none."""
    return str(getattr(view, "__access__", ("", None))[0])


def check(view: Callable[..., Any]) -> Response | None:
    """Admit the present person to `view`, or lead to the sign-in page, or raise."""
    guard: tuple[str, Guard] = getattr(view, "__access__", ("signed_in", lambda: g.person is not None))
    if guard[1]():
        return None
    if g.person is not None:
        raise NotAllowed
    if for_program():
        raise Unauthenticated
    where = {"staff": "/kantor/masuk", "reporter": "/lapor/tamu"}.get(guard[0].partition("(")[0], "/masuk")
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(f"{where}?{urllib.parse.urlencode({'lanjut': wanted})}" if wanted else where, 303)


def _mark(view: F, name: str, guard: Guard) -> F:
    view.__access__ = (name, guard)  # type: ignore[attr-defined]  # as above
    return view
