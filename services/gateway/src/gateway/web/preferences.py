"""Where a person is told of what happens, beside the inbox; and the e-mail address, proved by a code."""

from __future__ import annotations

from flask import Blueprint, g, redirect
from flask.typing import ResponseReturnValue

from gateway import inbox
from gateway.edge import citizen_required, gateway, limited
from gateway.edge.context import address
from gateway.identity import contacts, profile
from gateway.identity.challenges import masked_phone
from gateway.web.catalog import _
from gateway.web.chrome import page
from gateway.web.entries import Entry

pages = Blueprint("preferences", __name__)


@pages.get("/data-saya/pemberitahuan")
@citizen_required
def form() -> ResponseReturnValue:
    """Show the choices."""
    with gateway().db.transaction(readonly=True) as session:
        return _form(Entry(inbox.choices(session, g.person.id)))


def _form(entry: Entry) -> ResponseReturnValue:
    own = gateway()
    phone = masked_phone(profile.details(own.means, g.person.id).phone)
    with own.db.transaction(readonly=True) as session:
        email = contacts.masked_email(contacts.proved_email(session, own.vault, g.person.id))
    channels = [
        ("none", _("Kotak masuk saja"), ""),
        ("sms", _("Kotak masuk dan SMS"), phone),
        *([("email", _("Kotak masuk dan surel"), email)] if email else []),
    ]
    matters = [
        ("errands", _("Urusan: surat, laporan, akun")),
        ("bills", _("Tagihan dan pembayaran")),
        ("water", _("Air: sambungan dan sambungan baru")),
    ]
    return page("account/preferences.html", entry, channels=channels, matters=matters, email=email)


@pages.post("/data-saya/pemberitahuan")
@citizen_required
def keep() -> ResponseReturnValue:
    """Keep the choices."""
    entry, own = Entry.typed(), gateway()
    with entry.catching():
        wanted = {str(about): entry[about] for about in inbox.ABOUT if entry[about]}
        with own.db.transaction() as session:
            inbox.choose(session, own.vault, g.person.id, wanted)
        return redirect("/data-saya/pemberitahuan?ok=pilihan", 303)
    return _form(entry)


@pages.post("/data-saya/surel")
@citizen_required
@limited("code")
def send_code() -> ResponseReturnValue:
    """Send a code to an e-mail address."""
    entry = Entry.typed()
    with entry.catching():
        pending = contacts.begin_email(gateway().means, g.person.id, entry["email"], address=address())
        return _code(Entry(), pending.request_id, pending.sent_to)
    with gateway().db.transaction(readonly=True) as session:
        entry.values |= inbox.choices(session, g.person.id)
    return _form(entry)


@pages.get("/data-saya/surel")
@pages.get("/data-saya/surel/kode")
@citizen_required
def after_language() -> ResponseReturnValue:
    """Lead back to the choices: a page that was posted is asked for again when the language is switched."""
    return redirect("/data-saya/pemberitahuan", 303)


@pages.post("/data-saya/surel/kode")
@citizen_required
@limited("code")
def prove() -> ResponseReturnValue:
    """Keep the address when the code is right."""
    entry = Entry.typed()
    with entry.catching(names={"code": "code"}):
        contacts.confirm_email(gateway().means, g.person.id, entry["request_id"], entry["code"], address=address())
        return redirect("/data-saya/pemberitahuan?ok=surel", 303)
    return _code(entry, entry["request_id"], entry["sent_to"])


def _code(entry: Entry, request_id: str, sent_to: str) -> ResponseReturnValue:
    entry.values |= {"request_id": request_id, "sent_to": sent_to}
    return page("account/email_code.html", entry, request_id=request_id, sent_to=sent_to)


@pages.post("/data-saya/surel/hapus")
@citizen_required
def forget() -> ResponseReturnValue:
    """Forget the address, and choose nothing in its place."""
    own = gateway()
    contacts.forget_email(own.means, g.person.id)
    with own.db.transaction() as session:
        inbox.without_email(session, g.person.id)
    return redirect("/data-saya/pemberitahuan?ok=surel-hapus", 303)
