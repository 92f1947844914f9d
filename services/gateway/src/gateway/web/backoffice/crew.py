"""The crew's phone: what there is to do, and each step of it, with or without scripts and positions."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from chassis.rpc import Failure
from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.work_orders_pb2 import (
    WORK_KIND_INSTALL,
    WORK_KIND_SURVEY,
    AcceptWorkOrderRequest,
    AddWorkPhotoRequest,
    ArriveWorkOrderRequest,
    CompleteWorkOrderRequest,
    GetWorkOrderRequest,
    GetWorkPhotoRequest,
    InstallResult,
    ListCrewsRequest,
    ListMyWorkOrdersRequest,
    Material,
    SetMaterialsRequest,
    SurveyResult,
    WorkOrder,
    WorkOrderPage,
)

from gateway.edge import idempotent, staff_required, uploads
from gateway.web import map as city_map
from gateway.web import waterworks
from gateway.web.backoffice import shell
from gateway.web.backoffice.shell import page
from gateway.web.calls import digits, page_token, services, tried
from gateway.web.catalog import _
from gateway.web.entries import Entry
from gateway.web.files import shown_picture
from gateway.web.new_connections import clicked

pages = Blueprint("office_crew", __name__)
MOST_PIECES = 999  # of one material in one order
_STEPS = "any(terima,tiba,foto,bahan,periksa,ubah,selesai)"


@pages.get("/kantor/regu")
@staff_required("crew")
def listing() -> ResponseReturnValue:
    """Show the crew's orders, the first due first; or those that are done."""
    done = request.args.get("selesai") == "ya"
    wanted = ListMyWorkOrdersRequest(completed=done, page_token=page_token())
    found, failure = tried(lambda: services().work_orders.ListMine(wanted))
    found = found or WorkOrderPage()
    return page(
        "work_mine.html", orders=found.work_orders, total=found.total, more=shell.further(found.next_page_token), failure=failure,
        works=waterworks, done=done,
    )  # fmt: skip


def _get(work_order_id: object) -> WorkOrder:
    return services().work_orders.Get(GetWorkOrderRequest(work_order_id=str(work_order_id)))


@pages.get("/kantor/regu/<uuid:work_order_id>")
@staff_required("crew")
def detail(work_order_id: object) -> ResponseReturnValue:
    """Show one order and its next step."""
    return _detail(work_order_id, Entry.asked())


def _detail(work_order_id: object, entry: Entry) -> ResponseReturnValue:
    order = _get(work_order_id)
    used = {each.code: each.quantity for each in order.materials}
    for code, quantity in used.items():
        entry.values.setdefault(f"bahan-{code}", str(quantity))
    if order.kind in {WORK_KIND_SURVEY, WORK_KIND_INSTALL}:
        entry.values.setdefault("lat", str(order.latitude))  # the crew corrects the pin where the house lies elsewhere
        entry.values.setdefault("lon", str(order.longitude))
    return page(
        "work_do.html", entry, order=order, works=waterworks, materials=_materials(used),
        unfold=bool(used) or any(name.startswith("bahan-") for name in entry.errors),
        choices=[(code, waterworks.outcome(code), "") for code in waterworks.OUTCOMES.get(order.kind, ())],
        diameters=[(each, each) for each in waterworks.DIAMETERS],
    )  # fmt: skip


def _materials(used: dict[str, int]) -> list[tuple[str, str]]:
    """Return the list of materials with their names; those already noted stand in it whatever the list says."""
    try:
        known: Sequence[str] = services().work_orders.ListCrews(ListCrewsRequest()).material_codes
    except Failure:
        known = ()
    codes = list(dict.fromkeys([*known, *used]))
    return [(code, waterworks.material(code)) for code in codes]


@pages.get(f"/kantor/regu/<uuid:work_order_id>/<{_STEPS}:_step>")
@staff_required("crew")
def after_language(work_order_id: object, _step: str) -> ResponseReturnValue:
    """Lead back to the order: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/kantor/regu/{work_order_id}", 303)


def _back(work_order_id: object, done: str) -> ResponseReturnValue:
    return redirect(f"/kantor/regu/{work_order_id}?ok={done}", 303)


@pages.post("/kantor/regu/<uuid:work_order_id>/terima")
@staff_required("crew")
@idempotent
def accept(work_order_id: object) -> ResponseReturnValue:
    """Take an order on."""
    entry = Entry.typed()
    with entry.catching():
        services().work_orders.Accept(AcceptWorkOrderRequest(work_order_id=str(work_order_id)))
        return _back(work_order_id, "terima")
    return _detail(work_order_id, entry)


def place(entry: Entry) -> tuple[float, float]:
    """Return the position that was told, degrees; 0 and 0 when none was, or one outside of the city."""
    try:
        latitude, longitude = float(entry["lat"]), float(entry["lon"])
    except ValueError:
        return 0.0, 0.0
    known = isfinite(latitude) and isfinite(longitude) and city_map.nearest(latitude, longitude) is not None
    return (latitude, longitude) if known else (0.0, 0.0)


@pages.post("/kantor/regu/<uuid:work_order_id>/tiba")
@staff_required("crew")
@idempotent
def arrive(work_order_id: object) -> ResponseReturnValue:
    """Say that the crew is there."""
    entry = Entry.typed()
    latitude, longitude = place(entry)
    with entry.catching():
        services().work_orders.Arrive(
            ArriveWorkOrderRequest(work_order_id=str(work_order_id), latitude=latitude, longitude=longitude)
        )
        return _back(work_order_id, "tiba")
    return _detail(work_order_id, entry)


@pages.post("/kantor/regu/<uuid:work_order_id>/foto")
@staff_required("crew")
@uploads
@idempotent
def add_photo(work_order_id: object) -> ResponseReturnValue:
    """Add a photo."""
    entry, file = Entry({"berkas": ""}), request.files.get("berkas")
    content = file.read() if file else b""
    if not content:
        entry.reject("berkas", _("Pilih foto dahulu."))
    else:
        asked = AddWorkPhotoRequest(
            work_order_id=str(work_order_id), file_name=(file.filename if file else "") or "foto", content=content
        )
        with entry.catching(names=dict.fromkeys(("content", "file_name"), "berkas")):
            services().work_orders.AddPhoto(asked, timeout=10)
            return _back(work_order_id, "foto")
    return _detail(work_order_id, entry)


@pages.get("/kantor/regu/<uuid:work_order_id>/foto/<photo_id>")
@staff_required("crew")
def photo(work_order_id: object, photo_id: str) -> Response:
    """Hand out a photo of an order."""
    found = services().work_orders.GetPhoto(GetWorkPhotoRequest(work_order_id=str(work_order_id), photo_id=photo_id), timeout=10)
    return shown_picture(found.content)


@pages.post("/kantor/regu/<uuid:work_order_id>/bahan")
@staff_required("crew")
@idempotent
def set_materials(work_order_id: object) -> ResponseReturnValue:
    """Note what was used."""
    entry, used = Entry.typed(), []
    for name in entry.values:
        if not name.startswith("bahan-") or not entry[name]:
            continue
        quantity = digits(entry[name])
        if quantity is None or quantity > MOST_PIECES:
            entry.reject(name, _("Tulis jumlah sebagai angka dari 0 sampai 999."))
        elif quantity:
            used.append(Material(code=name.removeprefix("bahan-"), quantity=quantity))
    names = {f"materials.{at}.{part}": f"bahan-{each.code}" for at, each in enumerate(used) for part in ("quantity", "code")}
    if not entry.wrong:
        with entry.catching(names=names):
            services().work_orders.SetMaterials(SetMaterialsRequest(work_order_id=str(work_order_id), materials=used))
            return _back(work_order_id, "bahan")
    return _detail(work_order_id, entry)


@pages.post("/kantor/regu/<uuid:work_order_id>/periksa")
@staff_required("crew")
def look(work_order_id: object) -> ResponseReturnValue:
    """Show what will be reported once more, before it is: it cannot be taken back."""
    entry, order = Entry.typed(), _get(work_order_id)
    if clicked(entry) or request.form.get("lanjut") == "tanpa-pin":
        return _detail(work_order_id, entry)
    _result(order, entry)
    if entry.wrong:
        return _detail(work_order_id, entry)
    kept = [(name, value) for name, value in entry.values.items() if name not in {"csrf_token", "idempotency_key", "yakin"}]
    return page("work_confirm.html", entry, order=order, works=waterworks, kept=kept)


@pages.post("/kantor/regu/<uuid:work_order_id>/ubah")
@staff_required("crew")
def change(work_order_id: object) -> ResponseReturnValue:
    """Show the form again with everything that was typed."""
    return _detail(work_order_id, Entry.typed())


@pages.post("/kantor/regu/<uuid:work_order_id>/selesai")
@staff_required("crew")
@idempotent
def complete(work_order_id: object) -> ResponseReturnValue:
    """Report how the work ended."""
    entry, order = Entry.typed(), _get(work_order_id)
    asked = _result(order, entry)
    if not entry.wrong:
        with entry.catching():
            services().work_orders.Complete(asked)
            return _back(work_order_id, "kerja")
    return _detail(work_order_id, entry)


def _result(order: WorkOrder, entry: Entry) -> CompleteWorkOrderRequest:
    """Return what was typed as the service takes it; what is missing or no number is said at its field."""
    for name in ("outcome", "note", "pipe_distance_m", "pipe_diameter_mm", "feasible", "meter_serial", "seal", "first_reading"):
        entry.values.setdefault(name, "")
    if order.kind == WORK_KIND_SURVEY:
        entry.values["outcome"] = "surveyed"
    asked = CompleteWorkOrderRequest(work_order_id=order.work_order_id, outcome=entry["outcome"], note=entry["note"])
    if asked.outcome not in waterworks.OUTCOMES.get(order.kind, ()):
        entry.reject("outcome", _("Pilih hasil pekerjaan."))
    if asked.outcome in waterworks.NEEDS_NOTE and not asked.note:
        entry.reject("note", _("Tulis keterangannya: apa yang Anda temukan di lokasi."))
    if order.kind == WORK_KIND_SURVEY:
        asked.survey.CopyFrom(_survey(entry))
    elif order.kind == WORK_KIND_INSTALL and asked.outcome == "installed":
        asked.install.CopyFrom(_install(entry))
    return asked


def _marked(entry: Entry) -> tuple[float, float]:
    found = place(entry)
    if found == (0.0, 0.0):
        entry.values.setdefault("peta", "")
        entry.reject("peta", _("Tandai letak meter di peta."))
    return found


def _survey(entry: Entry) -> SurveyResult:
    latitude, longitude = _marked(entry)
    feasible = entry["feasible"] == "ya"
    if entry["feasible"] not in {"ya", "tidak"}:
        entry.reject("feasible", _("Pilih apakah sambungan dapat dipasang."))
    distance = _whole(entry, "pipe_distance_m", needed=feasible)
    diameter = _whole(entry, "pipe_diameter_mm", needed=feasible)
    return SurveyResult(
        pipe_distance_m=distance, pipe_diameter_mm=diameter, feasible=feasible, latitude=latitude, longitude=longitude
    )


def _install(entry: Entry) -> InstallResult:
    latitude, longitude = _marked(entry)
    for name, sentence in (("meter_serial", _("Ketik nomor seri meter.")), ("seal", _("Ketik nomor segel."))):
        if not entry[name]:
            entry.reject(name, sentence)
    reading = _whole(entry, "first_reading", needed=True)
    return InstallResult(
        meter_serial=entry["meter_serial"], seal=entry["seal"], first_reading=reading, latitude=latitude, longitude=longitude
    )


def _whole(entry: Entry, name: str, *, needed: bool) -> int:
    value = digits(entry[name])
    if value is None and (needed or entry[name]):
        entry.reject(name, _("Tulis angka bulat."))
    if value is not None and value > 2**31 - 1:
        entry.reject(name, _("Angka ini terlalu besar."))
        return 0
    return value or 0
