"""A forgotten password; a phone that was lost or changed."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from gateway.edge import gateway, limited, public
from gateway.edge.context import address
from gateway.identity import recovery
from gateway.web import formats
from gateway.web.catalog import _
from gateway.web.chrome import page
from gateway.web.entries import Entry

pages = Blueprint("recovery", __name__)


@pages.get("/lupa-sandi")
@public
def password_form() -> ResponseReturnValue:
    """Ask whose password was forgotten."""
    return page("entry/forgot.html")


@pages.post("/lupa-sandi")
@public
@limited("recovery")
def password() -> ResponseReturnValue:
    """Send a code, if there is such an account; the answer is the same."""
    entry = Entry.typed()
    if not entry["identifier"]:
        entry.reject("identifier", _("Ketik NIK atau nomor telepon."))
    else:
        with entry.catching():
            pending = recovery.begin_password(gateway().means, entry["identifier"], address=address())
            return _password_code(Entry(), pending.request_id)
    return page("entry/forgot.html", entry)


@pages.post("/lupa-sandi/kode")
@public
@limited("recovery")
def password_code() -> ResponseReturnValue:
    """Set a new password when the code is right."""
    entry = Entry.typed()
    with entry.catching():
        recovery.finish_password(gateway().means, entry["request_id"], entry["code"], entry.values.get("password", ""))
        return page(
            "entry/done.html", title=_("Kata sandi sudah diganti"), subtitle=_("Semua tempat lain sudah dikeluarkan"), steps=(),
            text=_("Masuk dengan kata sandi yang baru."), url="/masuk", action=_("Masuk"),
        )  # fmt: skip
    return _password_code(entry, entry["request_id"])


@pages.post("/lupa-sandi/kode/ulang")
@public
@limited("recovery")
def password_again() -> ResponseReturnValue:
    """Send a new code."""
    entry = Entry.typed()
    with entry.catching():
        recovery.resend_password(gateway().means, entry["request_id"])
    return _password_code(entry, entry["request_id"])


def _password_code(entry: Entry, request_id: str) -> ResponseReturnValue:
    return page(
        "entry/code.html", entry, request_id=request_id, sent_to="", action="/lupa-sandi/kode", steps=(), with_password=True
    )


@pages.get("/nomor-hilang")
@public
def phone_form() -> ResponseReturnValue:
    """Ask for what proves the person, and for the new number."""
    return page("entry/phone.html")


@pages.post("/nomor-hilang")
@public
@limited("recovery")
def phone() -> ResponseReturnValue:
    """Send a code to the new number."""
    entry = Entry.typed()
    with entry.catching():
        pending = recovery.begin_phone(
            gateway().means, nik=entry["nik"], kk=entry["kk"], birth_date=entry["birth_date"], new_phone=entry["new_phone"],
            address=address(),
        )  # fmt: skip
        return _phone_code(Entry(), pending.request_id, pending.sent_to)
    return page("entry/phone.html", entry)


@pages.post("/nomor-hilang/kode")
@public
@limited("recovery")
def phone_code() -> ResponseReturnValue:
    """Accept the new number when the code is right; it counts after the waiting time."""
    entry = Entry.typed()
    with entry.catching():
        waiting = recovery.confirm_phone(gateway().means, entry["request_id"], entry["code"])
        return page(
            "entry/done.html", title=_("Nomor baru terbukti"), subtitle=waiting.phone, steps=(), url="/", action=_("Ke halaman depan"),
            text=_("Nomor ini berlaku mulai %(when)s. Nomor lama diberi tahu.") % {"when": formats.instant(waiting.effective_at)},
        )  # fmt: skip
    return _phone_code(entry, entry["request_id"], entry["sent_to"])


@pages.post("/nomor-hilang/kode/ulang")
@public
@limited("recovery")
def phone_again() -> ResponseReturnValue:
    """Send a new code."""
    entry = Entry.typed()
    with entry.catching():
        recovery.resend_phone(gateway().means, entry["request_id"])
    return _phone_code(entry, entry["request_id"], entry["sent_to"])


def _phone_code(entry: Entry, request_id: str, sent_to: str) -> ResponseReturnValue:
    return page(
        "entry/code.html", entry, request_id=request_id, sent_to=sent_to, action="/nomor-hilang/kode", steps=(), with_password=False
    )


@pages.get("/nomor-hilang/batal/<token>")
@public
def cancel_form(token: str) -> ResponseReturnValue:
    """Ask whether the change of number shall be stopped; a link alone stops nothing, as scanners follow links."""
    del token
    return page("entry/cancel_phone.html")


@pages.post("/nomor-hilang/batal/<token>")
@public
@limited("recovery")
def cancel(token: str) -> ResponseReturnValue:
    """Stop the change of number."""
    entry = Entry()
    with entry.catching(missing=True):
        recovery.cancel_phone(gateway().means, token)
        return page(
            "entry/done.html", title=_("Penggantian nomor dibatalkan"), subtitle=_("Nomor Anda tidak berubah"), steps=(),
            text=_("Bila bukan Anda yang meminta, ganti juga kata sandi Anda."), url="/masuk", action=_("Masuk"),
        )  # fmt: skip
    return page("entry/cancel_phone.html", entry)
