"""Apply for a letter: a form that is saved as one types, documents, a last look, and then the way to the signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, g, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.applications_pb2 import (
    APPLICATION_STATE_APPROVED,
    APPLICATION_STATE_DRAFT,
    APPLICATION_STATE_REFUSED,
    APPLICATION_STATE_RETURNED,
    APPLICATION_STATE_SIGNING,
    APPLICATION_STATE_SUBMITTED,
    AddAttachmentRequest,
    Application,
    ApplicationPage,
    Attachment,
    DiscardDraftRequest,
    GetAttachmentRequest,
    GetRequest,
    ListMineRequest,
    RemoveAttachmentRequest,
    SaveDraftRequest,
    SubmitRequest,
    WithdrawRequest,
)
from malang.singo.v1.charter_pb2 import GetKindRequest, Kind

from gateway.edge import citizen_required, gateway, idempotent, uploads
from gateway.identity import profile
from gateway.web import formats, forms
from gateway.web.account import described
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.files import as_download

pages = Blueprint("applications", __name__)
_LOA = 2  # NIK matched and phone proved
_OPEN = {APPLICATION_STATE_DRAFT, APPLICATION_STATE_RETURNED}


@pages.get("/permohonan")
@citizen_required
def listing() -> ResponseReturnValue:
    """Show the person's applications."""
    found, failure = tried(lambda: services().applications.ListMine(ListMineRequest(page_token=page_token())))
    found = found or ApplicationPage()
    return page("letters/list.html", applications=found.applications, next_token=found.next_page_token, failure=failure)


def _kind(code: str) -> Kind:
    return services().charter.GetKind(GetKindRequest(code=code))


def _get(application_id: str) -> Application:
    return services().applications.Get(GetRequest(application_id=application_id))


def _form(kind: Kind, entry: Entry, application: Application | None) -> ResponseReturnValue:
    action = f"/permohonan/{application.application_id}/ubah" if application else f"/permohonan/baru/{kind.code}"
    return page(
        "letters/form.html", entry, kind=kind, application=application, widgets=forms.widgets(forms.schema_of(kind.form_schema)),
        action=action, reasons=_reasons(application) if application else "",
    )  # fmt: skip


@pages.get("/permohonan/baru/<code>")
@citizen_required
def new(code: str) -> ResponseReturnValue:
    """Show an empty form; the draft begins with the first save."""
    kind = _kind(code)
    if g.person.loa < _LOA:
        return page("letters/loa.html", kind=kind)
    return _form(kind, Entry(), None)


@pages.post("/permohonan/baru/<code>")
@citizen_required
@idempotent
def begin(code: str) -> ResponseReturnValue:
    """Begin a draft."""
    return _save(_kind(code), None, "", 0)


@pages.get("/permohonan/<application_id>/ubah")
@citizen_required
def edit(application_id: str) -> ResponseReturnValue:
    """Show one of the three steps of a draft or of a correction."""
    application = _get(application_id)
    if application.state not in _OPEN:
        return redirect(f"/permohonan/{application_id}", 303)
    step = request.args.get("langkah", "isian")
    if step == "dokumen":
        return _documents(application, Entry())
    if step == "periksa":
        return _review(application, Entry())
    return _form(_kind(application.kind), Entry(forms.spread(application.fields)), application)


@pages.post("/permohonan/<application_id>/ubah")
@citizen_required
def save(application_id: str) -> ResponseReturnValue:
    """Save what was typed."""
    application = _get(application_id)
    version = request.form.get("version", "0")
    return _save(_kind(application.kind), application, application_id, int(version) if version.isdecimal() else 0)


def _save(kind: Kind, application: Application | None, application_id: str, version: int) -> ResponseReturnValue:
    entry, by_itself = Entry.typed(), request.form.get("lanjut") == "otomatis"
    fields = orjson.dumps(forms.collect(forms.schema_of(kind.form_schema), request.form)).decode()
    asked = SaveDraftRequest(application_id=application_id, kind=kind.code, fields=fields, version=version)
    with entry.catching():
        saved = services().applications.SaveDraft(asked)
        return _saved_by_itself(saved) if by_itself else _saved(saved)
    if by_itself:
        return jsonify(error=entry.general), entry.status
    return _form(kind, entry, application)


def _saved_by_itself(saved: Application) -> Response:
    text = _("Tersimpan %(when)s") % {"when": formats.instant(saved.updated_at)}
    return jsonify(version=saved.version, action=f"/permohonan/{saved.application_id}/ubah", text=text)


def _saved(saved: Application) -> ResponseReturnValue:
    where = "?langkah=dokumen" if request.form.get("lanjut") == "dokumen" else "?ok=tersimpan"
    return redirect(f"/permohonan/{saved.application_id}/ubah{where}", 303)


def _by_requirement(application: Application) -> dict[str, list[Attachment]]:
    found: dict[str, list[Attachment]] = {}
    for each in application.attachments:
        found.setdefault(each.requirement, []).append(each)
    return found


def _documents(application: Application, entry: Entry) -> ResponseReturnValue:
    return page(
        "letters/documents.html",
        entry,
        kind=_kind(application.kind),
        application=application,
        attachments=_by_requirement(application),
    )


def _review(application: Application, entry: Entry) -> ResponseReturnValue:
    kind = _kind(application.kind)
    return page(
        "letters/review.html", entry, kind=kind, application=application, attachments=_by_requirement(application),
        answers=forms.answers(forms.schema_of(kind.form_schema), application.fields),
        profile=described(profile.details(gateway().means, g.person.id)),
    )  # fmt: skip


@pages.post("/permohonan/<application_id>/lampiran")
@citizen_required
@uploads
@idempotent
def attach(application_id: str) -> ResponseReturnValue:
    """Attach a document."""
    requirement = request.form.get("requirement", "")
    entry, file = Entry({requirement: ""}), request.files.get("berkas")
    content = file.read() if file else b""
    if not content:
        entry.reject(requirement, _("Pilih berkas dahulu."))
    else:
        asked = AddAttachmentRequest(
            application_id=application_id, requirement=requirement, file_name=(file.filename if file else "") or "", content=content
        )
        with entry.catching(names=dict.fromkeys(("content", "file_name", "requirement"), requirement)):
            services().applications.AddAttachment(asked, timeout=10)
            return redirect(f"/permohonan/{application_id}/ubah?langkah=dokumen&ok=terlampir", 303)
    return _documents(_get(application_id), entry)


@pages.get("/permohonan/<application_id>/lampiran/<attachment_id>")
@citizen_required
def attachment(application_id: str, attachment_id: str) -> Response:
    """Hand back a document."""
    found = services().applications.GetAttachment(GetAttachmentRequest(application_id=application_id, attachment_id=attachment_id))
    return as_download(found.content, found.attachment.file_name, found.attachment.media_type)


@pages.post("/permohonan/<application_id>/lampiran/<attachment_id>/hapus")
@citizen_required
def detach(application_id: str, attachment_id: str) -> ResponseReturnValue:
    """Remove a document."""
    services().applications.RemoveAttachment(RemoveAttachmentRequest(application_id=application_id, attachment_id=attachment_id))
    return redirect(f"/permohonan/{application_id}/ubah?langkah=dokumen&ok=lepas", 303)


@pages.post("/permohonan/<application_id>/kirim")
@citizen_required
@idempotent
def submit(application_id: str) -> ResponseReturnValue:
    """Submit, with the person's data as the registry has it; what is refused is shown at its field."""
    application, entry = _get(application_id), Entry.typed()
    if not entry["benar"]:
        entry.reject("benar", _("Nyatakan dahulu bahwa isian dan dokumen benar."))
        return _review(application, entry)
    kind = _kind(application.kind)
    entry = _all_fields(kind, application)
    asked = SubmitRequest(application_id=application_id, applicant=profile.applicant(gateway().means, g.person.id))
    with entry.catching():
        services().applications.Submit(asked)
        return redirect(f"/permohonan/{application_id}?ok=terkirim", 303)
    fields = {widget.name for widget in forms.widgets(forms.schema_of(kind.form_schema))}
    return _refused(kind, application, entry, fields)


def _all_fields(kind: Kind, application: Application) -> Entry:
    names = [widget.name for widget in forms.widgets(forms.schema_of(kind.form_schema))]
    documents = {each.code: "" for each in kind.requirements}
    return Entry({**dict.fromkeys(names, ""), **documents, **forms.spread(application.fields)})


def _refused(kind: Kind, application: Application, entry: Entry, fields: set[str]) -> ResponseReturnValue:
    if fields & entry.errors.keys():
        missing = [text for name, text in entry.errors.items() if name not in fields]
        entry.errors = {name: text for name, text in entry.errors.items() if name in fields}
        entry.general = " ".join([entry.general, *missing]).strip()
        return _form(kind, entry, application)
    return _documents(application, entry) if entry.errors else _review(application, entry)


@pages.post("/permohonan/<application_id>/hapus")
@citizen_required
def discard(application_id: str) -> ResponseReturnValue:
    """Discard a draft."""
    services().applications.DiscardDraft(DiscardDraftRequest(application_id=application_id))
    return redirect("/permohonan?ok=terhapus", 303)


@pages.post("/permohonan/<application_id>/batal")
@citizen_required
@idempotent
def withdraw(application_id: str) -> ResponseReturnValue:
    """Withdraw an application."""
    entry = Entry.typed()
    with entry.catching(names={"reason": "alasan"}):
        services().applications.Withdraw(WithdrawRequest(application_id=application_id, reason=entry["alasan"]))
        return redirect(f"/permohonan/{application_id}?ok=batal", 303)
    return _detail(_get(application_id), entry)


@pages.get("/permohonan/<application_id>")
@citizen_required
def detail(application_id: str) -> ResponseReturnValue:
    """Show where an application stands."""
    return _detail(_get(application_id), Entry())


def _detail(application: Application, entry: Entry) -> ResponseReturnValue:
    kind, _failure = tried(lambda: _kind(application.kind))
    schema: Mapping[str, Any] = forms.schema_of(kind.form_schema) if kind else {}
    return page(
        "letters/detail.html", entry, application=application, answers=forms.answers(schema, application.fields),
        requirement_names=_requirement_names(kind), ahead=_ahead(application), reasons=_reasons(application),
    )  # fmt: skip


def _requirement_names(kind: Kind | None) -> dict[str, str]:
    from gateway.web.catalog import pick

    return {each.code: pick(each.name) for each in kind.requirements} if kind else {}


def _ahead(application: Application) -> list[str]:
    """Return the steps that are still to come."""
    check, sign = _("Diperiksa petugas kelurahan"), _("Ditandatangani lurah")
    return {
        APPLICATION_STATE_SUBMITTED: [check, sign],
        APPLICATION_STATE_RETURNED: [_("Perbaikan dari Anda"), check, sign],
        APPLICATION_STATE_APPROVED: [sign],
        APPLICATION_STATE_SIGNING: [_("Surat terbit")],
    }.get(application.state, [])


def _reasons(application: Application) -> str:
    """Return why an application was returned or refused, as its last such step says."""
    wanted = {APPLICATION_STATE_RETURNED: "returned", APPLICATION_STATE_REFUSED: "refused"}.get(application.state)
    return next((each.note for each in reversed(application.timeline) if each.event == wanted), "")
