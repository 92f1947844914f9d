"""Accounts of staff, by the hands of an admin."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request
from flask.typing import ResponseReturnValue

from gateway.edge import gateway, idempotent, staff_required
from gateway.identity import staff
from gateway.identity.model import STAFF_ROLES
from gateway.web.backoffice.shell import page
from gateway.web.catalog import _
from gateway.web.entries import Entry

pages = Blueprint("office_staff", __name__)


@pages.get("/kantor/petugas")
@staff_required("admin")
def listing() -> ResponseReturnValue:
    """Show the members of staff."""
    ended = request.args.get("berakhir") == "ya"
    return page("staff_list.html", Entry.asked(), members=staff.list_staff(gateway().means, ended=ended), ended=ended)


@pages.get("/kantor/petugas/baru")
@staff_required("admin")
def new() -> ResponseReturnValue:
    """Ask who the new member of staff is."""
    return page("staff_new.html", roles=STAFF_ROLES, chosen=())


@pages.post("/kantor/petugas/baru")
@staff_required("admin")
@idempotent
def create() -> ResponseReturnValue:
    """Make an account; its password is shown this once."""
    entry, chosen = Entry.typed(), request.form.getlist("roles")
    entry.values.update(roles="", areas=entry["areas"])
    with entry.catching(names={"username": "username"}):
        made = staff.create(
            gateway().means, username=entry["username"].casefold(), name=entry["name"], roles=chosen, areas=_areas(entry),
            office=entry["office"], admin_id=g.person.id,
        )  # fmt: skip
        return page("staff_secret.html", staff_id=made.staff_id, username=made.username, password=made.password, fresh=True)
    return page("staff_new.html", entry, roles=STAFF_ROLES, chosen=chosen)


def _areas(entry: Entry) -> list[str]:
    return entry["areas"].replace(",", " ").split()


@pages.get("/kantor/petugas/<uuid:staff_id>")
@staff_required("admin")
def detail(staff_id: object) -> ResponseReturnValue:
    """Show one member of staff and what was done to the account."""
    return _detail(staff_id, Entry())


@pages.get("/kantor/petugas/<uuid:staff_id>/<any('tugas','faktor-kedua','sandi','akhiri'):_step>")
@staff_required("admin")
def after_language(staff_id: object, _step: str) -> ResponseReturnValue:
    """Lead back to the member of staff: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/kantor/petugas/{staff_id}", 303)


def _detail(staff_id: object, entry: Entry) -> ResponseReturnValue:
    member, changes = staff.get_staff(gateway().means, str(staff_id))
    names = {each.id: each.name for each in staff.list_staff(gateway().means, ended=True)}
    chosen = request.form.getlist("roles") if "roles" in entry.values else member.roles
    entry.values.setdefault("areas", ", ".join(member.areas))
    entry.values.setdefault("office", member.office)
    return page("staff_member.html", entry, member=member, changes=changes, names=names, roles=STAFF_ROLES, chosen=chosen)


@pages.post("/kantor/petugas/<uuid:staff_id>/tugas")
@staff_required("admin")
def change_duties(staff_id: object) -> ResponseReturnValue:
    """Give other roles and areas; counts at once."""
    entry = Entry.typed()
    entry.values.update(roles="", areas=entry["areas"])
    with entry.catching(names={"reason": "alasan-tugas"}):
        staff.change_duties(
            gateway().means, str(staff_id), roles=request.form.getlist("roles"), areas=_areas(entry), office=entry["office"],
            admin_id=g.person.id, reason=entry["alasan-tugas"],
        )  # fmt: skip
        return redirect(f"/kantor/petugas/{staff_id}?ok=tugas", 303)
    return _detail(staff_id, entry)


@pages.post("/kantor/petugas/<uuid:staff_id>/faktor-kedua")
@staff_required("admin")
def reset_second_factor(staff_id: object) -> ResponseReturnValue:
    """Forget a lost second factor."""
    entry = Entry.typed()
    with entry.catching(names={"reason": "alasan-faktor"}):
        staff.reset_second_factor(gateway().means, str(staff_id), admin_id=g.person.id, reason=entry["alasan-faktor"])
        return redirect(f"/kantor/petugas/{staff_id}?ok=faktor", 303)
    return _detail(staff_id, entry)


@pages.post("/kantor/petugas/<uuid:staff_id>/sandi")
@staff_required("admin")
def reset_password(staff_id: object) -> ResponseReturnValue:
    """Give a new password, shown this once."""
    entry = Entry.typed()
    with entry.catching(names={"reason": "alasan-sandi"}):
        password = staff.reset_password(gateway().means, str(staff_id), admin_id=g.person.id, reason=entry["alasan-sandi"])
        member, _changes = staff.get_staff(gateway().means, str(staff_id))
        return page("staff_secret.html", staff_id=member.id, username=member.username, password=password, fresh=False)
    return _detail(staff_id, entry)


@pages.post("/kantor/petugas/<uuid:staff_id>/akhiri")
@staff_required("admin")
def end(staff_id: object) -> ResponseReturnValue:
    """End an account for good; its work goes back to the queues."""
    entry = Entry.typed()
    if not entry["yakin"]:
        entry.reject("yakin", _("Nyatakan dahulu bahwa akun ini diakhiri."))
        return _detail(staff_id, entry)
    with entry.catching(names={"reason": "alasan-akhir"}):
        staff.end(gateway().means, str(staff_id), admin_id=g.person.id, reason=entry["alasan-akhir"])
        return redirect(f"/kantor/petugas/{staff_id}?ok=akhir", 303)
    return _detail(staff_id, entry)
