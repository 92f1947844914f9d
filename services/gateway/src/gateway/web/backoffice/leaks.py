"""The operator's board of leaks: counts by zone, a map, the open ones by age, kept fresh by a script that polls."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.leaks_pb2 import GetLeakPhotoRequest, GetLeakRequest, Leak, LeakBoard, LeakBoardRequest
from malang.twuin.v1.network_pb2 import ListZonesRequest
from malang.twuin.v1.work_orders_pb2 import ListCrewsRequest, OpenWorkOrderRequest, WorkOrder

from gateway.edge import staff_required
from gateway.web import waterworks
from gateway.web.backoffice.shell import INTAKE, page
from gateway.web.calls import services, tried
from gateway.web.catalog import _, language
from gateway.web.entries import Entry
from gateway.web.files import shown_picture
from gateway.web.map import Spot

pages = Blueprint("office_leaks", __name__)


def _asked(etag: str = "") -> LeakBoardRequest:
    return LeakBoardRequest(zone=request.args.get("zona", "")[:8], closed_too=request.args.get("selesai") == "ya", etag=etag)


def _shown(board: LeakBoard) -> dict[str, Any]:
    return {
        "board": board, "works": waterworks, "zone": request.args.get("zona", ""), "names": _zone_names(),
        "spots": [_spot(each) for each in board.leaks if each.latitude or each.longitude],
    }  # fmt: skip


def _spot(one: Leak) -> Spot:
    label = waterworks.leak(one.state)
    place = (
        waterworks.kelurahan(one.kelurahan)
        if one.positioned
        else _("di suatu tempat di %(area)s") % {"area": waterworks.kelurahan(one.kelurahan)}
    )
    title = f"{one.number}, {place}, {label.text}"
    return Spot(one.latitude, one.longitude, title, f"/kantor/kebocoran/{one.leak_id}", "bad" if one.late else label.tone)


def _zone_names() -> dict[str, str]:
    found, _failure = tried(lambda: services().network.ListZones(ListZonesRequest()))
    return {each.code: each.name for each in found.zones} if found else {}


@pages.get("/kantor/kebocoran")
@staff_required(*INTAKE)
def board() -> ResponseReturnValue:
    """Show the board."""
    found, failure = tried(lambda: services().leaks.Board(_asked()))
    closed = request.args.get("selesai") == "ya"
    return page("leaks.html", **_shown(found or LeakBoard()), failure=failure, closed=closed)


@pages.get("/kantor/kebocoran/papan")
@staff_required(*INTAKE)
def fragment() -> Response:
    """Hand out the changing part of the board, with an ETag, for a script that polls."""
    known = {tag.partition(".")[2] for tag in request.if_none_match.as_set(include_weak=True) if tag.startswith(f"{language()}.")}
    found = services().leaks.Board(_asked(known.pop() if known else ""))
    if found.unchanged:
        response = make_response("", 304)
    else:
        response = make_response(render_template("office/_leak_board.html", **_shown(found)))
    response.set_etag(f"{language()}.{found.etag}", weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@pages.get("/kantor/kebocoran/<uuid:leak_id>")
@staff_required(*INTAKE)
def detail(leak_id: object) -> ResponseReturnValue:
    """Show one leak: its reports, its steps, its work order."""
    found = services().leaks.Get(GetLeakRequest(leak_id=str(leak_id)))
    order, failure = tried(lambda: _order(found.work_order_id))
    return page(
        "leak.html",
        Entry.asked(),
        leak=found,
        order=order,
        works=waterworks,
        failure=failure,
        names=_zone_names(),
        crews=crew_choices(),
    )


def _order(work_order_id: str) -> WorkOrder | None:
    if not work_order_id:
        return None
    return services().work_orders.Open(OpenWorkOrderRequest(work_order_id=work_order_id))


def crew_choices() -> list[tuple[str, str]]:
    """Return the crews as a list of choices with how much each has to do."""
    found, _failure = tried(lambda: services().work_orders.ListCrews(ListCrewsRequest()))
    return [(each.name, f"{each.name} ({each.open_orders})") for each in found.crews] if found else []


@pages.get("/kantor/kebocoran/<uuid:leak_id>/foto/<photo_id>")
@staff_required(*INTAKE)
def photo(leak_id: object, photo_id: str) -> Response:
    """Hand out a citizen's photo of a leak."""
    found = services().leaks.GetPhoto(GetLeakPhotoRequest(leak_id=str(leak_id), photo_id=photo_id), timeout=10)
    return shown_picture(found.content)
