"""The desk for new connections: what waits, one file opened for a purpose, passed or refused with a reason."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1 import new_connections_pb2
from malang.twuin.v1.new_connections_pb2 import (
    CheckNewConnectionRequest,
    NewConnectionPage,
    NewConnectionQueueRequest,
    NewConnectionState,
    OpenDocumentRequest,
    OpenNewConnectionRequest,
    RefuseNewConnectionRequest,
)

from gateway.edge import idempotent, staff_required
from gateway.web import waterworks
from gateway.web.backoffice import shell
from gateway.web.backoffice.applications import as_shown
from gateway.web.backoffice.shell import INTAKE, page
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _, translate_many
from gateway.web.entries import Entry
from gateway.web.files import as_download

pages = Blueprint("office_new_connections", __name__)
PURPOSES = ("check", "customer_service", "complaint", "other")
REFUSALS = ("documents", "arrears", "other")
_STATES: dict[str, NewConnectionState.ValueType] = {
    "diperiksa": new_connections_pb2.NEW_CONNECTION_STATE_APPLIED,
    "survei": new_connections_pb2.NEW_CONNECTION_STATE_SURVEY,
    "bayar": new_connections_pb2.NEW_CONNECTION_STATE_PAYMENT,
    "pasang": new_connections_pb2.NEW_CONNECTION_STATE_INSTALLATION,
    "tertahan": new_connections_pb2.NEW_CONNECTION_STATE_HELD,
    "aktif": new_connections_pb2.NEW_CONNECTION_STATE_ACTIVE,
    "ditolak": new_connections_pb2.NEW_CONNECTION_STATE_REFUSED,
    "berakhir": new_connections_pb2.NEW_CONNECTION_STATE_LAPSED,
}
_REFUSABLE = (
    new_connections_pb2.NEW_CONNECTION_STATE_APPLIED,
    new_connections_pb2.NEW_CONNECTION_STATE_SURVEY,
    new_connections_pb2.NEW_CONNECTION_STATE_PAYMENT,
    new_connections_pb2.NEW_CONNECTION_STATE_INSTALLATION,
)
_QUEUE = "/kantor/sambungan-baru"


@pages.get(_QUEUE)
@staff_required(*INTAKE)
def queue() -> ResponseReturnValue:
    """Show what waits for customer service, or what the filters ask for."""
    entry, state = Entry.asked(), _STATES.get(request.args.get("keadaan", ""))
    wanted = NewConnectionQueueRequest(states=[state] if state else [], number=entry["cari"].upper(), page_token=page_token())
    found, failure = None, ""
    with entry.catching(names={"number": "cari"}):
        found, failure = tried(lambda: services().new_connections.Queue(wanted))
    found = found or NewConnectionPage()
    return page(
        "new_connections.html", entry, applications=found.applications, total=found.total, more=shell.further(found.next_page_token),
        failure=failure, works=waterworks, states=[(code, waterworks.application(value).text) for code, value in _STATES.items()],
    )  # fmt: skip


@pages.get(f"{_QUEUE}/<uuid:application_id>")
@staff_required(*INTAKE)
def detail(application_id: object) -> ResponseReturnValue:
    """Ask for the purpose, then open the file."""
    entry = Entry.asked()
    if shell.purpose():
        return _file(application_id, entry)
    if "buka" in request.args:
        entry.reject("tujuan", _("Pilih tujuan membuka data ini."))
    return page(
        "purpose.html", entry, action=request.path, purposes=PURPOSES, tone="twuin", back=_QUEUE, back_name=translate_many("Sambungan baru", "Sambungan baru", 2),
        title=_("Buka permohonan sambungan"),
    )  # fmt: skip


def _file(application_id: object, entry: Entry) -> ResponseReturnValue:
    """Open a file; the service notes who looked and why."""
    asked = OpenNewConnectionRequest(application_id=str(application_id), purpose=shell.purpose())
    opened = services().new_connections.Open(asked)
    decide = g.person.has("water_cs") and opened.application.state == new_connections_pb2.NEW_CONNECTION_STATE_APPLIED
    return page(
        "new_connection.html", entry, opened=opened, application=opened.application, works=waterworks, purpose=shell.purpose(), decide=decide,
        can_refuse=g.person.has("water_cs") and opened.application.state in _REFUSABLE,
        refusals=[(code, waterworks.reason(code)) for code in REFUSALS],
    )  # fmt: skip


@pages.get(f"{_QUEUE}/<uuid:application_id>/dokumen/<document_id>")
@staff_required(*INTAKE)
def document(application_id: object, document_id: str) -> ResponseReturnValue:
    """Hand out a document; the service notes who looked and why."""
    if not shell.purpose():
        return redirect(f"{_QUEUE}/{application_id}", 303)
    asked = OpenDocumentRequest(application_id=str(application_id), document_id=document_id, purpose=shell.purpose())
    found = services().new_connections.OpenDocument(asked, timeout=10)
    response: Response = as_download(found.content, found.document.file_name, found.document.media_type)
    return as_shown(response, found.document.media_type) if request.args.get("lihat") else response


@pages.get(f"{_QUEUE}/<uuid:application_id>/<any(periksa,tolak):_step>")
@staff_required("water_cs")
def after_language(application_id: object, _step: str) -> ResponseReturnValue:
    """Lead back to the file: a page that was posted is asked for again when the language is switched."""
    return redirect(f"{_QUEUE}/{application_id}", 303)


def _again(application_id: object, entry: Entry) -> ResponseReturnValue:
    """Show the file again with what was typed; without a purpose nothing of the person is shown."""
    return _file(application_id, entry) if shell.purpose() else redirect(f"{_QUEUE}/{application_id}", 303)


def _back(application_id: object, done: str) -> ResponseReturnValue:
    purpose = f"tujuan={shell.purpose()}&" if shell.purpose() else ""
    return redirect(f"{_QUEUE}/{application_id}?{purpose}ok={done}", 303)


@pages.post(f"{_QUEUE}/<uuid:application_id>/periksa")
@staff_required("water_cs")
@idempotent
def check(application_id: object) -> ResponseReturnValue:
    """Pass the documents: a crew surveys next."""
    entry = Entry.typed()
    with entry.catching(names={"note": "catatan"}):
        asked = CheckNewConnectionRequest(application_id=str(application_id), note=entry["catatan"])
        passed = services().new_connections.Check(asked).state == new_connections_pb2.NEW_CONNECTION_STATE_SURVEY
        return _back(application_id, "berkas" if passed else "tunggakan")
    return _again(application_id, entry)


@pages.post(f"{_QUEUE}/<uuid:application_id>/tolak")
@staff_required("water_cs")
@idempotent
def refuse(application_id: object) -> ResponseReturnValue:
    """End an application with a reason that the applicant reads."""
    entry = Entry.typed()
    for name in ("sebab", "alasan", "yakin"):
        entry.values.setdefault(name, "")
    if entry["sebab"] not in REFUSALS:
        entry.reject("sebab", _("Pilih sebab penolakan."))
    if not entry["alasan"]:
        entry.reject("alasan", _("Tulis alasan penolakan; pemohon membacanya."))
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa permohonan ini memang ditolak."))
    if not entry.wrong:
        asked = RefuseNewConnectionRequest(application_id=str(application_id), reason=entry["sebab"], text=entry["alasan"])
        with entry.catching(names={"reason": "sebab", "text": "alasan"}):
            services().new_connections.Refuse(asked)
            return _back(application_id, "tolak")
    return _again(application_id, entry)
