"""Apply for a new water connection with a letter that singo issued, and follow it until water flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1 import new_connections_pb2
from malang.twuin.v1.new_connections_pb2 import (
    ApplyRequest,
    DocumentUpload,
    GetDocumentRequest,
    GetNewConnectionRequest,
    ListMyNewConnectionsRequest,
    ListProofsRequest,
    NewConnection,
    NewConnectionPage,
    Proof,
    ReplaceProofRequest,
    WithdrawNewConnectionRequest,
)
from malang.twuin.v1.tariffs_pb2 import ListTariffsRequest

from gateway.edge import citizen_required, gateway, idempotent, uploads
from gateway.identity import profile
from gateway.kept_pictures import Picture
from gateway.web import chosen, waterworks
from gateway.web import map as city_map
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _, named
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.files import as_download

pages = Blueprint("new_connections", __name__)
_LOA = 2  # NIK matched and phone proved
DOCUMENTS = ("house", "sketch")
_KEPT = {kind: f"tersimpan-{kind}" for kind in DOCUMENTS}  # fields with the ids of documents that came before
_FORM = ("letter_id", "address", "rt", "rw", "kelurahan", "tariff_group", "lat", "lon", *_KEPT.values())


@pages.get("/sambungan-baru")
@citizen_required
def listing() -> ResponseReturnValue:
    """Show the person's applications."""
    found, failure = tried(lambda: services().new_connections.ListMine(ListMyNewConnectionsRequest(page_token=page_token())))
    found = found or NewConnectionPage()
    return page(
        "water/new_list.html", applications=found.applications, next_token=found.next_page_token, failure=failure, works=waterworks
    )


def _proofs() -> Sequence[Proof]:
    return services().new_connections.ListProofs(ListProofsRequest()).proofs


@pages.get("/sambungan-baru/ajukan")
@citizen_required
def new() -> ResponseReturnValue:
    """Ask which letter proves the home; then show the form with what is known of the person filled in."""
    entry = Entry.asked()
    if g.person.loa < _LOA:
        return page("water/new_loa.html")
    if "surat" in request.args and not entry["surat"]:
        entry.reject("surat", _("Pilih surat domisili."))
    if entry["surat"] and not entry.wrong:
        return _form(_filled(entry["surat"]))
    return page("water/new_proof.html", entry, proofs=_proofs(), works=waterworks)


def _filled(letter_id: str) -> Entry:
    who = profile.details(gateway().means, g.person.id).profile
    return Entry({"letter_id": letter_id, "address": who.address, "rt": who.rt, "rw": who.rw, "kelurahan": who.kelurahan})


def _groups() -> tuple[list[tuple[str, str]], str]:
    """Return the tariff groups to choose from, or why there are none."""
    tariffs, failure = tried(lambda: services().tariffs.List(ListTariffsRequest()))
    return [(each.group, f"{each.group} · {named(each)}") for each in tariffs.tariffs] if tariffs else [], failure


def _form(entry: Entry) -> ResponseReturnValue:
    groups, failure = _groups()
    kept = [(name, entry.values.get(name, "")) for name in _KEPT.values()]
    return page("water/new_form.html", entry, groups=groups, kelurahan_choices=city_map.choices(), failure=failure, kept=kept)


@pages.post("/sambungan-baru/ajukan")
@citizen_required
def go_on() -> ResponseReturnValue:
    """Take the form: set or remove the pin, show what is missing, or show everything once more."""
    entry = _typed()
    if request.form.get("lanjut") == "tanpa-pin":
        entry.values.update(lat="", lon="")
        return _form(entry)
    if clicked(entry) or request.form.get("lanjut") == "ubah":
        return _form(entry)
    _check(entry)
    return _form(entry) if entry.wrong else _review(entry)


def _typed() -> Entry:
    entry = Entry.typed()
    for name in _FORM:
        entry.values.setdefault(name, "")
    return entry


def clicked(entry: Entry) -> bool:
    """Move the pin to where the picture was clicked; without scripts a click posts the form."""
    try:
        x, y = float(request.form["peta.x"]), float(request.form["peta.y"])
    except (KeyError, ValueError):
        return False
    if (x, y) == (0, 0):
        return False  # the form was sent by the Enter key
    latitude, longitude = city_map.position(x, y, *city_map.PICTURE)
    if city_map.nearest(latitude, longitude) is None:
        entry.values.setdefault("peta", "")
        entry.reject("peta", _("Letak itu di luar Kota Malang."))
    else:
        entry.values.update(lat=str(latitude), lon=str(longitude))
    return True


def _check(entry: Entry) -> None:
    needed = {
        "address": _("Tulis jalan dan nomor rumah."), "rt": _("Tulis nomor RT."), "rw": _("Tulis nomor RW."),
        "kelurahan": _("Pilih kelurahan."), "tariff_group": _("Pilih golongan tarif."),
    }  # fmt: skip
    for name, sentence in needed.items():
        if not entry[name]:
            entry.reject(name, sentence)
    if not entry["letter_id"]:
        entry.general, entry.status = _("Pilih surat domisili dahulu."), 422


def _review(entry: Entry) -> ResponseReturnValue:
    proofs, _failure = tried(_proofs)
    groups, _failure = _groups()
    pictures = _kept(entry)
    entry.values.update({name: pictures[kind].id if kind in pictures else "" for kind, name in _KEPT.items()})
    return page(
        "water/new_review.html", entry, proof=next((each for each in proofs or () if each.letter_id == entry["letter_id"]), None),
        kept=[(name, entry.values[name]) for name in _FORM], pin=city_map.pin(entry["lat"], entry["lon"]), works=waterworks,
        place=city_map.names().get(entry["kelurahan"], entry["kelurahan"]), documents=DOCUMENTS, pictures=pictures,
        tariff=dict(groups).get(entry["tariff_group"], entry["tariff_group"]),
    )  # fmt: skip


@pages.get("/sambungan-baru/kirim")
@citizen_required
def after_language() -> ResponseReturnValue:
    """Lead back to the form: a page that was posted is asked for again when the language is switched."""
    return redirect("/sambungan-baru/ajukan", 303)


@pages.post("/sambungan-baru/kirim")
@citizen_required
@uploads
def submit() -> ResponseReturnValue:
    """Apply, with the person's name and phone; what is refused is shown where it belongs, and no document is chosen twice."""
    if request.form.get("lanjut", "").startswith("lepas:"):
        return _let_go(request.form["lanjut"].removeprefix("lepas:"))
    return _applied()


def _let_go(kind: str) -> ResponseReturnValue:
    """Show everything once more without one of the documents; one that was chosen just now stays."""
    entry = _typed()
    _keep(entry, _fresh())
    chosen.forget([entry.values.pop(_KEPT.get(kind, ""), "")])
    return _review(entry)


@idempotent
def _applied() -> ResponseReturnValue:
    entry = _typed()
    for name in (*DOCUMENTS, "benar"):
        entry.values.setdefault(name, "")
    fresh = _fresh()
    if not entry["benar"]:
        entry.reject("benar", _("Nyatakan dahulu bahwa isian ini benar."))
        _keep(entry, fresh)
        return _review(entry)
    sent = _documents(entry, fresh)
    at = city_map.pin(entry["lat"], entry["lon"])
    asked = ApplyRequest(
        letter_id=entry["letter_id"], address=entry["address"], rt=entry["rt"], rw=entry["rw"], kelurahan=entry["kelurahan"],
        latitude=float(entry["lat"]) if at else 0, longitude=float(entry["lon"]) if at else 0, tariff_group=entry["tariff_group"],
        documents=sent, applicant=profile.connection_applicant(gateway().means, g.person.id),
    )  # fmt: skip
    names = {f"documents.{at}{part}": each.kind for at, each in enumerate(sent) for part in ("", ".content", ".file_name", ".kind")}
    with entry.catching(missing=True, names=names | {"latitude": "peta", "longitude": "peta"}):
        made = services().new_connections.Apply(asked, timeout=10)
        chosen.forget([entry[name] for name in _KEPT.values()])
        return redirect(f"/sambungan-baru/{made.application_id}?ok=terkirim", 303)
    refused = entry.errors.keys() & set(DOCUMENTS)
    entry.values.update({_KEPT[kind]: "" for kind in refused})
    _keep(entry, {kind: file for kind, file in fresh.items() if kind not in refused})
    return _review(entry) if refused else _form(entry)


def _fresh() -> dict[str, tuple[str, bytes]]:
    """Return the documents that came with this request: name and content by kind."""
    given = {kind: file for kind in DOCUMENTS if (file := request.files.get(kind))}
    read = {kind: (chosen.plain(file.filename or kind), file.read()) for kind, file in given.items()}
    return {kind: (name, content) for kind, (name, content) in read.items() if content}


def _kept(entry: Entry) -> dict[str, Picture]:
    """Return the documents that came before and are still kept, by kind."""
    found = {each.id: each for each in chosen.kept([entry[name] for name in _KEPT.values() if entry[name]])}
    return {kind: found[entry[name]] for kind, name in _KEPT.items() if entry[name] in found}


def _keep(entry: Entry, fresh: Mapping[str, tuple[str, bytes]]) -> None:
    """Keep the documents that came now, each in the place of one that came before."""
    for kind, file in fresh.items():
        entry.values[_KEPT[kind]] = next((each.id for each in chosen.keep([file])), "")


def _documents(entry: Entry, fresh: Mapping[str, tuple[str, bytes]]) -> list[DocumentUpload]:
    files = {kind: (each.name, each.content) for kind, each in _kept(entry).items()} | dict(fresh)
    return [DocumentUpload(kind=kind, file_name=files[kind][0], content=files[kind][1]) for kind in DOCUMENTS if kind in files]


@pages.get("/sambungan-baru/foto/<picture_id>")
@citizen_required
def picture(picture_id: str) -> Response:
    """Show a document that waits with its form."""
    return chosen.shown(picture_id)


def _get(application_id: object) -> NewConnection:
    return services().new_connections.Get(GetNewConnectionRequest(application_id=str(application_id)))


@pages.get("/sambungan-baru/<uuid:application_id>")
@citizen_required
def detail(application_id: object) -> ResponseReturnValue:
    """Show where an application stands, who has it and until when."""
    return _detail(_get(application_id), Entry())


def _detail(application: NewConnection, entry: Entry) -> ResponseReturnValue:
    replaceable = application.state in {
        new_connections_pb2.NEW_CONNECTION_STATE_APPLIED, new_connections_pb2.NEW_CONNECTION_STATE_HELD,
    }  # fmt: skip
    proofs = [each for each in (tried(_proofs)[0] or ()) if each.usable] if replaceable else []
    proofs = [each for each in proofs if each.letter_id != application.letter_id]
    return page(
        "water/new_detail.html", entry, application=application, works=waterworks, proofs=proofs, ahead=_ahead(application),
        can_withdraw=application.state in _BEFORE_PAYMENT,
    )  # fmt: skip


_BEFORE_PAYMENT = (
    new_connections_pb2.NEW_CONNECTION_STATE_APPLIED,
    new_connections_pb2.NEW_CONNECTION_STATE_SURVEY,
    new_connections_pb2.NEW_CONNECTION_STATE_PAYMENT,
)


def _ahead(application: NewConnection) -> list[str]:
    """Return the steps that are still to come."""
    p = new_connections_pb2
    steps = [
        (p.NEW_CONNECTION_STATE_APPLIED, _("Berkas diperiksa layanan pelanggan")),
        (p.NEW_CONNECTION_STATE_SURVEY, _("Rumah disurvei regu lapangan")),
        (p.NEW_CONNECTION_STATE_PAYMENT, _("Anda membayar biaya")),
        (p.NEW_CONNECTION_STATE_INSTALLATION, _("Regu memasang meter")),
        (p.NEW_CONNECTION_STATE_HELD, _("Sambungan aktif")),
    ]
    return [text for state, text in steps if application.state <= state]


@pages.get("/sambungan-baru/<uuid:application_id>/dokumen/<document_id>")
@citizen_required
def document(application_id: object, document_id: str) -> Response:
    """Hand back a document."""
    asked = GetDocumentRequest(application_id=str(application_id), document_id=document_id)
    found = services().new_connections.GetDocument(asked, timeout=10)
    return as_download(found.content, found.document.file_name, found.document.media_type)


@pages.get("/sambungan-baru/<uuid:application_id>/<any(batal,surat):_step>")
@citizen_required
def after_language_of(application_id: object, _step: str) -> ResponseReturnValue:
    """Lead back to the application: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/sambungan-baru/{application_id}", 303)


@pages.post("/sambungan-baru/<uuid:application_id>/batal")
@citizen_required
@idempotent
def withdraw(application_id: object) -> ResponseReturnValue:
    """Withdraw an application; nothing was paid yet."""
    entry = Entry.typed()
    with entry.catching(names={"reason": "alasan"}):
        asked = WithdrawNewConnectionRequest(application_id=str(application_id), reason=entry["alasan"])
        services().new_connections.Withdraw(asked)
        return redirect(f"/sambungan-baru/{application_id}?ok=batal", 303)
    return _detail(_get(application_id), entry)


@pages.post("/sambungan-baru/<uuid:application_id>/surat")
@citizen_required
@idempotent
def replace_proof(application_id: object) -> ResponseReturnValue:
    """Give another letter where the first no longer holds."""
    entry = Entry.typed()
    entry.values.setdefault("surat", "")
    if not entry["surat"]:
        entry.reject("surat", _("Pilih surat domisili."))
    else:
        with entry.catching(names={"letter_id": "surat"}):
            services().new_connections.ReplaceProof(
                ReplaceProofRequest(application_id=str(application_id), letter_id=entry["surat"])
            )
            return redirect(f"/sambungan-baru/{application_id}?ok=surat", 303)
    return _detail(_get(application_id), entry)
