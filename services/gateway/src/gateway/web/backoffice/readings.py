"""Readings by hand, and meters that are changed."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence

from chassis import clock
from chassis.rpc import Failure
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from malang.twuin.v1.metering_pb2 import EnterReadingRequest, ListReadingsRequest, Reading, ReplaceMeterRequest

from gateway.edge import idempotent, staff_required
from gateway.web.backoffice.shell import FIELD, page
from gateway.web.calls import digits, services
from gateway.web.catalog import _, language
from gateway.web.entries import Entry

pages = Blueprint("office_readings", __name__)
_SHOWN = 4  # readings beside the form
_UNUSUAL = "reading_needs_confirmation"


@pages.get("/kantor/air/baca")
@staff_required(*FIELD)
def reading_form() -> ResponseReturnValue:
    """Ask for the connection, then for its reading with the last ones beside it."""
    today = clock.today().isoformat()
    entry = Entry({"period": today[:7], "read_on": today, **request.args.to_dict()})
    if "connection_number" in request.args and not entry["connection_number"]:
        entry.reject("connection_number", _("Ketik nomor sambungan."))
    return _reading(entry)


def _reading(entry: Entry, unusual: Sequence[str] = ()) -> ResponseReturnValue:
    return page("reading.html", entry, latest=_latest(entry), unusual=unusual)


def _latest(entry: Entry) -> Sequence[Reading] | None:
    """Return the last readings of the connection that was typed, None when there is no such connection."""
    if not entry["connection_number"]:
        return None
    wanted = ListReadingsRequest(connection_number=entry["connection_number"], months=_SHOWN)
    with entry.catching(missing=True):
        return services().metering.ListReadings(wanted).readings
    return None


@pages.post("/kantor/air/baca")
@staff_required(*FIELD)
@idempotent
def enter() -> ResponseReturnValue:
    """Take a reading; an unusual one is shown again, to be confirmed."""
    entry, estimated = Entry.typed(), "estimated" in request.form
    value = digits(entry["value"]) if not estimated else 0
    if value is None:
        entry.reject("value", _("Tulis angka meter sebagai angka bulat."))
        return _reading(entry)
    asked = EnterReadingRequest(
        connection_number=entry["connection_number"], period=entry["period"], value=value, read_on=entry["read_on"],
        confirm="yakin" in request.form, estimated=estimated,
    )  # fmt: skip
    entry.values.setdefault("value", "")
    with entry.catching(missing=True):
        try:
            services().metering.EnterReading(asked)
        except Failure as failure:
            if failure.code != _UNUSUAL:
                raise
            entry.status = 422
            return _reading(entry, [each.sentence(language()) for each in failure.fields])
        return redirect(
            f"/kantor/air/baca?{urllib.parse.urlencode({'connection_number': asked.connection_number, 'ok': 'baca'})}", 303
        )
    return _reading(entry)


@pages.get("/kantor/air/meter")
@staff_required(*FIELD)
def meter_form() -> ResponseReturnValue:
    """Ask which meter is changed for which."""
    values = {"replaced_on": clock.today().isoformat(), "digits": "5", "initial_value": "0", **request.args.to_dict()}
    return page("meter.html", Entry(values))


@pages.post("/kantor/air/meter")
@staff_required(*FIELD)
@idempotent
def replace_meter() -> ResponseReturnValue:
    """Change a meter."""
    entry = Entry.typed()
    numbers = {name: digits(entry[name]) for name in ("final_value", "initial_value", "digits")}
    for name, value in numbers.items():
        if value is None:
            entry.reject(name, _("Tulis angka bulat."))
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa meter ini memang diganti."))
    if not entry.wrong:
        asked = ReplaceMeterRequest(
            connection_number=entry["connection_number"], new_serial=entry["new_serial"], replaced_on=entry["replaced_on"],
            final_value=numbers["final_value"] or 0, initial_value=numbers["initial_value"] or 0, digits=min(numbers["digits"] or 0, 99),
        )  # fmt: skip
        with entry.catching(missing=True):
            services().metering.ReplaceMeter(asked)
            return redirect("/kantor/air/meter?ok=meter", 303)
    return page("meter.html", entry)
