"""Billing runs: start a period's run after a second look, follow it."""

from __future__ import annotations

import datetime as dt
import re

from chassis import clock
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.billing_pb2 import RUN_STATE_RUNNING, GetRunRequest, ListRunsRequest, ListRunsResponse, StartRunRequest

from gateway.edge import idempotent, staff_required
from gateway.web.backoffice.shell import RUNS, page
from gateway.web.calls import services, tried
from gateway.web.catalog import _
from gateway.web.entries import Entry

pages = Blueprint("office_billing", __name__)
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_DUE = 20  # day of the month on which bills are commonly due


@pages.get("/kantor/air/tagihan")
@staff_required(*RUNS)
def runs() -> ResponseReturnValue:
    """Show the latest runs and the form of a new one; a period that was asked for is shown once more before it starts."""
    if "period" not in request.args:
        today = clock.today()
        return _runs(Entry({"period": today.isoformat()[:7], "due_on": _usual_due(today).isoformat()}))
    entry = _checked(Entry.asked())
    return _runs(entry) if entry.wrong else page("run_confirm.html", entry)


def _usual_due(today: dt.date) -> dt.date:
    first = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return first.replace(day=_DUE)


def _checked(entry: Entry) -> Entry:
    if not _PERIOD.fullmatch(entry["period"]):
        entry.reject("period", _("Tulis periode sebagai tahun dan bulan, misalnya 2026-11."))
    try:
        dt.date.fromisoformat(entry["due_on"])
    except ValueError:
        entry.reject("due_on", _("Tulis tanggal jatuh tempo sebagai tahun-bulan-hari, misalnya 2026-12-20."))
    return entry


def _runs(entry: Entry) -> ResponseReturnValue:
    found, failure = tried(lambda: services().billing.ListRuns(ListRunsRequest()))
    return page("runs.html", entry, runs=(found or ListRunsResponse()).runs, failure=failure)


@pages.post("/kantor/air/tagihan")
@staff_required(*RUNS)
@idempotent
def start() -> ResponseReturnValue:
    """Start the run."""
    entry = _checked(Entry.typed())
    if entry.wrong:
        return _runs(entry)
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa tagihan diterbitkan."))
        return page("run_confirm.html", entry)
    with entry.catching():
        run = services().billing.StartRun(StartRunRequest(period=entry["period"], due_on=entry["due_on"]))
        return redirect(f"/kantor/air/tagihan/{run.run_id}", 303)
    return _runs(entry)


@pages.get("/kantor/air/tagihan/<uuid:run_id>")
@staff_required(*RUNS)
def progress(run_id: object) -> ResponseReturnValue:
    """Show how far a run is; the page follows it."""
    run = services().billing.GetRun(GetRunRequest(run_id=str(run_id)))
    done = run.issued + run.skipped
    return page("run.html", run=run, running=run.state == RUN_STATE_RUNNING, done=done, most=max(run.expected, done, 1))
