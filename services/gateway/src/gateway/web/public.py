"""Pages for everybody: home, the charter, the tariff calculator, verification of letters, help."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from malang.singo.v1.charter_pb2 import GetKindRequest, ListKindsRequest
from malang.singo.v1.letters_pb2 import DownloadByCodeRequest, Verification, VerifyRequest, VerifyUploadRequest
from malang.twuin.v1.tariffs_pb2 import CalculateRequest, ListTariffsRequest, ListTariffsResponse

from gateway.edge import limited, public, uploads
from gateway.web.calls import digits, services, tried
from gateway.web.catalog import _, named
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.files import as_download

pages = Blueprint("public", __name__)


@pages.get("/")
@public
def home() -> ResponseReturnValue:
    """Show what the two agencies offer."""
    listed, failure = tried(lambda: services().charter.ListKinds(ListKindsRequest()))
    return page("home.html", kinds=list(listed.kinds) if listed else [], failure=failure)


@pages.get("/layanan")
@public
def kinds() -> ResponseReturnValue:
    """Show all kinds of service."""
    listed, failure = tried(lambda: services().charter.ListKinds(ListKindsRequest()))
    return page("public/services.html", kinds=list(listed.kinds) if listed else [], failure=failure)


@pages.get("/layanan/<code>")
@public
def kind(code: str) -> ResponseReturnValue:
    """Show what one kind of service asks for and promises."""
    return page("public/service.html", kind=services().charter.GetKind(GetKindRequest(code=code)))


@pages.get("/tarif")
@public
def tariff() -> ResponseReturnValue:
    """Show tariffs, and what a volume costs."""
    entry = Entry.asked()
    listed, failure = tried(lambda: services().tariffs.List(ListTariffsRequest()))
    tariffs = (listed or ListTariffsResponse()).tariffs
    result, volume = None, None
    if entry["golongan"] or entry["volume"]:
        volume = digits(entry["volume"])
        if not entry["golongan"]:
            entry.reject("golongan", _("Pilih golongan tarif."))
        if volume is None:
            entry.reject("volume", _("Tulis pemakaian sebagai bilangan bulat, misalnya 18."))
        if not entry.wrong and volume is not None:
            with entry.catching(missing=True, names={"group": "golongan"}):
                result = services().tariffs.Calculate(CalculateRequest(group=entry["golongan"], volume=volume))
    return page(
        "public/tariff.html", entry, tariffs=tariffs, failure=failure, groups=[(each.group, f"{each.group} · {named(each)}") for each in tariffs],
        result=result, volume=volume, lines=result.lines if result else (), total=result.total if result else 0,
    )  # fmt: skip


@pages.get("/v")
@public
def verify_code() -> ResponseReturnValue:
    """Ask for the code of a letter."""
    entry = Entry.asked()
    if "kode" in request.args:
        if entry["kode"]:
            return redirect(url_for("public.verify", code="".join(entry["kode"].upper().split())))
        entry.reject("kode", _("Ketik kode surat."))
    return page("public/verify_code.html", entry)


@pages.get("/v/<code>")
@public
@limited("verify")
def verify(code: str) -> ResponseReturnValue:
    """Show what the code on a letter stands for."""
    entry = Entry({"kode": code})
    letter: Verification | None = None
    with entry.catching(missing=True, names={"code": "kode"}):
        letter = services().letters.Verify(VerifyRequest(code=code))
    if letter is None:
        if entry.status == 404:  # noqa: PLR2004 - the HTTP status of what is not found
            entry.general = ""
            entry.errors["kode"] = _(
                "Tidak ada surat dengan kode ini. Periksa ketikannya; bila sudah benar, surat itu bukan dari kami."
            )
        return page("public/verify_code.html", entry)
    return page("public/verify.html", entry, letter=letter, code=code, upload=None)


@pages.post("/v/<code>")
@public
@uploads
@limited("verify")
def compare(code: str) -> ResponseReturnValue:
    """Compare an uploaded file with the letter that was signed."""
    entry, upload = Entry({"berkas": ""}), None
    letter = services().letters.Verify(VerifyRequest(code=code))
    content = request.files["berkas"].read() if "berkas" in request.files else b""
    if not content:
        entry.reject("berkas", _("Pilih berkas PDF dahulu."))
    else:
        with entry.catching(names={"content": "berkas"}):
            upload = services().letters.VerifyUpload(VerifyUploadRequest(code=code, content=content), timeout=15)
    return page("public/verify.html", entry, letter=letter, code=code, upload=upload)


@pages.get("/v/<code>/unduh")
@public
def download(code: str) -> Response:
    """Hand out the signed original."""
    letter = services().letters.DownloadByCode(DownloadByCodeRequest(code=code))
    return as_download(letter.content, letter.file_name, "application/pdf")


@pages.get("/bantuan")
@public
def help_page() -> ResponseReturnValue:
    """Answer common questions."""
    return page("public/help.html")


@pages.get("/privasi")
@public
def privacy() -> ResponseReturnValue:
    """Say what is kept and why."""
    return page("public/privacy.html")


@pages.get("/aksesibilitas")
@public
def accessibility() -> ResponseReturnValue:
    """Say how accessible the site is."""
    return page("public/accessibility.html")
