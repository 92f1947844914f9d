"""The queue of the kelurahan's desk, and one application with its applicant, opened for a purpose."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.applications_pb2 import (
    APPLICATION_STATE_APPROVED,
    APPLICATION_STATE_RETURNED,
    APPLICATION_STATE_SIGNED,
    APPLICATION_STATE_SIGNING,
    APPLICATION_STATE_SUBMITTED,
    ApplicantSnapshot,
    Application,
    ApplicationPage,
    ApplicationState,
    OpenAttachmentRequest,
    OpenRequest,
    QueueRequest,
)
from malang.singo.v1.charter_pb2 import GetKindRequest, Kind

from gateway.edge import gateway, staff_required
from gateway.identity import staff
from gateway.web import formats, forms
from gateway.web import map as city_map
from gateway.web.backoffice import shell
from gateway.web.backoffice.shell import DESK, page
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _, pick
from gateway.web.entries import Entry
from gateway.web.files import as_download

pages = Blueprint("office_applications", __name__)
PURPOSES = ("check", "sign", "complaint", "other")
REASONS, MOST_REASONS = 3, 20
_STATES: dict[str, list[ApplicationState.ValueType]] = {
    "diperiksa": [APPLICATION_STATE_SUBMITTED],
    "tanda-tangan": [APPLICATION_STATE_APPROVED, APPLICATION_STATE_SIGNING],
    "diperbaiki": [APPLICATION_STATE_RETURNED],
    "selesai": [APPLICATION_STATE_SIGNED],
}


@pages.get("/kantor/permohonan")
@staff_required(*DESK)
def queue() -> ResponseReturnValue:
    """Show what waits in the person's area, the first due first."""
    entry, asked = Entry.asked(), request.args
    states = _STATES.get(asked.get("keadaan", ""), [])
    wanted = QueueRequest(states=states, mine=asked.get("milik") == "saya", reference=entry["cari"], page_token=page_token())
    found, failure = tried(lambda: services().applications.Queue(wanted))
    found = found or ApplicationPage()
    return page(
        "queue.html", entry, applications=found.applications, total=found.total, more=shell.further(found.next_page_token), failure=failure,
        names=_names(found), mine=wanted.mine, state=asked.get("keadaan", ""),
        here=request.full_path.rstrip("?"),
    )  # fmt: skip


def _names(found: ApplicationPage) -> dict[str, str]:
    """Return who has claimed what, by staff id."""
    if not any(each.claimed_by for each in found.applications):
        return {}
    return {each.id: each.name for each in staff.list_staff(gateway().means)}


@pages.get("/kantor/permohonan/<application_id>")
@staff_required(*DESK)
def detail(application_id: str) -> ResponseReturnValue:
    """Ask for the purpose, then open the application."""
    entry = Entry.asked()
    if shell.purpose():
        return file(application_id, entry)
    if "buka" in request.args:
        entry.reject("tujuan", _("Pilih tujuan membuka data ini."))
    return page(
        "purpose.html",
        entry,
        action=request.path,
        purposes=PURPOSES,
        tone="singo",
        back="/kantor/permohonan",
        title=_("Buka permohonan"),
    )


@dataclass(frozen=True, slots=True)
class Actions:
    """What the present person may do with an application now."""

    claim: bool
    release: bool
    decide: bool  # return or refuse
    approve: bool
    sign: bool


def file(application_id: str, entry: Entry, *, template: str = "application.html") -> ResponseReturnValue:
    """Open an application; the service notes who looked and why."""
    opened = services().applications.Open(OpenRequest(application_id=application_id, purpose=shell.purpose()))
    one = opened.application
    kind, _failure = tried(lambda: services().charter.GetKind(GetKindRequest(code=one.kind)))
    kind = kind or Kind()
    return page(
        template, entry, application=one, applicant=_described(opened.applicant), kind=kind, actions=_actions(one),
        answers=forms.answers(forms.schema_of(kind.form_schema), one.fields), documents=_documents(one, kind), purpose=shell.purpose(),
        claimed_by=_holder(one), subjects=_subjects(kind), rows=_reason_rows(),
    )  # fmt: skip


def _actions(one: Application) -> Actions:
    who, state, holder = g.person, one.state, one.claimed_by
    desk = {APPLICATION_STATE_SUBMITTED: "officer", APPLICATION_STATE_APPROVED: "lurah", APPLICATION_STATE_SIGNING: "lurah"}.get(
        state
    )
    allowed = desk is not None and who.has(desk) and holder in {"", who.id}
    open_ = allowed and state != APPLICATION_STATE_SIGNING
    return Actions(
        claim=open_ and not holder, release=open_ and holder == who.id, decide=open_,
        approve=open_ and state == APPLICATION_STATE_SUBMITTED, sign=allowed and state != APPLICATION_STATE_SUBMITTED,
    )  # fmt: skip


def _holder(one: Application) -> str:
    """Return the name of who works on it, for colleagues."""
    if not one.claimed_by:
        return ""
    if one.claimed_by == g.person.id:
        return _("Anda")
    return next(
        (each.name for each in staff.list_staff(gateway().means, ended=True) if each.id == one.claimed_by), _("Petugas lain")
    )


def _described(who: ApplicantSnapshot) -> list[tuple[str, str]]:
    sex = {"L": _("Laki-laki"), "P": _("Perempuan")}.get(who.sex, who.sex)
    return [
        (_("Nama"), who.name),
        ("NIK", who.nik),
        (_("Nomor Kartu Keluarga"), who.kk),
        (_("Tempat, tanggal lahir"), f"{who.birth_place}, {formats.day(who.birth_date)}"),
        (_("Jenis kelamin"), sex),
        (_("Alamat"), f"{who.address}, RT {who.rt} RW {who.rw}"),
        (_("Kelurahan"), city_map.names().get(who.kelurahan, who.kelurahan)),
        (_("Agama"), who.religion),
        (_("Pekerjaan"), who.occupation),
        (_("Status perkawinan"), who.marital_status),
        (_("Kewarganegaraan"), who.nationality),
    ]


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that the charter asks for, and what was attached."""

    name: str
    required: bool
    files: list[object]


def _documents(one: Application, kind: Kind) -> list[Document]:
    known = [
        Document(pick(each.name), each.required, [file for file in one.attachments if file.requirement == each.code])
        for each in kind.requirements
    ]
    codes = {each.code for each in kind.requirements}
    return [*known, *(Document(file.requirement, False, [file]) for file in one.attachments if file.requirement not in codes)]


def _subjects(kind: Kind) -> list[tuple[str, str]]:
    """Return what a reason can be about."""
    fields = [(each.name, each.label) for each in forms.widgets(forms.schema_of(kind.form_schema))]
    return [*fields, *((each.code, pick(each.name)) for each in kind.requirements)]


def _reason_rows() -> int:
    """Return how many rows of reasons the form has: three, and one more for each use of its button."""
    asked = request.form.get("baris", "")
    rows = int(asked) if asked.isdecimal() and len(asked) < 3 else REASONS  # noqa: PLR2004 - digits
    return min(max(rows + (request.form.get("lanjut") == "baris"), REASONS), MOST_REASONS)


@pages.get("/kantor/permohonan/<application_id>/lampiran/<attachment_id>")
@staff_required(*DESK)
def attachment(application_id: str, attachment_id: str) -> ResponseReturnValue:
    """Hand out a document; the service notes who looked and why."""
    if not shell.purpose():
        return redirect(f"/kantor/permohonan/{application_id}", 303)
    found = services().applications.OpenAttachment(
        OpenAttachmentRequest(application_id=application_id, attachment_id=attachment_id, purpose=shell.purpose()), timeout=10
    )
    response = as_download(found.content, found.attachment.file_name, found.attachment.media_type)
    return as_shown(response, found.attachment.media_type) if request.args.get("lihat") else response


_VIEWED = {"image/jpeg", "image/png", "image/webp", "application/pdf"}


def as_shown(response: Response, media_type: str) -> Response:
    """Let the browser show a picture or PDF; it runs nothing of it. Other files stay downloads."""
    if media_type not in _VIEWED:
        return response
    response.headers["Content-Disposition"] = response.headers["Content-Disposition"].replace("attachment", "inline", 1)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
