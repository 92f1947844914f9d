"""The start page of the back office: what waits for this member of staff."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue
from malang.singo.v1.applications_pb2 import ApplicationPage, QueueRequest
from malang.singo.v1.complaints_pb2 import ComplaintQueueRequest
from malang.twuin.v1.billing_pb2 import ListRunsRequest, ListRunsResponse

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
    return page("home.html", **_desk(), **_runs(), members=_members())


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


def _members() -> int:
    return len(staff.list_staff(gateway().means)) if g.person.has("admin") else 0
