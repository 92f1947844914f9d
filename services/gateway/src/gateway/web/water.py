"""The person's water: connections, how to link one, use by month, bills that explain themselves."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.billing_pb2 import GetBillRequest, ListBillsRequest, ListBillsResponse
from malang.twuin.v1.connections_pb2 import (
    GetConnectionRequest,
    LinkByMeterRequest,
    LinkByPhoneRequest,
    ListMyConnectionsRequest,
    UnlinkRequest,
)
from malang.twuin.v1.metering_pb2 import UsageMonth, UsageRequest
from markupsafe import Markup

from gateway import phone_proof
from gateway.edge import citizen_required, gateway, idempotent, limited
from gateway.web import charts, formats
from gateway.web.calls import digits, page_token, services, tried
from gateway.web.catalog import _
from gateway.web.chrome import page
from gateway.web.entries import Entry

pages = Blueprint("water", __name__)
_MONTHS = 12


@pages.get("/air")
@citizen_required
def listing() -> ResponseReturnValue:
    """Show the person's connections."""
    found, failure = tried(lambda: services().connections.ListMine(ListMyConnectionsRequest()))
    return page("water/list.html", connections=found.connections if found else (), failure=failure)


@pages.get("/air/tambah")
@citizen_required
def link_form() -> ResponseReturnValue:
    """Ask for what proves the holder."""
    return page("water/link.html")


@pages.post("/air/tambah")
@citizen_required
@limited("link")
@idempotent
def link() -> ResponseReturnValue:
    """Link by meter and bill, or send a code to the holder's phone."""
    entry = Entry.typed()
    if entry["cara"] == "telepon":
        with entry.catching(missing=True, names={"connection_number": "phone_connection_number"}):
            proof = phone_proof.begin(gateway().means, services(), entry["phone_connection_number"])
            return page("water/link_code.html", proof_id=proof.proof_id, phone=proof.phone_masked)
        return page("water/link.html", entry)
    amount = digits(entry["last_bill_amount"])
    if amount is None:
        entry.reject("last_bill_amount", _("Tulis jumlah tagihan sebagai angka, misalnya 110.000."))
    for name, sentence in (("connection_number", _("Ketik nomor sambungan.")), ("meter_serial", _("Ketik nomor seri meter."))):
        if not entry[name]:
            entry.reject(name, sentence)
    if not entry.wrong:
        asked = LinkByMeterRequest(
            connection_number=entry["connection_number"], meter_serial=entry["meter_serial"], last_bill_amount=amount or 0
        )
        with entry.catching(missing=True):
            linked = services().connections.LinkByMeter(asked)
            return redirect(f"/air/{linked.connection_id}?ok=terhubung", 303)
    return page("water/link.html", entry)


@pages.post("/air/tambah/kode")
@citizen_required
@limited("link")
@idempotent
def link_code() -> ResponseReturnValue:
    """Link by the code that was sent."""
    entry = Entry.typed()
    with entry.catching(missing=True):
        linked = services().connections.LinkByPhone(LinkByPhoneRequest(proof_id=entry["proof_id"], code=entry["code"]))
        return redirect(f"/air/{linked.connection_id}?ok=terhubung", 303)
    return page("water/link_code.html", entry, proof_id=entry["proof_id"], phone=entry["phone"])


@pages.get("/air/<connection_id>")
@citizen_required
def connection(connection_id: str) -> ResponseReturnValue:
    """Show a connection and its use by month."""
    found = services().connections.Get(GetConnectionRequest(connection_id=connection_id))
    used, failure = tried(lambda: services().metering.Usage(UsageRequest(connection_id=connection_id, months=_MONTHS)))
    months = list(used.months) if used else []
    return page("water/connection.html", connection=found, months=months, chart=_chart(months), failure=failure)


def _chart(months: Sequence[UsageMonth]) -> Markup:
    if not months:
        return Markup()
    highest = max(months, key=lambda each: each.volume)
    return charts.bars(
        [charts.Bar(formats.period(each.period, "MMM"), each.volume, str(each.volume), each.estimated) for each in months],
        title=_("Pemakaian air tiap bulan dalam m³"), unit="m³",
        description=_("Dari %(first)s sampai %(last)s; tertinggi %(highest)s m³ pada %(when)s.")
        % {
            "first": formats.period(months[0].period), "last": formats.period(months[-1].period), "highest": highest.volume,
            "when": formats.period(highest.period),
        },
    )  # fmt: skip


@pages.post("/air/<connection_id>/lepas")
@citizen_required
def unlink(connection_id: str) -> ResponseReturnValue:
    """Unlink a connection from the account."""
    services().connections.Unlink(UnlinkRequest(connection_id=connection_id))
    return redirect("/air?ok=dilepas", 303)


@pages.get("/tagihan")
@citizen_required
def bills() -> ResponseReturnValue:
    """Show the person's bills, newest first."""
    return bill_list(Entry())


def bill_list(entry: Entry) -> ResponseReturnValue:
    """Return the list of bills, with what is wrong with a choice made on it."""
    wanted = request.args.get("sambungan", "")
    asked = ListBillsRequest(connection_id=wanted, page_token=page_token())
    found, failure = tried(lambda: services().billing.ListBills(asked))
    found = found or ListBillsResponse()
    return page(
        "water/bills.html", entry, bills=found.bills, open_amount=found.open_amount, next_token=found.next_page_token, failure=failure,
        connection_id=wanted,
    )  # fmt: skip


@pages.get("/tagihan/<bill_id>")
@citizen_required
def bill(bill_id: str) -> ResponseReturnValue:
    """Show how a bill came about, line by line."""
    return bill_page(bill_id, Entry())


def bill_page(bill_id: str, entry: Entry) -> ResponseReturnValue:
    """Return one bill, with what is wrong with a payment begun on it."""
    return page("water/bill.html", entry, bill=services().billing.GetBill(GetBillRequest(bill_id=bill_id)))
