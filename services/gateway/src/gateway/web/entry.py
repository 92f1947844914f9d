"""Register, sign in, sign out."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from gateway.edge import begin_session, end_session, gateway, limited, public, signed_in_required
from gateway.edge.context import address, agent
from gateway.identity import registration, sessions, signin
from gateway.web.catalog import _, language
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.site import inside

pages = Blueprint("entry", __name__)


@pages.get("/masuk")
@public
def sign_in_form() -> ResponseReturnValue:
    """Ask for NIK or phone and password."""
    if g.person is not None:
        return redirect(inside(request.args.get("lanjut", ""), "/beranda"), 303)
    return page("entry/sign_in.html", Entry.asked())


@pages.post("/masuk")
@public
@limited("sign_in")
def sign_in() -> ResponseReturnValue:
    """Open a session."""
    entry = Entry.typed()
    for name, sentence in (("identifier", _("Ketik NIK atau nomor telepon.")), ("password", _("Ketik kata sandi."))):
        if not entry.values.get(name, "").strip():
            entry.reject(name, sentence)
    if not entry.wrong:
        with entry.catching():
            new = signin.sign_in(gateway().means, entry["identifier"], entry.values["password"], address=address(), agent=agent())
            return begin_session(redirect(inside(entry["lanjut"], "/beranda"), 303), new)
    return page("entry/sign_in.html", entry)


@pages.post("/keluar")
@signed_in_required
def sign_out() -> Response:
    """End this session."""
    sessions.end(gateway().means, g.person)
    return end_session(redirect("/?ok=keluar", 303))


def _steps() -> list[str]:
    return [_("Data diri"), _("Kode telepon"), _("Selesai")]


@pages.get("/daftar")
@public
def register_form() -> ResponseReturnValue:
    """Ask for the person's data."""
    return page("entry/register.html")


@pages.post("/daftar")
@public
@limited("register")
def register() -> ResponseReturnValue:
    """Check the data and send a code."""
    entry = Entry.typed()
    with entry.catching():
        pending = registration.begin(gateway().means, {**entry.values, "language": language()}, address=address())
        return _code(Entry(), pending.request_id, pending.sent_to)
    return page("entry/register.html", entry)


@pages.post("/daftar/kode")
@public
@limited("register")
def register_code() -> ResponseReturnValue:
    """Open the account when the code is right."""
    entry = Entry.typed()
    with entry.catching(names={"code": "code"}):
        registration.confirm(gateway().means, entry["request_id"], entry["code"])
        return page(
            "entry/done.html", title=_("Akun Anda siap"), subtitle=_("Nomor telepon terbukti"), steps=_steps(),
            text=_("Masuk dengan NIK atau nomor telepon dan kata sandi Anda."), url="/masuk", action=_("Masuk"),
        )  # fmt: skip
    return _code(entry, entry["request_id"], entry["sent_to"])


@pages.post("/daftar/kode/ulang")
@public
@limited("register")
def register_again() -> ResponseReturnValue:
    """Send a new code."""
    entry = Entry.typed()
    entry.values.pop("code", None)
    with entry.catching():
        pending = registration.resend(gateway().means, entry["request_id"])
        return _code(Entry(), pending.request_id, pending.sent_to)
    return _code(entry, entry["request_id"], entry["sent_to"])


def _code(entry: Entry, request_id: str, sent_to: str) -> Response:
    return make_response(
        page(
            "entry/code.html",
            entry,
            request_id=request_id,
            sent_to=sent_to,
            action="/daftar/kode",
            steps=_steps(),
            with_password=False,
        )
    )
