"""The person's own start page and data."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from chassis import clock
from flask import Blueprint, Response, g, redirect
from flask.typing import ResponseReturnValue
from malang.singo.v1.applications_pb2 import (
    APPLICATION_STATE_DRAFT,
    APPLICATION_STATE_RETURNED,
    Application,
    ApplicationPage,
    ListMineRequest,
)
from malang.singo.v1.complaints_pb2 import COMPLAINT_STATE_RESOLVED, Complaint, ComplaintPage, ListMyComplaintsRequest
from malang.twuin.v1.billing_pb2 import BILL_STATE_OPEN, Bill, ListBillsRequest, ListBillsResponse
from malang.twuin.v1.new_connections_pb2 import (
    NEW_CONNECTION_STATE_ACTIVE,
    NEW_CONNECTION_STATE_HELD,
    ListMyNewConnectionsRequest,
    NewConnection,
)

from gateway import access_log, inbox, my_data
from gateway.edge import citizen_required, end_session, gateway, limited
from gateway.edge.context import address
from gateway.identity import profile, recovery, sessions
from gateway.identity.accounts import Details
from gateway.identity.challenges import masked_phone
from gateway.web import formats, labels, waterworks
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _, language, pick
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.files import as_download
from gateway.web.inbox_pages import Shown, shown

pages = Blueprint("account", __name__)
_FEW = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for the person."""

    url: str
    title: str
    text: str
    label: labels.Label
    tone: str
    amount: int = 0


@pages.get("/beranda")
@citizen_required
def dashboard() -> ResponseReturnValue:
    """Show what waits, of both agencies; what cannot be had is said in one sentence."""
    own, singo_failure = tried(lambda: services().applications.ListMine(ListMineRequest(page_size=_FEW)))
    billed, twuin_failure = tried(lambda: services().billing.ListBills(ListBillsRequest(page_size=_FEW)))
    applications = list((own or ApplicationPage()).applications)
    pipes = [] if twuin_failure else _pipes()
    reports = [] if singo_failure else _reports()
    billed = billed or ListBillsResponse()
    bills = list(billed.bills)
    with gateway().db.transaction(readonly=True) as session:
        notices = [shown(each) for each in inbox.page(session, g.person.id, page_size=_FEW).entries]
    return page(
        "account/dashboard.html", applications=applications, bills=bills, open_amount=billed.open_amount, notices=notices,
        singo_failure=singo_failure, twuin_failure=twuin_failure, waiting=[*_waiting(applications, bills), *_unrated(reports), *held(pipes)],
        pipes=[each for each in pipes if each.state < NEW_CONNECTION_STATE_ACTIVE], works=waterworks,
        reports=reports,
    )  # fmt: skip


def _reports() -> list[Complaint]:
    found, _away = tried(lambda: services().complaints.ListMine(ListMyComplaintsRequest(page_size=_FEW)))
    return list((found or ComplaintPage()).complaints)


def _unrated(reports: list[Complaint]) -> list[Waiting]:
    """Return the reports whose reporter has not said how satisfied they are."""
    text = _("Dinyatakan selesai. Beri penilaian, atau buka lagi bila belum beres.")
    return [
        Waiting(f"/laporan/{one.complaint_id}", pick(one.category_name), text, labels.complaint(one.state), "singo")
        for one in reports
        if one.state == COMPLAINT_STATE_RESOLVED and not one.rating
    ]


def _pipes() -> list[NewConnection]:
    found, _failure = tried(lambda: services().new_connections.ListMine(ListMyNewConnectionsRequest(page_size=_FEW)))
    return list(found.applications) if found else []


def _waiting(applications: list[Application], bills: list[Bill]) -> list[Waiting]:
    return [
        *(
            _waiting_application(each)
            for each in applications
            if each.state in {APPLICATION_STATE_DRAFT, APPLICATION_STATE_RETURNED}
        ),
        *(_waiting_bill(each) for each in bills if each.state == BILL_STATE_OPEN),
    ]


def _waiting_application(one: Application) -> Waiting:
    returned = one.state == APPLICATION_STATE_RETURNED
    text = _("Petugas meminta perbaikan.") if returned else _("Draf yang belum dikirim.")
    return Waiting(f"/permohonan/{one.application_id}", pick(one.kind_name), text, labels.application(one.state), "singo")


def _waiting_bill(one: Bill) -> Waiting:
    late = one.due_on < clock.today().isoformat()
    title = (
        _("Biaya sambungan baru")
        if one.kind == "connection"
        else _("Tagihan air %(period)s") % {"period": formats.period(one.period)}
    )
    whose = f"{_('Sambungan')} {one.connection_number} · " if one.connection_number else ""
    text = whose + _("Jatuh tempo %(day)s") % {"day": formats.day(one.due_on)}
    return Waiting(f"/tagihan/{one.bill_id}", title, text, labels.bill(one.state, late=late), "twuin", one.amount)


def held(pipes: list[NewConnection]) -> list[Waiting]:
    """Return the applications for a connection that wait for another letter; the cost waits as a bill does."""
    return [
        Waiting(
            f"/sambungan-baru/{each.application_id}", _("Sambungan air baru"), waterworks.reason(each.reason),
            waterworks.application(each.state), "twuin",
        )
        for each in pipes
        if each.state == NEW_CONNECTION_STATE_HELD
    ]  # fmt: skip


@pages.get("/data-saya")
@citizen_required
def data() -> ResponseReturnValue:
    """Show profile, security and sessions."""
    return _data(Entry())


def _data(entry: Entry) -> ResponseReturnValue:
    means = gateway().means
    own = profile.details(means, g.person.id)
    return page(
        "account/data.html", entry, profile=described(own), phone=masked_phone(own.phone),
        waiting_phone=recovery.waiting_phone(means, g.person.id), sessions=sessions.open_sessions(means, g.person),
    )  # fmt: skip


def described(own: Details) -> list[tuple[str, str]]:
    """Return what a profile shows; NIK and No. KK only by their ends."""
    who = own.profile
    return [
        (_("Nama"), own.name),
        ("NIK", _ends(own.nik)),
        (_("Nomor Kartu Keluarga"), _ends(own.kk)),
        (_("Tempat, tanggal lahir"), f"{who.birth_place}, {formats.day(own.birth_date)}"),
        (_("Alamat"), f"{who.address}, RT {who.rt} RW {who.rw}"),
        *([(_("Alamat surel"), own.email)] if own.email else []),
    ]


def _ends(number: str) -> str:
    return f"{number[:4]}{'•' * (len(number) - 8)}{number[-4:]}"


@pages.post("/data-saya/sandi")
@citizen_required
@limited("change_password")
def change_password() -> ResponseReturnValue:
    """Change the password."""
    entry = Entry.typed()
    with entry.catching():
        profile.change_password(
            gateway().means, g.person, entry.values.get("password", ""), entry.values.get("new_password", ""), address=address()
        )
        return redirect("/data-saya?ok=sandi", 303)
    return _data(entry)


@pages.post("/data-saya/nomor/batal")
@citizen_required
def cancel_phone() -> ResponseReturnValue:
    """Stop a change of number that waits."""
    recovery.cancel_own_phone(gateway().means, g.person.id)
    return redirect("/data-saya?ok=nomor", 303)


@pages.post("/data-saya/sesi/<session_id>/akhiri")
@citizen_required
def end_one(session_id: str) -> ResponseReturnValue:
    """End one session of the person."""
    sessions.end(gateway().means, g.person, session_id)
    return redirect("/data-saya?ok=sesi", 303)


@pages.post("/data-saya/keluar-semua")
@citizen_required
def end_all() -> ResponseReturnValue:
    """End all sessions of the person, this one too."""
    sessions.end_everywhere(gateway().means, g.person)
    return end_session(redirect("/?ok=keluar", 303))


@pages.get("/data-saya/akses")
@citizen_required
def access() -> ResponseReturnValue:
    """Show who looked at the person's data."""
    with gateway().db.transaction(readonly=True) as session:
        found = access_log.views_of(session, g.person.id, page_token=page_token())
    return page("account/access.html", views=found.entries, next_token=found.next_page_token)


@pages.get("/data-saya/unduh")
@citizen_required
def export() -> Response:
    """Hand out everything that is kept about the person."""
    content = orjson.dumps(my_data.export(gateway().means, services(), g.person.id), option=orjson.OPT_INDENT_2)
    response = as_download(content, f"data-saya-{clock.today().isoformat()}.json", "application/json")
    response.headers["Content-Type"] = "application/json"
    return response


__all__ = ["Shown", "described", "language", "pages"]
