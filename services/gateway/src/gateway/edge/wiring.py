"""What happens before and after every request, in order."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from chassis import principal, telemetry
from chassis.principal import Unauthenticated
from chassis.telemetry import context as call_context
from flask import Flask, g, request
from prometheus_client import Histogram
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from gateway.edge import cookies, csrf, errors, guards, headers, limits
from gateway.edge.context import API_AUDIENCE, Gateway, for_program, gateway
from gateway.edge.idempotency import new_idempotency_key
from gateway.edge.whole import Whole
from gateway.identity import sessions

UPLOAD_BYTES, REQUEST_BYTES = 12 * 1024 * 1024, 1024 * 1024
BUDGET = 15.0  # seconds that a request and all its calls may take
LANGUAGE_COOKIE = "bahasa"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = Histogram(
    "http_server_seconds", "Time until a request was answered, by route, method and status", ["route", "method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip

__all__ = ["API_AUDIENCE", "BUDGET", "LANGUAGE_COOKIE", "install"]


def install(app: Flask, own: Gateway) -> None:
    """Put the edge around `app`."""
    app.extensions["gateway"] = own
    app.config.update(MAX_CONTENT_LENGTH=UPLOAD_BYTES, MAX_FORM_MEMORY_SIZE=REQUEST_BYTES, MAX_FORM_PARTS=500)
    app.response_class = Whole
    app.before_request(_before)
    app.after_request(_after)
    app.teardown_request(_teardown)
    app.jinja_env.globals.update(csrf_token=csrf.csrf_token, new_idempotency_key=new_idempotency_key)
    errors.register(app)


def _before() -> Any:
    g.started = time.perf_counter()
    g.span = _entered()
    call_context.deadline.set(time.monotonic() + BUDGET)
    call_context.idempotency_key.set(None)
    g.person, g.bearer, g.language = None, False, _asked_language()
    if _is_static():
        return None
    view = gateway_view()
    g.person = _person(view)
    g.acting = principal.acting(g.person.principal if g.person else None)
    g.acting.__enter__()
    if g.person is not None and not request.cookies.get(LANGUAGE_COOKIE) and not for_program():
        g.language = g.person.language
    _limit_size(view)
    limits.check()
    if view is None:
        return None  # 404 and 405 answer themselves
    csrf.check()
    return guards.check(view)


def _entered() -> telemetry.Span:
    """Begin the call, and its trace: what a stranger says of either is taken as a name, not as a decision."""
    given, method, rule = request.headers.get, _method(), request.url_rule
    attributes = {"http.request.method": method, "url.scheme": request.scheme} | ({"http.route": rule.rule} if rule else {})
    name = "" if _is_static() else f"{method} {rule.rule}" if rule else method
    return call_context.enter(given("X-Request-Id", ""), given("traceparent", ""), name, "server", attributes, trusted=False)


def _method() -> str:
    """Return the request's method, one name for all that nobody knows: anybody can make up more."""
    return request.method if request.method in _METHODS else "_OTHER"


def _is_static() -> bool:
    return request.endpoint is not None and request.endpoint.endswith("static")


def gateway_view() -> Any:
    """Return the view that the present request is for, None where there is none."""
    from flask import current_app

    return current_app.view_functions.get(request.endpoint) if request.endpoint else None


def _limit_size(view: Any) -> None:
    most = getattr(view, "__uploads__", REQUEST_BYTES)
    request.max_content_length = most
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge


def _person(view: Any) -> sessions.Person | None:
    guests = guards.admits_guests(view)
    given = request.headers.get("Authorization", "")
    if given:
        scheme, _, token = given.partition(" ")
        if scheme.casefold() != "bearer":
            raise Unauthenticated
        who = gateway().verifier.verify(token.strip())
        person = sessions.find_by_id(gateway().means, who.claims.get("sid", ""))
        if person is None or (person.kind == "guest" and not guests):
            raise Unauthenticated
        g.bearer = True
        return person
    person = _holder("session")
    if person is not None and person.kind != "guest":
        return person
    visitor = _holder("guest") if guests else None
    return visitor if visitor is not None and visitor.kind == "guest" else None


def _holder(cookie: str) -> sessions.Person | None:
    token = cookies.value_of(cookie)
    return sessions.find(gateway().means, token) if token else None


def _asked_language() -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in {"id", "en"} and not for_program():
        return str(chosen)
    if not for_program() or "Accept-Language" not in request.headers:
        return "id"
    return request.accept_languages.best_match(["id", "en"], default="id")


def _after(response: Response) -> Response:
    csrf.after(response)
    headers.after(response)
    rule = request.url_rule.rule if request.url_rule else "none"
    if "started" in g:
        SECONDS.labels(rule, _method(), str(response.status_code)).observe(time.perf_counter() - g.started)
        g.span.note(
            {"http.response.status_code": response.status_code, "http.response.header.x-request-id": [telemetry.request_id()]}
        )
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            g.span.fail(str(response.status_code))
    return response


def _teardown(_wrong: BaseException | None) -> None:
    # Threads serve many requests: nothing of this one may be left in them.
    if span := g.pop("span", None):
        span.end()
    if acting := g.pop("acting", None):
        acting.__exit__(None, None, None)
    call_context.leave()
