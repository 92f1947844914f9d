"""Guests: prove a phone by a code, and report without an account."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from gateway.edge import begin_session, end_session, gateway, limited, public, reporter_required, with_guests
from gateway.edge.context import address, agent
from gateway.identity import guests, sessions
from gateway.web.catalog import _, language
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.site import inside

pages = Blueprint("guest_entry", __name__)
_WHERE = "/lapor"


@pages.get("/lapor/tamu")
@public
@with_guests
def phone_form() -> ResponseReturnValue:
    """Ask for a phone, or lead on whoever is known already."""
    if g.person is not None and g.person.kind != "staff":
        return redirect(inside(request.args.get("lanjut", ""), _WHERE), 303)
    return page("complaints/guest.html", Entry.asked())


@pages.post("/lapor/tamu")
@public
@limited("guest")
def send_code() -> ResponseReturnValue:
    """Send a code to the phone."""
    entry = Entry.typed()
    entry.values.setdefault("phone", "")
    with entry.catching():
        pending = guests.begin(gateway().means, entry["phone"], address=address(), language=language())
        return _code(Entry({"lanjut": entry["lanjut"]}), pending.request_id, pending.sent_to)
    return page("complaints/guest.html", entry)


@pages.get("/lapor/tamu/kode")
@pages.get("/lapor/tamu/kode/ulang")
@public
def after_language() -> ResponseReturnValue:
    """Lead back to the phone: a page that was posted is asked for again when the language is switched."""
    return redirect("/lapor/tamu", 303)


@pages.post("/lapor/tamu/kode")
@public
@limited("guest")
def enter() -> ResponseReturnValue:
    """Open a guest's session when the code is right."""
    entry = Entry.typed()
    with entry.catching(names={"code": "code"}):
        new = guests.confirm(gateway().means, entry["request_id"], entry["code"], address=address(), agent=agent())
        return begin_session(redirect(inside(entry["lanjut"], _WHERE), 303), new)
    return _code(entry, entry["request_id"], entry["sent_to"])


@pages.post("/lapor/tamu/kode/ulang")
@public
@limited("guest")
def send_again() -> ResponseReturnValue:
    """Send a new code."""
    entry = Entry.typed()
    entry.values.pop("code", None)
    with entry.catching():
        pending = guests.resend(gateway().means, entry["request_id"])
        return _code(Entry({"lanjut": entry["lanjut"]}), pending.request_id, pending.sent_to)
    return _code(entry, entry["request_id"], entry["sent_to"])


@pages.post("/lapor/tamu/keluar")
@reporter_required
def leave() -> Response:
    """End the guest's session; somebody else may use this phone or computer."""
    if g.person.kind == "guest":
        sessions.end(gateway().means, g.person)
        return end_session(redirect("/?ok=keluar", 303))
    return redirect(_WHERE, 303)


def _code(entry: Entry, request_id: str, sent_to: str) -> Response:
    return make_response(
        page(
            "entry/code.html", entry, request_id=request_id, sent_to=sent_to, action="/lapor/tamu/kode",
            steps=[_("Nomor telepon"), _("Kode telepon"), _("Isi laporan")], with_password=False, carried={"lanjut": entry["lanjut"]},
        )
    )  # fmt: skip
