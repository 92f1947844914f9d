"""Staff sign in: user name and password, then the second factor, which the first sign-in sets up."""

from __future__ import annotations

import io

from flask import Blueprint, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from gateway.edge import begin_session, end_session, gateway, limited, public, staff_required
from gateway.edge.context import address, agent
from gateway.identity import sessions, staff_signin
from gateway.identity.errors import CodeRefused
from gateway.identity.sessions import Staff
from gateway.identity.staff_signin import SecondStep
from gateway.web.backoffice import shell
from gateway.web.backoffice.shell import page
from gateway.web.catalog import _
from gateway.web.entries import Entry
from gateway.web.site import inside

pages = Blueprint("office", __name__)
pages.app_context_processor(shell.shared)


@pages.get("/kantor/masuk")
@public
def sign_in_form() -> ResponseReturnValue:
    """Ask for user name and password."""
    if isinstance(g.person, Staff):
        return redirect(inside(request.args.get("lanjut", ""), "/kantor"), 303)
    return page("sign_in.html", Entry.asked())


@pages.post("/kantor/masuk")
@public
@limited("sign_in")
def sign_in() -> ResponseReturnValue:
    """Check the password and ask for the second factor."""
    entry = Entry.typed()
    for name, sentence in (("username", _("Ketik nama pengguna.")), ("password", _("Ketik kata sandi."))):
        if not entry[name]:
            entry.reject(name, sentence)
    if not entry.wrong:
        with entry.catching():
            asked = staff_signin.begin(gateway().means, entry["username"], entry.values["password"], address=address())
            return _second(asked, Entry({"lanjut": entry["lanjut"]}))
    return page("sign_in.html", entry)


def _second(asked: SecondStep, entry: Entry) -> ResponseReturnValue:
    code = _drawn(asked.totp_uri) if asked.totp_uri else ""
    return page("second_step.html", entry, asked=asked, secret=_in_fours(asked.totp_secret), drawing=code)


def _drawn(text: str) -> str:
    """Return a QR code as the data of an image; it holds a secret, so it has no address of its own."""
    import base64

    import segno

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=4, border=4, xmldecl=False, dark="#000", light="#fff")
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"


def _in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


@pages.post("/kantor/masuk/kode")
@public
@limited("sign_in")
def finish() -> ResponseReturnValue:
    """Open the session when the code is right; recovery codes of an enrolment are shown this once."""
    entry, means = Entry.typed(), gateway().means
    ticket = entry["ticket"]
    with entry.catching():
        done = staff_signin.finish(
            means, ticket, entry["code"], new_password=entry.values.get("new_password", ""), address=address(), agent=agent()
        )
        where = inside(entry["lanjut"], "/kantor")
        if not done.recovery_codes:
            return begin_session(redirect(where, 303), done.session)
        g.person = sessions.find(means, done.session.token)  # the page's forms belong to the new session
        shown = page("recovery_codes.html", codes=done.recovery_codes, next_url=where, setup=True)
        return begin_session(make_response(shown), done.session)
    try:
        return _second(staff_signin.second_step(means, ticket), entry)
    except CodeRefused:
        again = Entry({"lanjut": entry["lanjut"]})
        again.general, again.status = _("Langkah kedua sudah berakhir. Masuk lagi dari awal."), entry.status
        return page("sign_in.html", again)


@pages.get("/kantor/masuk/kode")
@public
def after_language() -> ResponseReturnValue:
    """Lead on: a page that was posted is asked for again when the language is switched."""
    return redirect("/kantor/masuk", 303)


@pages.post("/kantor/keluar")
@staff_required()
def sign_out() -> Response:
    """End this session."""
    sessions.end(gateway().means, g.person)
    return end_session(redirect("/kantor/masuk", 303))
