"""What everybody sees of the city's reports, without a word or picture of any reporter; following needs an account."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.complaints_pb2 import (
    Category,
    FollowRequest,
    GetPublicRequest,
    ListCategoriesRequest,
    ListPublicRequest,
    PublicComplaint,
    PublicComplaintPage,
    UnfollowRequest,
)

from gateway.edge import citizen_required, limited, public, with_guests
from gateway.web import labels
from gateway.web import map as city_map
from gateway.web.calls import further, page_token, services, tried
from gateway.web.catalog import _, pick
from gateway.web.chrome import page
from gateway.web.entries import Entry

pages = Blueprint("public_complaints", __name__)
_SHOWN = 30


@pages.get("/laporan/publik")
@public
@with_guests
def listing() -> ResponseReturnValue:
    """Show reports on the map and in a list, or lead to the one whose number was typed."""
    entry, asked = Entry.asked(), request.args
    if "nomor" in asked:
        if entry["nomor"]:
            return redirect(f"/laporan/publik/{_number(entry['nomor'])}")
        entry.reject("nomor", _("Ketik nomor laporan."))
    wanted = ListPublicRequest(
        category=entry["kategori"], kelurahan=entry["kelurahan"], open_only=entry["keadaan"] != "semua", page_size=_SHOWN,
        page_token=page_token(),
    )  # fmt: skip
    found = PublicComplaintPage()
    with entry.catching(names={"category": "kategori"}):
        answer, failure = tried(lambda: services().complaints.ListPublic(wanted))
        found = answer or found
        return _listed(entry, found, failure)
    return _listed(entry, found, "")


def _listed(entry: Entry, found: PublicComplaintPage, failure: str) -> ResponseReturnValue:
    known, _failure = tried(lambda: services().complaints.ListCategories(ListCategoriesRequest())) if not failure else (None, "")
    return page(
        "complaints/public.html", entry, complaints=found.complaints, more=further(found.next_page_token), failure=failure,
        categories=_choices(list(known.categories) if known else []), choices=city_map.choices(),
        spots=[spot for each in found.complaints if (spot := spot_of(each, link=True))],
    )  # fmt: skip


def _choices(categories: list[Category]) -> list[tuple[str, str]]:
    return [(each.code, pick(each.name)) for each in categories]


def _number(text: str) -> str:
    """Return a typed number as it stands in an address."""
    return "".join(sign for sign in text.upper() if sign.isascii() and (sign.isalnum() or sign == "-"))[:20] or "-"


def spot_of(one: PublicComplaint, *, link: bool) -> city_map.Spot | None:
    """Return the place of a report, rounded as everybody may see it."""
    if not one.HasField("position"):
        return None
    label = labels.complaint(one.state)
    url = f"/laporan/publik/{one.number}" if link else ""
    title = f"{pick(one.category_name)}, {city_map.names().get(one.kelurahan, '')}: {label.text} ({one.number})"
    return city_map.Spot(one.position.latitude, one.position.longitude, title, url, label.tone)


@pages.get("/laporan/publik/<number>")
@public
@with_guests
@limited("verify")
def detail(number: str) -> ResponseReturnValue:
    """Show what everybody may see of one report."""
    entry = Entry({"nomor": number})
    one: PublicComplaint | None = None
    with entry.catching(missing=True, names={"number": "nomor"}):
        one = services().complaints.GetPublic(GetPublicRequest(number=number))
    if one is None:
        return _not_found(entry)
    spot = spot_of(one, link=False)
    return page("complaints/public_one.html", entry, complaint=one, spots=[spot] if spot else [])


def _not_found(entry: Entry) -> ResponseReturnValue:
    if entry.status == 404:  # noqa: PLR2004 - the HTTP status of what is not found
        entry.general = ""
        entry.errors["nomor"] = _("Tidak ada laporan dengan nomor ini. Periksa ketikannya.")
    return page("complaints/find.html", entry)


@pages.get("/laporan/publik/<number>/<any(ikuti,lepas):_step>")
@public
def after_language(number: str, _step: str) -> ResponseReturnValue:
    """Lead back to the report: a page that was posted is asked for again when the language is switched."""
    return redirect(f"/laporan/publik/{_number(number)}", 303)


@pages.post("/laporan/publik/<number>/ikuti")
@citizen_required
def follow(number: str) -> ResponseReturnValue:
    """Follow a report: its steps come to the inbox."""
    services().complaints.Follow(FollowRequest(number=number))
    return redirect(f"/laporan/publik/{_number(number)}?ok=ikuti", 303)


@pages.post("/laporan/publik/<number>/lepas")
@citizen_required
def unfollow(number: str) -> ResponseReturnValue:
    """Follow a report no longer."""
    services().complaints.Unfollow(UnfollowRequest(number=number))
    return redirect(f"/laporan/publik/{_number(number)}?ok=berhenti", 303)
