"""The register of letters that the kelurahan issued; the lurah takes one back with a reason that everybody reads."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.letters_pb2 import Letter, LetterPage, LetterRegisterRequest, RevokeLetterRequest

from gateway.edge import idempotent, staff_required
from gateway.web.backoffice import shell
from gateway.web.backoffice.shell import DESK, page
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _
from gateway.web.entries import Entry

pages = Blueprint("office_register", __name__)


@pages.get("/kantor/surat")
@staff_required(*DESK)
def register() -> ResponseReturnValue:
    """Show the letters of the person's area, the newest first, or those that a number, code or reference finds."""
    entry, failure, found = Entry.asked(), "", LetterPage()
    with entry.catching(names={"number": "cari"}):
        wanted = LetterRegisterRequest(number=entry["cari"], page_token=page_token())
        answer, failure = tried(lambda: services().letters.Register(wanted))
        found = answer or found
    return page(
        "letters.html", entry, letters=found.letters, more=shell.further(found.next_page_token), failure=failure, here=request.path
    )


def _letter(code: str) -> Letter:
    found = services().letters.Register(LetterRegisterRequest(number=code)).letters
    one = next((each for each in found if each.code == code), None)
    if one is None:
        abort(404)
    return one


@pages.get("/kantor/surat/<code>/cabut")
@staff_required("lurah")
def ask(code: str) -> ResponseReturnValue:
    """Show which letter would be taken back, and what that does."""
    return page("letter_revoke.html", letter=_letter(code))


@pages.post("/kantor/surat/<code>/cabut")
@staff_required("lurah")
@idempotent
def revoke(code: str) -> ResponseReturnValue:
    """Take a letter back."""
    letter, entry = _letter(code), Entry.typed()
    entry.values.setdefault("alasan", "")
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa surat ini memang dicabut."))
    else:
        with entry.catching(names={"reason": "alasan"}):
            services().letters.Revoke(RevokeLetterRequest(letter_id=letter.letter_id, reason=entry["alasan"]))
            return redirect(f"/kantor/surat?cari={code}&ok=cabut-surat", 303)
    return page("letter_revoke.html", entry, letter=letter)
