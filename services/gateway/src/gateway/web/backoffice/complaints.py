"""The desk of reports: what waits in the area, one report opened for a purpose, answer, resolve, refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.complaints_pb2 import (
    COMPLAINT_STATE_ANSWERED,
    COMPLAINT_STATE_ASSIGNED,
    COMPLAINT_STATE_FILED,
    COMPLAINT_STATE_REFUSED,
    COMPLAINT_STATE_REOPENED,
    COMPLAINT_STATE_RESOLVED,
    COMPLAINT_STATE_WITHDRAWN,
    AnswerComplaintRequest,
    AssignComplaintRequest,
    Complaint,
    ComplaintPage,
    ComplaintQueueRequest,
    ComplaintState,
    ListCategoriesRequest,
    OpenComplaintRequest,
    OpenPhotoRequest,
    RefuseComplaintRequest,
    ResolveComplaintRequest,
)

from gateway.edge import gateway, idempotent, staff_required
from gateway.identity import staff
from gateway.web.backoffice import shell
from gateway.web.backoffice.shell import DESK, page
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _, pick
from gateway.web.complaints import OPEN, spots_of
from gateway.web.entries import Entry
from gateway.web.files import shown_picture

pages = Blueprint("office_complaints", __name__)
PURPOSES = ("complaint", "other")
_STATES: dict[str, list[ComplaintState.ValueType]] = {
    "menunggu": [COMPLAINT_STATE_FILED, COMPLAINT_STATE_REOPENED],
    "ditangani": [COMPLAINT_STATE_ASSIGNED, COMPLAINT_STATE_ANSWERED],
    "selesai": [COMPLAINT_STATE_RESOLVED],
    "ditolak": [COMPLAINT_STATE_REFUSED, COMPLAINT_STATE_WITHDRAWN],
}


@pages.get("/kantor/laporan")
@staff_required(*DESK)
def queue() -> ResponseReturnValue:
    """Show the reports of the person's area, those that are late first."""
    entry, asked = Entry.asked(), request.args
    wanted = ComplaintQueueRequest(
        states=_STATES.get(asked.get("keadaan", ""), []), mine=asked.get("milik") == "saya", category=entry["kategori"],
        number=entry["cari"], water=asked.get("air") == "ya", page_token=page_token(),
    )  # fmt: skip
    found, failure = tried(lambda: services().complaints.Queue(wanted))
    found = found or ComplaintPage()
    listed, _away = tried(lambda: services().complaints.ListCategories(ListCategoriesRequest())) if not failure else (None, "")
    return page(
        "complaints.html", entry, complaints=found.complaints, total=found.total, more=shell.further(found.next_page_token),
        failure=failure, names=_names(found), open_states=OPEN, here=request.full_path.rstrip("?"),
        categories=[(each.code, pick(each.name)) for each in listed.categories] if listed else [],
    )  # fmt: skip


def _names(found: ComplaintPage) -> dict[str, str]:
    if not any(each.assigned_to for each in found.complaints):
        return {}
    return {each.id: each.name for each in staff.list_staff(gateway().means)}


@pages.get("/kantor/laporan/<complaint_id>")
@staff_required(*DESK)
def detail(complaint_id: str) -> ResponseReturnValue:
    """Ask for the purpose, then open the report."""
    entry = Entry.asked()
    if shell.purpose():
        return file(complaint_id, entry)
    if "buka" in request.args:
        entry.reject("tujuan", _("Pilih tujuan membuka data ini."))
    return page(
        "purpose.html", entry, action=request.path, purposes=PURPOSES, tone="singo", back="/kantor/laporan", back_name=_("Laporan"),
        title=_("Buka laporan"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actions:
    """What the present person may do with a report now."""

    take: bool
    work: bool  # answer, resolve, refuse


def _actions(one: Complaint) -> Actions:
    workable = one.state in OPEN and not one.water
    holds = one.assigned_to == g.person.id
    return Actions(take=workable and not holds and (not one.assigned_to or g.person.has("lurah")), work=workable and holds)


def file(complaint_id: str, entry: Entry) -> ResponseReturnValue:
    """Open a report; the service notes who looked and why."""
    one = services().complaints.Open(OpenComplaintRequest(complaint_id=complaint_id, purpose=shell.purpose()))
    return page(
        "complaint.html", entry, complaint=one, actions=_actions(one), purpose=shell.purpose(), spots=spots_of(one),
        open_now=one.state in OPEN, holder=_holder(one),
    )  # fmt: skip


def _holder(one: Complaint) -> str:
    """Return the name of who works on it, for colleagues."""
    if not one.assigned_to:
        return ""
    if one.assigned_to == g.person.id:
        return _("Anda")
    known = staff.list_staff(gateway().means, ended=True)
    return next((each.name for each in known if each.id == one.assigned_to), _("Petugas lain"))


@pages.get("/kantor/laporan/<complaint_id>/foto/<photo_id>")
@staff_required(*DESK)
def photo(complaint_id: str, photo_id: str) -> ResponseReturnValue:
    """Show a photo; the service notes who looked and why."""
    if not shell.purpose():
        return redirect(f"/kantor/laporan/{complaint_id}", 303)
    wanted = OpenPhotoRequest(complaint_id=complaint_id, photo_id=photo_id, purpose=shell.purpose())
    return _as_page(shown_picture(services().complaints.OpenPhoto(wanted, timeout=10).content))


def _as_page(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
    return response


@pages.get("/kantor/laporan/<complaint_id>/<any(ambil,jawab,selesai,tolak):_step>")
@staff_required(*DESK)
def after_language(complaint_id: str, _step: str) -> ResponseReturnValue:
    """Lead back to the report: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/kantor/laporan/{complaint_id}", 303)


@pages.post("/kantor/laporan/<complaint_id>/ambil")
@staff_required(*DESK)
def take(complaint_id: str) -> ResponseReturnValue:
    """Take a report out of the queue."""
    services().complaints.Assign(AssignComplaintRequest(complaint_id=complaint_id))
    return _back(complaint_id, "ambil-laporan")


def _back(complaint_id: str, done: str) -> ResponseReturnValue:
    purpose = f"tujuan={shell.purpose()}&" if shell.purpose() else ""
    return redirect(f"/kantor/laporan/{complaint_id}?{purpose}ok={done}", 303)


def _done(complaint_id: str, entry: Entry, change: Callable[[], object], field: str, done: str) -> ResponseReturnValue:
    entry.values.setdefault(field, "")
    if not entry.wrong:
        with entry.catching(names={"text": field, "reason": field}):
            change()
            return _back(complaint_id, done)
        entry.naming({"jawaban": _("Jawaban"), "hasil": _("Apa yang sudah dikerjakan"), "alasan": _("Alasan penolakan")})
    if shell.purpose():
        return file(complaint_id, entry)
    return redirect(f"/kantor/laporan/{complaint_id}", 303)


@pages.post("/kantor/laporan/<complaint_id>/jawab")
@staff_required(*DESK)
@idempotent
def answer(complaint_id: str) -> ResponseReturnValue:
    """Answer; the reporter reads it, and the work goes on."""
    entry = Entry.typed()
    wanted = AnswerComplaintRequest(complaint_id=complaint_id, text=entry["jawaban"])
    return _done(complaint_id, entry, lambda: services().complaints.Answer(wanted), "jawaban", "jawab")


@pages.post("/kantor/laporan/<complaint_id>/selesai")
@staff_required(*DESK)
@idempotent
def resolve(complaint_id: str) -> ResponseReturnValue:
    """Say what was done; the reporter may reopen it."""
    entry = Entry.typed()
    wanted = ResolveComplaintRequest(complaint_id=complaint_id, text=entry["hasil"])
    return _done(complaint_id, entry, lambda: services().complaints.Resolve(wanted), "hasil", "laporan-selesai")


@pages.post("/kantor/laporan/<complaint_id>/tolak")
@staff_required(*DESK)
@idempotent
def refuse(complaint_id: str) -> ResponseReturnValue:
    """End a report with a reason."""
    entry = Entry.typed()
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa laporan ini memang ditolak."))
    wanted = RefuseComplaintRequest(complaint_id=complaint_id, reason=entry["alasan"])
    return _done(complaint_id, entry, lambda: services().complaints.Refuse(wanted), "alasan", "tolak-laporan")
