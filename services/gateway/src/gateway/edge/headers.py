"""Security headers of every answer; no inline script or style anywhere, so none is allowed."""

from __future__ import annotations

from chassis import telemetry
from flask import g, request
from werkzeug.wrappers import Response

from gateway.edge.context import gateway

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FIXED = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def after(response: Response) -> Response:
    """Add the headers; what is about a person is kept by no cache."""
    given = {name.lower() for name, _ in response.headers}
    response.headers.extend([(name, value) for name, value in FIXED.items() if name.lower() not in given])
    if gateway().settings.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    response.headers["X-Request-Id"] = telemetry.request_id()
    if "Cache-Control" not in response.headers:
        private = g.get("person") is not None or request.method != "GET" or "Set-Cookie" in response.headers
        response.headers["Cache-Control"] = "no-store" if private else "no-cache"
    elif g.get("person") is not None and response.headers["Cache-Control"] == "no-cache":
        response.headers["Cache-Control"] = "private, no-cache"  # ETags: kept by the browser only
    return response
