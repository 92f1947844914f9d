"""What all pages share: files of the design, the language switch, robots.txt."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, redirect, request, send_from_directory
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as BaseResponse

from gateway.edge import gateway, public
from gateway.edge.wiring import LANGUAGE_COOKIE
from gateway.identity import profile
from gateway.web import chrome

pages = Blueprint("web", __name__)
_YEAR = 365 * 86_400


@pages.record_once
def _install(state: BlueprintSetupState) -> None:
    chrome.install(state.app)  # type: ignore[arg-type]  # only applications register this blueprint


@pages.get("/static/<path:filename>")
@public
def static(filename: str) -> Response:
    """Serve a file of the design; addresses carry a fingerprint of the content, so they may be kept."""
    response = send_from_directory(chrome.STATIC, filename, max_age=_YEAR if "v" in request.args else 3600)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if "v" in request.args else "public, max-age=3600"
    return response


@pages.get("/favicon.ico")
@public
def favicon() -> BaseResponse:
    """Lead old browsers to the mark."""
    return redirect(chrome.asset("mark.svg"))


@pages.get("/robots.txt")
@public
def robots() -> Response:
    """Keep personal pages and verification codes out of search engines."""
    return current_app.response_class("User-agent: *\nDisallow: /v/\nDisallow: /kantor\nDisallow: /demo\n", mimetype="text/plain")


@pages.post("/bahasa")
@public
def set_language() -> BaseResponse:
    """Change the language of this browser and of the account."""
    chosen = "en" if request.form.get("bahasa") == "en" else "id"
    response = redirect(inside(request.form.get("kembali", "")), 303)
    response.set_cookie(
        LANGUAGE_COOKIE, chosen, max_age=_YEAR, path="/", secure=gateway().settings.secure, httponly=True, samesite="Lax"
    )
    if g.person is not None:
        profile.set_language(gateway().means, g.person, chosen)
    return response


def inside(address: str, otherwise: str = "/") -> str:
    """Return `address` when it is a path of this site, else `otherwise`: nobody is led elsewhere by a link to us."""
    good = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable() and "\\" not in address
    return address if good else otherwise
