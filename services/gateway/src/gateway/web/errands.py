"""Urusan saya: one time line over both agencies, and the way from a notice of a report to the page of it."""

from __future__ import annotations

import urllib.parse

from flask import Blueprint, g, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.complaints_pb2 import GetPublicRequest

from gateway import errands
from gateway.edge import citizen_required, gateway, public, with_guests
from gateway.web.calls import page_token, services
from gateway.web.catalog import _, language
from gateway.web.chrome import page

pages = Blueprint("errands", __name__)
_STATES = {"": None, "berjalan": True, "selesai": False}


@pages.get("/urusan")
@citizen_required
def listing() -> ResponseReturnValue:
    """Show the errands, last changed first; no agency is asked, so the page stands while one is away."""
    agency, state = _chosen("instansi", ("singo", "twuin")), _chosen("keadaan", tuple(_STATES))
    with gateway().db.transaction(readonly=True) as session:
        found = errands.page(session, g.person.id, agency=agency, open_only=_STATES[state], page_token=page_token())
    kept = urllib.parse.urlencode({name: value for name, value in (("instansi", agency), ("keadaan", state)) if value})
    return page(
        "errands/list.html", errands=found.entries, said=language(), next_token=found.next_page_token, kept=kept, agency=agency, state=state,
        agencies=[("", _("Semua instansi")), ("singo", _("Kelurahan (Singo)")), ("twuin", _("Air minum (Twuin)"))],
        states=[("", _("Semua keadaan")), ("berjalan", _("Sedang berjalan")), ("selesai", _("Sudah selesai"))],
    )  # fmt: skip


def _chosen(name: str, known: tuple[str, ...]) -> str:
    given = request.args.get(name, "")
    return given if given in known else ""


@pages.get("/urusan/laporan/<number>")
@public
@with_guests
def report(number: str) -> ResponseReturnValue:
    """Lead the reporter to the own page of a report, and everybody else to the public one."""
    found = services().complaints.GetPublic(GetPublicRequest(number=number))
    if found.mine and found.complaint_id:
        return redirect(f"/laporan/{urllib.parse.quote(found.complaint_id)}", 303)
    return redirect(f"/laporan/publik/{urllib.parse.quote(found.number)}", 303)
