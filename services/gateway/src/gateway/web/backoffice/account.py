"""The own account of a member of staff: password, recovery codes, sessions."""

from __future__ import annotations

from flask import Blueprint, g, redirect
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from gateway.edge import end_session, gateway, limited, staff_required
from gateway.edge.context import address
from gateway.identity import sessions, staff_signin
from gateway.web.backoffice.shell import page
from gateway.web.entries import Entry

pages = Blueprint("office_account", __name__)


@pages.get("/kantor/akun")
@staff_required()
def account() -> ResponseReturnValue:
    """Show password, recovery codes and sessions."""
    return _account(Entry())


@pages.get("/kantor/akun/<any('sandi','kode-pemulihan'):_step>")
@staff_required()
def after_language(_step: str) -> ResponseReturnValue:
    """Lead back to the account: a page that was posted is asked for again when the language is switched."""
    return redirect("/kantor/akun", 303)


def _account(entry: Entry) -> ResponseReturnValue:
    return page("account.html", entry, sessions=sessions.open_sessions(gateway().means, g.person))


@pages.post("/kantor/akun/sandi")
@staff_required()
@limited("change_password")
def change_password() -> ResponseReturnValue:
    """Change the own password."""
    entry = Entry.typed()
    with entry.catching():
        staff_signin.change_password(
            gateway().means, g.person, entry.values.get("password", ""), entry.values.get("new_password", ""), address=address()
        )
        return redirect("/kantor/akun?ok=sandi", 303)
    return _account(entry)


@pages.post("/kantor/akun/kode-pemulihan")
@staff_required()
@limited("sign_in")
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes, shown this once; the old ones no longer count."""
    entry = Entry.typed()
    with entry.catching():
        codes = staff_signin.renew_recovery_codes(gateway().means, g.person, entry["code"], address=address())
        return page("recovery_codes.html", codes=codes, next_url="/kantor/akun", setup=False)
    return _account(entry)


@pages.post("/kantor/akun/sesi/<uuid:session_id>/akhiri")
@staff_required()
def end_one(session_id: object) -> ResponseReturnValue:
    """End one of the own sessions."""
    sessions.end(gateway().means, g.person, str(session_id))
    return redirect("/kantor/akun?ok=sesi", 303)


@pages.post("/kantor/akun/keluar-semua")
@staff_required()
def end_all() -> Response:
    """End all of the own sessions, this one too."""
    sessions.end_everywhere(gateway().means, g.person)
    return end_session(redirect("/kantor/masuk", 303))
