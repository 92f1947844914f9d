"""Work in the field as the control room sees it: every order, and which crew has it."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1 import work_orders_pb2
from malang.twuin.v1.work_orders_pb2 import (
    AssignCrewRequest,
    GetWorkPhotoRequest,
    ListWorkOrdersRequest,
    OpenWorkOrderRequest,
    WorkKind,
    WorkOrderPage,
    WorkState,
)

from gateway.edge import idempotent, staff_required
from gateway.web import waterworks
from gateway.web.backoffice import shell
from gateway.web.backoffice.leaks import crew_choices
from gateway.web.backoffice.shell import INTAKE, page
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _
from gateway.web.entries import Entry
from gateway.web.files import shown_picture

pages = Blueprint("office_work", __name__)
_KINDS: dict[str, WorkKind.ValueType] = {
    "kebocoran": work_orders_pb2.WORK_KIND_LEAK,
    "survei": work_orders_pb2.WORK_KIND_SURVEY,
    "pemasangan": work_orders_pb2.WORK_KIND_INSTALL,
}
_STATES: dict[str, WorkState.ValueType] = {
    "tanpa-regu": work_orders_pb2.WORK_STATE_WAITING,
    "ditugaskan": work_orders_pb2.WORK_STATE_ASSIGNED,
    "diterima": work_orders_pb2.WORK_STATE_ACCEPTED,
    "di-lokasi": work_orders_pb2.WORK_STATE_ARRIVED,
    "selesai": work_orders_pb2.WORK_STATE_COMPLETED,
    "batal": work_orders_pb2.WORK_STATE_CANCELLED,
}


@pages.get("/kantor/tugas-lapangan")
@staff_required(*INTAKE)
def listing() -> ResponseReturnValue:
    """Show the orders that the filters ask for."""
    entry, asked = Entry.asked(), request.args
    wanted = ListWorkOrdersRequest(
        kind=_KINDS.get(asked.get("jenis", ""), work_orders_pb2.WORK_KIND_UNSPECIFIED),
        state=_STATES.get(asked.get("keadaan", ""), work_orders_pb2.WORK_STATE_UNSPECIFIED),
        crew=entry["regu"],
        page_token=page_token(),
    )
    found, failure = tried(lambda: services().work_orders.List(wanted))
    found = found or WorkOrderPage()
    states = [(code, waterworks.work(state).text) for code, state in _STATES.items()]
    return page(
        "work_orders.html", entry, orders=found.work_orders, total=found.total, more=shell.further(found.next_page_token), failure=failure,
        works=waterworks, crews=crew_choices(), kinds=[(code, waterworks.kind(kind)) for code, kind in _KINDS.items()], states=states,
    )  # fmt: skip


@pages.get("/kantor/tugas-lapangan/<uuid:work_order_id>")
@staff_required(*INTAKE)
def detail(work_order_id: object) -> ResponseReturnValue:
    """Show one order."""
    return _detail(work_order_id, Entry.asked())


def _detail(work_order_id: object, entry: Entry) -> ResponseReturnValue:
    order = services().work_orders.Open(OpenWorkOrderRequest(work_order_id=str(work_order_id)))
    return page("work_order.html", entry, order=order, works=waterworks, crews=crew_choices())


@pages.get("/kantor/tugas-lapangan/<uuid:work_order_id>/regu")
@staff_required("operator")
def after_language(work_order_id: object) -> ResponseReturnValue:
    """Lead back to the order: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/kantor/tugas-lapangan/{work_order_id}", 303)


@pages.post("/kantor/tugas-lapangan/<uuid:work_order_id>/regu")
@staff_required("operator")
@idempotent
def assign(work_order_id: object) -> ResponseReturnValue:
    """Give an order to a crew; one that somebody has accepted is taken from them."""
    entry = Entry.typed()
    if not entry["regu"]:
        entry.values.setdefault("regu", "")
        entry.reject("regu", _("Pilih regu."))
    else:
        with entry.catching(names={"crew": "regu"}):
            services().work_orders.AssignCrew(AssignCrewRequest(work_order_id=str(work_order_id), crew=entry["regu"]))
            return redirect(f"/kantor/tugas-lapangan/{work_order_id}?ok=regu", 303)
    return _detail(work_order_id, entry)


@pages.get("/kantor/tugas-lapangan/<uuid:work_order_id>/foto/<photo_id>")
@staff_required(*INTAKE)
def photo(work_order_id: object, photo_id: str) -> Response:
    """Hand out a photo of an order."""
    found = services().work_orders.GetPhoto(GetWorkPhotoRequest(work_order_id=str(work_order_id), photo_id=photo_id), timeout=10)
    return shown_picture(found.content)
