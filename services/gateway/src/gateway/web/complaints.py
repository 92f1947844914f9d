"""One's own reports: where each stands, and what the reporter may do with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from chassis import clock
from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.complaints_pb2 import (
    COMPLAINT_STATE_ANSWERED,
    COMPLAINT_STATE_ASSIGNED,
    COMPLAINT_STATE_FILED,
    COMPLAINT_STATE_REOPENED,
    COMPLAINT_STATE_RESOLVED,
    Complaint,
    ComplaintPage,
    GetComplaintRequest,
    GetPhotoRequest,
    ListFollowedRequest,
    ListMyComplaintsRequest,
    PublicComplaintPage,
    RateComplaintRequest,
    ReopenComplaintRequest,
    WithdrawComplaintRequest,
)

from gateway.edge import citizen_required, idempotent, reporter_required
from gateway.web import map as city_map
from gateway.web.calls import page_token, services, tried
from gateway.web.catalog import _, pick
from gateway.web.chrome import page
from gateway.web.entries import Entry
from gateway.web.files import shown_picture

pages = Blueprint("complaints", __name__)
OPEN = {COMPLAINT_STATE_FILED, COMPLAINT_STATE_ASSIGNED, COMPLAINT_STATE_ANSWERED, COMPLAINT_STATE_REOPENED}


@pages.get("/laporan")
@reporter_required
def listing() -> ResponseReturnValue:
    """Show the person's reports."""
    found, failure = tried(lambda: services().complaints.ListMine(ListMyComplaintsRequest(page_token=page_token())))
    found = found or ComplaintPage()
    return page("complaints/list.html", complaints=found.complaints, next_token=found.next_page_token, failure=failure)


@pages.get("/laporan/diikuti")
@citizen_required
def followed() -> ResponseReturnValue:
    """Show the reports that the person follows."""
    found, failure = tried(lambda: services().complaints.ListFollowed(ListFollowedRequest(page_token=page_token())))
    found = found or PublicComplaintPage()
    return page("complaints/followed.html", complaints=found.complaints, next_token=found.next_page_token, failure=failure)


@pages.get("/laporan/<complaint_id>")
@reporter_required
def detail(complaint_id: str) -> ResponseReturnValue:
    """Show where a report stands."""
    return _detail(_get(complaint_id), Entry())


def _get(complaint_id: str) -> Complaint:
    return services().complaints.Get(GetComplaintRequest(complaint_id=complaint_id))


def _detail(one: Complaint, entry: Entry) -> ResponseReturnValue:
    resolved = one.state == COMPLAINT_STATE_RESOLVED
    return page(
        "complaints/detail.html", entry, complaint=one, spots=spots_of(one), can_withdraw=one.state in OPEN,
        can_reopen=resolved and one.reopen_until.ToDatetime(tzinfo=dt.UTC) > clock.now(),
        can_rate=resolved and not one.rating,
    )  # fmt: skip


def spots_of(one: Complaint) -> list[city_map.Spot]:
    """Return the place of a report for the map, none where only an address was given."""
    if not one.HasField("position"):
        return []
    return [city_map.Spot(one.position.latitude, one.position.longitude, pick(one.category_name), tone="bad")]


@pages.get("/laporan/<complaint_id>/foto/<photo_id>")
@reporter_required
def photo(complaint_id: str, photo_id: str) -> Response:
    """Show a photo of one's own report."""
    found = services().complaints.GetPhoto(GetPhotoRequest(complaint_id=complaint_id, photo_id=photo_id), timeout=10)
    return shown_picture(found.content, small="kecil" in request.args)


def _changed(complaint_id: str, entry: Entry, change: Callable[[], object], done: str) -> ResponseReturnValue:
    """Do what the reporter asked for, or show the report with what is wrong."""
    if not entry.wrong:
        with entry.catching(names={"reason": "alasan", "rating": "nilai", "text": "kesan"}):
            change()
            return redirect(f"/laporan/{complaint_id}?ok={done}", 303)
    entry.naming({"alasan": _("Yang belum beres"), "kesan": _("Pesan Anda")})
    return _detail(_get(complaint_id), entry)


@pages.get("/laporan/<complaint_id>/<any(cabut,bukalagi,nilai):_step>")
@reporter_required
def after_language(complaint_id: str, _step: str) -> ResponseReturnValue:
    """Lead back to the report: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/laporan/{complaint_id}", 303)


@pages.post("/laporan/<complaint_id>/cabut")
@reporter_required
@idempotent
def withdraw(complaint_id: str) -> ResponseReturnValue:
    """Withdraw a report, once its reporter is sure."""
    entry = Entry.typed()
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa laporan ini memang dicabut."))
    wanted = WithdrawComplaintRequest(complaint_id=complaint_id, reason=entry["alasan-cabut"])
    entry.values.setdefault("alasan-cabut", "")
    if not entry.wrong:
        with entry.catching(names={"reason": "alasan-cabut"}):
            services().complaints.Withdraw(wanted)
            return redirect(f"/laporan/{complaint_id}?ok=cabut", 303)
        entry.naming({"alasan-cabut": _("Alasan")})
    return _detail(_get(complaint_id), entry)


@pages.post("/laporan/<complaint_id>/bukalagi")
@reporter_required
@idempotent
def reopen(complaint_id: str) -> ResponseReturnValue:
    """Reopen a report that is not resolved after all."""
    entry = Entry.typed()
    wanted = ReopenComplaintRequest(complaint_id=complaint_id, reason=entry["alasan"])
    return _changed(complaint_id, entry, lambda: services().complaints.Reopen(wanted), "bukalagi")


@pages.post("/laporan/<complaint_id>/nilai")
@reporter_required
@idempotent
def rate(complaint_id: str) -> ResponseReturnValue:
    """Say how satisfied one is: 1 to 5 and a sentence."""
    entry = Entry.typed()
    entry.values.setdefault("nilai", "")
    if entry["nilai"] not in {"1", "2", "3", "4", "5"}:
        entry.reject("nilai", _("Pilih nilai 1 sampai 5."))
        return _detail(_get(complaint_id), entry)
    wanted = RateComplaintRequest(complaint_id=complaint_id, rating=int(entry["nilai"]), text=entry["kesan"])
    return _changed(complaint_id, entry, lambda: services().complaints.Rate(wanted), "nilai")
