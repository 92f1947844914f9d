"""A month's readings as a file: looked at line by line first, then imported."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.metering_pb2 import (
    GetReadingsPreviewRequest,
    ImportReadingsRequest,
    LineError,
    PreviewReadingsRequest,
    ReadingsPreview,
)

from gateway.edge import idempotent, staff_required, uploads
from gateway.web.backoffice.shell import INTAKE, page
from gateway.web.calls import services
from gateway.web.catalog import _, pick
from gateway.web.entries import Entry
from gateway.web.files import as_download

pages = Blueprint("office_uploads", __name__)
_LARGEST = 10 * 1024 * 1024  # bytes
_SLOW = 14.0  # seconds
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"  # by which spreadsheets know UTF-8


@pages.get("/kantor/air/unggah")
@staff_required(*INTAKE)
def form() -> ResponseReturnValue:
    """Ask for the file."""
    return page("upload.html")


@pages.get("/kantor/air/unggah/contoh.csv")
@staff_required(*INTAKE)
def example() -> Response:
    """Hand out an empty file with the right heading."""
    heading = "nomor_sambungan,periode,angka_meter,tanggal_baca,taksiran\r\n"
    return as_download((_BOM + heading).encode(), "contoh-bacaan-meter.csv", "text/csv")


@pages.post("/kantor/air/unggah")
@staff_required(*INTAKE)
@uploads
@idempotent
def look() -> ResponseReturnValue:
    """Have every line of the file checked; nothing is imported yet."""
    entry, given = Entry({"berkas": ""}), request.files.get("berkas")
    content = given.read() if given else b""
    if not content:
        entry.reject("berkas", _("Pilih berkas CSV dahulu."))
    elif len(content) > _LARGEST:
        entry.reject("berkas", _("Berkas paling besar 10 MB."))
    else:
        asked = PreviewReadingsRequest(file_name=(given.filename if given else "") or "bacaan.csv", content=content)
        with entry.catching(names=dict.fromkeys(("content", "file_name", "file"), "berkas")):
            preview = services().metering.PreviewReadings(asked, timeout=_SLOW)
            return redirect(f"/kantor/air/unggah/{preview.preview_id}", 303)
    return page("upload.html", entry)


def _get(preview_id: object) -> ReadingsPreview:
    return services().metering.GetReadingsPreview(GetReadingsPreviewRequest(preview_id=str(preview_id)))


@pages.get("/kantor/air/unggah/<uuid:preview_id>")
@staff_required(*INTAKE)
def preview(preview_id: object) -> ResponseReturnValue:
    """Show what the file holds and what is wrong with it."""
    return page("upload_preview.html", preview=_get(preview_id))


@pages.get("/kantor/air/unggah/<uuid:preview_id>/impor")
@staff_required(*INTAKE)
def after_language(preview_id: object) -> ResponseReturnValue:
    """Lead back to the preview: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/kantor/air/unggah/{preview_id}", 303)


@pages.get("/kantor/air/unggah/<uuid:preview_id>/kesalahan.csv")
@staff_required(*INTAKE)
def errors(preview_id: object) -> Response:
    """Hand out the lines that cannot be imported; no cell is taken for a formula by a spreadsheet."""
    out = io.StringIO()
    csv.writer(out).writerows(_rows(_get(preview_id).errors))
    return as_download((_BOM + out.getvalue()).encode(), "kesalahan-bacaan.csv", "text/csv")


def _rows(found: Iterable[LineError]) -> Iterator[list[str]]:
    yield [_("baris"), _("kolom"), _("isi"), _("kesalahan")]
    for each in found:
        yield [str(each.line), each.field, harmless(each.value), pick(each)]


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


@pages.post("/kantor/air/unggah/<uuid:preview_id>/impor")
@staff_required(*INTAKE)
@idempotent
def load(preview_id: object) -> ResponseReturnValue:
    """Import the good lines, all or none."""
    entry = Entry.typed()
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa bacaan ini diimpor."))
    else:
        with entry.catching():
            services().metering.ImportReadings(ImportReadingsRequest(preview_id=str(preview_id)), timeout=_SLOW)
            return redirect(f"/kantor/air/unggah/{preview_id}?ok=impor", 303)
    return page("upload_preview.html", entry, preview=_get(preview_id))
