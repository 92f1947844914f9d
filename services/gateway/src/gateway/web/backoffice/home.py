"""The start page of the back office: what waits for this member of staff."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue
from malang.singo.v1.applications_pb2 import ApplicationPage, QueueRequest
from malang.singo.v1.complaints_pb2 import ComplaintQueueRequest
from malang.twuin.v1.billing_pb2 import ListRunsRequest, ListRunsResponse
from malang.twuin.v1.leaks_pb2 import LeakBoardRequest
from malang.twuin.v1.work_orders_pb2 import ListMyWorkOrdersRequest

from gateway.edge import gateway, staff_required
from gateway.identity import staff
from gateway.web.backoffice import shell
from gateway.web.backoffice.shell import page
from gateway.web.calls import services, tried

pages = Blueprint("office_home", __name__)
_FEW = 5


@pages.get("/kantor")
@staff_required()
def home() -> ResponseReturnValue:
    """Show counts and the first of each queue; what cannot be had is said in one sentence."""
    return page("home.html", **_desk(), **_runs(), members=_members(), **_field())


def _desk() -> dict[str, Any]:
    if not g.person.has(*shell.DESK):
        return {"desk": False}
    waiting, failure = tried(lambda: services().applications.Queue(QueueRequest(page_size=_FEW)))
    mine = tried(lambda: services().applications.Queue(QueueRequest(mine=True, page_size=_FEW)))[0] if waiting else None
    reports = tried(lambda: services().complaints.Queue(ComplaintQueueRequest(page_size=1)))[0] if waiting else None
    return {
        "desk": True, "waiting": waiting or ApplicationPage(), "mine": mine or ApplicationPage(), "singo_failure": failure,
        "reports": reports.total if reports else 0,
    }  # fmt: skip


def _runs() -> dict[str, Any]:
    if not g.person.has(*shell.RUNS):
        return {}
    found, failure = tried(lambda: services().billing.ListRuns(ListRunsRequest()))
    return {"runs": list((found or ListRunsResponse()).runs)[:3], "twuin_failure": failure}


def _field() -> dict[str, Any]:
    """Return what is open in the field: the crew's own orders, or the leaks of the control room."""
    if g.person.has("crew"):
        mine, failure = tried(lambda: services().work_orders.ListMine(ListMyWorkOrdersRequest(page_size=1)))
        return {"jobs": mine.total if mine else 0, "field_failure": failure}
    if not g.person.has(*shell.INTAKE):
        return {}
    board, failure = tried(lambda: services().leaks.Board(LeakBoardRequest()))
    zones = board.zones if board else ()
    return {
        "open_leaks": sum(each.open for each in zones),
        "late_leaks": sum(each.late for each in zones),
        "field_failure": failure,
    }


def _members() -> int:
    return len(staff.list_staff(gateway().means)) if g.person.has("admin") else 0
