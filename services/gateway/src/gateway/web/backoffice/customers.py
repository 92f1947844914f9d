"""The desk of the water utility: find a connection, open it for a purpose."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.billing_pb2 import ListBillsResponse, OpenBillsRequest
from malang.twuin.v1.connections_pb2 import FindConnectionsRequest, FindConnectionsResponse, OpenConnectionRequest
from malang.twuin.v1.metering_pb2 import ListReadingsRequest, ListReadingsResponse

from gateway.edge import staff_required
from gateway.web.backoffice import shell
from gateway.web.backoffice.shell import CUSTOMERS, page
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _
from gateway.web.entries import Entry

pages = Blueprint("office_customers", __name__)
PURPOSES = ("customer_service", "payment", "complaint", "other")
_MONTHS = 13


@pages.get("/kantor/air")
@staff_required(*CUSTOMERS)
def find() -> ResponseReturnValue:
    """Find connections by number or phone."""
    entry, found, failure = Entry.asked(), FindConnectionsResponse(), ""
    if "cari" in request.args and not entry["cari"]:
        entry.reject("cari", _("Ketik nomor sambungan atau nomor telepon."))
    elif entry["cari"]:
        wanted = FindConnectionsRequest(query=entry["cari"], page_token=page_token())
        with entry.catching(names={"query": "cari"}):
            answer, failure = tried(lambda: services().connections.Find(wanted))
            found = answer or found
    return page(
        "find_connection.html", entry, connections=found.connections, more=shell.further(found.next_page_token), failure=failure,
        searched=bool(entry["cari"]) and not entry.wrong,
    )  # fmt: skip


@pages.get("/kantor/air/<uuid:connection_id>")
@staff_required(*CUSTOMERS)
def detail(connection_id: object) -> ResponseReturnValue:
    """Ask for the purpose, then show the holder, what is owed, and the readings."""
    entry = Entry.asked()
    if not shell.purpose():
        if "buka" in request.args:
            entry.reject("tujuan", _("Pilih tujuan membuka data ini."))
        return page(
            "purpose.html", entry, action=request.path, purposes=PURPOSES, tone="twuin", back="/kantor/air", title=_("Buka data pelanggan")
        )  # fmt: skip
    why = shell.purpose()
    opened = services().connections.Open(OpenConnectionRequest(connection_id=str(connection_id), purpose=why))
    number = opened.connection.number
    return page(
        "connection.html",
        entry,
        opened=opened,
        connection=opened.connection,
        purpose=why,
        **_bills(number, why),
        **_readings(number),
    )


def _bills(number: str, why: str) -> dict[str, Any]:
    if not g.person.has(*shell.BILLS):
        return {"see_bills": False}
    found, failure = tried(lambda: services().billing.OpenBills(OpenBillsRequest(connection_number=number, purpose=why)))
    found = found or ListBillsResponse()
    return {"see_bills": True, "bills": found.bills, "open_amount": found.open_amount, "bills_failure": failure}


def _readings(number: str) -> dict[str, Any]:
    if not g.person.has(*shell.FIELD):
        return {"see_readings": False}
    found, failure = tried(lambda: services().metering.ListReadings(ListReadingsRequest(connection_number=number, months=_MONTHS)))
    return {"see_readings": True, "readings": (found or ListReadingsResponse()).readings, "readings_failure": failure}
