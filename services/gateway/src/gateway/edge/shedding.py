"""Turns requests away, before any work, when the process has as many in hand as it can do in time.

The server hands a request to a thread without telling how many wait. So it gets more threads than may work: `most` work,
`queue` wait for one of those, and REFUSING are left over to say 503. What probes, balancers and services ask passes by.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson
from chassis.rpc.failures import SENTENCES
from prometheus_client import Counter

from gateway.edge.headers import FIXED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REFUSING = 8  # threads that are left to turn requests away
_PATIENCE = 0.5  # seconds that a request waits at most; a person who reloads after that comes anew
_ALWAYS = ("/static/", "/.well-known/")
SHED = Counter("http_shed_total", "Requests turned away because the process had too many in hand")


class Shedding:
    """WSGI middleware: `most` requests at work at once, `queue` waiting; the next one is answered 503 with Retry-After."""

    def __init__(self, app: WSGIApplication, *, most: int, queue: int) -> None:
        """Take the application and the limits of this process."""
        self._app, self._queue = app, queue
        self._places, self._lock, self._waiting = threading.Semaphore(most), threading.Lock(), 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. Bodies are whole when the application returns, so its place is free then."""
        if environ.get("PATH_INFO", "").startswith(_ALWAYS):
            return self._app(environ, start_response)
        if not self._places.acquire(blocking=False) and not self._wait():
            SHED.inc()
            return _refuse(environ, start_response)
        try:
            return self._app(environ, start_response)
        finally:
            self._places.release()

    def _wait(self) -> bool:
        with self._lock:
            if self._waiting >= self._queue:
                return False
            self._waiting += 1
        try:
            return self._places.acquire(timeout=_PATIENCE)
        finally:
            with self._lock:
                self._waiting -= 1


def _refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    id_, en = SENTENCES["exhausted"]
    if environ.get("PATH_INFO", "").startswith("/api/"):
        english = environ.get("HTTP_ACCEPT_LANGUAGE", "id").strip().lower().startswith("en")
        problem: dict[str, Any] = {
            "type": "urn:malang:problem:exhausted", "title": "Service disrupted" if english else "Layanan sedang terganggu",
            "status": 503, "detail": en if english else id_, "code": "exhausted",
        }  # fmt: skip
        body, kind = orjson.dumps(problem), "application/problem+json"
    else:
        body = (
            '<!doctype html><html lang="id"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>Layanan sedang sibuk</title><main><h1>{id_}</h1><p lang="en">{en}</p></main></html>'
        ).encode()
        kind = "text/html; charset=utf-8"
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Retry-After", "1")]
    headers += [("Cache-Control", "no-store"), *FIXED.items()]
    start_response("503 Service Unavailable", headers)
    return [body]
