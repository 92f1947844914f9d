"""What the desk does with an application: take it, give it back, return, approve, refuse, sign."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.applications_pb2 import (
    ApproveRequest,
    ClaimRequest,
    RefuseRequest,
    ReleaseRequest,
    ReturnReason,
    ReturnRequest,
    SignRequest,
)

from gateway.edge import idempotent, staff_required
from gateway.web.backoffice import shell
from gateway.web.backoffice.applications import MOST_REASONS, REASONS, file
from gateway.web.backoffice.shell import DESK
from gateway.web.calls import services
from gateway.web.catalog import _
from gateway.web.entries import Entry
from gateway.web.site import inside

pages = Blueprint("office_decisions", __name__)
_SIGNING = 14.0  # seconds: the letter is made, signed and stored while the person waits


def _back(application_id: str, done: str) -> ResponseReturnValue:
    purpose = f"tujuan={shell.purpose()}&" if shell.purpose() else ""
    return redirect(f"/kantor/permohonan/{application_id}?{purpose}ok={done}", 303)


@pages.get("/kantor/permohonan/<application_id>/<any(ambil,lepas,kembalikan,setujui,tolak):_step>")
@staff_required(*DESK)
def after_language(application_id: str, _step: str) -> ResponseReturnValue:
    """Lead back to the application: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/kantor/permohonan/{application_id}", 303)


def _again(application_id: str, entry: Entry) -> ResponseReturnValue:
    """Show the file again with what was typed; without a purpose nothing of the person is shown."""
    if shell.purpose():
        return file(application_id, entry)
    return redirect(f"/kantor/permohonan/{application_id}", 303)


@pages.post("/kantor/permohonan/<application_id>/ambil")
@staff_required(*DESK)
def claim(application_id: str) -> ResponseReturnValue:
    """Take an application out of the queue."""
    services().applications.Claim(ClaimRequest(application_id=application_id))
    return _listed(application_id, "ambil")


@pages.post("/kantor/permohonan/<application_id>/lepas")
@staff_required(*DESK)
def release(application_id: str) -> ResponseReturnValue:
    """Give an application back to the queue."""
    services().applications.Release(ReleaseRequest(application_id=application_id))
    return _listed(application_id, "lepas")


def _listed(application_id: str, done: str) -> ResponseReturnValue:
    """Go back to where the button was: the list, or the file."""
    if where := request.form.get("kembali", ""):
        where = inside(where, "/kantor/permohonan")
        return redirect(f"{where}{'&' if '?' in where else '?'}ok={done}", 303)
    return _back(application_id, done)


@pages.post("/kantor/permohonan/<application_id>/kembalikan")
@staff_required(*DESK)
@idempotent
def give_back(application_id: str) -> ResponseReturnValue:
    """Return an application to the citizen with reasons; another button asks for more rows."""
    entry = Entry.typed()
    if request.form.get("lanjut") == "baris":
        return _again(application_id, entry)
    places = [row for row in range(1, MOST_REASONS + 1) if entry[f"alasan-{row}"]]
    if not places:
        entry.reject("alasan-1", _("Tulis paling sedikit satu alasan."))
        return _again(application_id, entry)
    reasons = [ReturnReason(field=entry[f"bidang-{row}"], text=entry[f"alasan-{row}"]) for row in places]
    names = {f"reasons.{at}.text": f"alasan-{row}" for at, row in enumerate(places)}
    names |= {f"reasons.{at}.field": f"bidang-{row}" for at, row in enumerate(places)}
    with entry.catching(names=names):
        services().applications.Return(ReturnRequest(application_id=application_id, reasons=reasons))
        return _back(application_id, "kembali")
    return _again(application_id, entry)


@pages.post("/kantor/permohonan/<application_id>/setujui")
@staff_required(*DESK)
@idempotent
def approve(application_id: str) -> ResponseReturnValue:
    """Pass the officer's step."""
    entry = Entry.typed()
    with entry.catching(names={"note": "catatan"}):
        services().applications.Approve(ApproveRequest(application_id=application_id, note=entry["catatan"]))
        return _back(application_id, "setuju")
    return _again(application_id, entry)


@pages.post("/kantor/permohonan/<application_id>/tolak")
@staff_required(*DESK)
@idempotent
def refuse(application_id: str) -> ResponseReturnValue:
    """End an application with a reason."""
    entry = Entry.typed()
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa permohonan ini memang ditolak."))
    if not entry["alasan"]:
        entry.reject("alasan", _("Tulis alasan penolakan; pemohon membacanya."))
    if not entry.wrong:
        with entry.catching(names={"reason": "alasan"}):
            services().applications.Refuse(RefuseRequest(application_id=application_id, reason=entry["alasan"]))
            return _back(application_id, "tolak")
    return _again(application_id, entry)


@pages.get("/kantor/permohonan/<application_id>/tandatangan")
@staff_required("lurah")
def confirm_signature(application_id: str) -> ResponseReturnValue:
    """Show what will be certified before it is signed."""
    if not shell.purpose():
        return redirect(f"/kantor/permohonan/{application_id}", 303)
    return file(application_id, Entry(), template="sign.html")


@pages.post("/kantor/permohonan/<application_id>/tandatangan")
@staff_required("lurah")
def sign(application_id: str) -> ResponseReturnValue:
    """Sign; asking again goes on where it ended, so no key is needed."""
    entry = Entry.typed()
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa Anda menandatangani surat ini."))
    else:
        with entry.catching():
            services().applications.Sign(SignRequest(application_id=application_id), timeout=_SIGNING)
            return _back(application_id, "tanda-tangan")
    return file(application_id, entry, template="sign.html") if shell.purpose() else _again(application_id, entry)


__all__ = ["REASONS", "pages"]
