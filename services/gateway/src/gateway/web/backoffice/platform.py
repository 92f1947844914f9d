"""How the platform is, for admins: processes, what waits, what is parked, jobs; and driving parked facts again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from malang.platform.v1 import platform_pb2 as pb

from gateway.edge import gateway, idempotent, staff_required
from gateway.edge.context import platform
from gateway.identity import staff
from gateway.web import calls
from gateway.web.backoffice.shell import page
from gateway.web.catalog import _
from gateway.web.entries import Entry
from gateway.web.labels import Label

pages = Blueprint("office_platform", __name__)
SERVICES = ("gateway", "singo", "twuin")
_ONE = "<any('gateway','singo','twuin'):service>"
_OUTCOME = re.compile(r"(?P<resolved>\d+) resolved, (?P<open>\d+) open")
_LETTER_DIGITS = 18  # of a number that fits into int64


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of processes: a running one, or the name of one that is missing."""

    name: str
    process: pb.Process | None
    state: Label


@pages.get("/kantor/platform")
@staff_required("admin")
def overview() -> ResponseReturnValue:
    """Show the three services; one that does not answer is said so, the others are shown."""
    services = [(name, *calls.tried(partial(_status, name))) for name in SERVICES]
    return page("platform.html", services=services, rows=rows, health=health, names=_names(), outcome=outcome)


@pages.get(f"/kantor/platform/{_ONE}/kabar")
@staff_required("admin")
def letters(service: str) -> ResponseReturnValue:
    """List parked facts with their reasons; what they carry is not shown."""
    found = platform(service).ListDeadLetters(pb.ListDeadLettersRequest(page_token=calls.page_token(), page_size=calls.PAGE))
    return page("dead_letters.html", service=service, letters=found.letters, more=calls.further(found.next_page_token))


@pages.get(f"/kantor/platform/{_ONE}/proses-ulang")
@staff_required("admin")
def confirm(service: str) -> ResponseReturnValue:
    """Ask for the reason."""
    return _confirm(service, Entry())


@pages.post(f"/kantor/platform/{_ONE}/proses-ulang")
@staff_required("admin")
@idempotent
def redrive(service: str) -> ResponseReturnValue:
    """Let parked facts have their effect, each once."""
    entry = Entry.typed()
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa penyebabnya sudah diperbaiki."))
        return _confirm(service, entry)
    with entry.catching(names={"reason": "alasan"}, missing=True):
        platform(service).Redrive(pb.RedriveRequest(letter_id=_letter(), reason=entry["alasan"]))
        return redirect("/kantor/platform?ok=proses-ulang", 303)
    return _confirm(service, entry)


def _confirm(service: str, entry: Entry) -> ResponseReturnValue:
    return page("redrive.html", entry, service=service, letter=_letter())


def outcome(text: str) -> str:
    """Return what a re-drive did, in the reader's language; the service notes it as “3 resolved, 1 open”."""
    found = _OUTCOME.fullmatch(text)
    return _("%(resolved)s berhasil, %(open)s masih tertahan") % found.groupdict() if found else text


def _letter() -> int:
    """Return which parked fact is meant; 0 means all."""
    asked = request.args.get("kabar", "")
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= _LETTER_DIGITS else 0


def _status(service: str) -> pb.Status:
    status: pb.Status = platform(service).GetStatus(pb.GetStatusRequest())
    return status


def _names() -> dict[str, str]:
    return {each.id: each.name for each in staff.list_staff(gateway().means, ended=True)}


def rows(status: Any) -> list[Row]:
    """Return a line for each process, and one for each that a whole service has and that is not there."""
    found = []
    for name in status.expected:
        running = [each for each in status.processes if each.name == name]
        if not any(each.alive for each in running):
            found.append(Row(name, None, Label(_("Tidak ada"), "bad")))
        found += [Row(name, each, _state(each)) for each in running]
    return found


def _state(process: pb.Process) -> Label:
    if not process.alive:
        return Label(_("Tidak terdengar"), "")
    return Label(_("Bekerja"), "ok") if process.ready else Label(_("Belum siap"), "warn")


def health(status: Any) -> Label:
    """Return one word over a whole service."""
    lines = rows(status)
    if any(line.process is None for line in lines):
        return Label(_("Ada proses yang mati"), "bad")
    if status.dead_letters or any(job.outcome != "done" for job in status.jobs):
        return Label(_("Perlu dilihat"), "warn")
    return Label(_("Baik"), "ok")
