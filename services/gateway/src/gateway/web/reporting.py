"""Report something: what it is, where it is, what one sees; nothing typed, marked or chosen is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, abort, redirect, request
from flask.typing import ResponseReturnValue
from malang.singo.v1.complaints_pb2 import (
    Category,
    FileComplaintRequest,
    ListCategoriesRequest,
    PhotoUpload,
    Position,
)

from gateway.edge import gateway, idempotent, public, reporter_required, spend, uploads_up_to, with_guests
from gateway.kept_pictures import Picture
from gateway.web import chosen
from gateway.web import map as city_map
from gateway.web.calls import services, tried
from gateway.web.catalog import _
from gateway.web.chrome import page
from gateway.web.entries import Entry

pages = Blueprint("reporting", __name__)
PHOTOS = 3
_NAMES = {"position": "peta", "latitude": "peta", "longitude": "peta", "photos": "foto", "content": "foto", "file_name": "foto"}
_NAMES |= {f"photos.{place}": "foto" for place in range(PHOTOS)}
_TIMEOUT = 15.0  # seconds: pictures are made anew while the person waits


@pages.get("/lapor")
@public
@with_guests
def choose() -> ResponseReturnValue:
    """Show what can be reported."""
    listed, failure = tried(lambda: services().complaints.ListCategories(ListCategoriesRequest()))
    return page("complaints/choose.html", categories=list(listed.categories) if listed else [], failure=failure)


@pages.get("/lapor/<code>")
@reporter_required
def form(code: str) -> ResponseReturnValue:
    """Show the empty form."""
    return _form(_category(code), Entry(), [])


def _category(code: str) -> Category:
    listed = services().complaints.ListCategories(ListCategoriesRequest())
    found = next((each for each in listed.categories if each.code == code), None)
    if found is None:
        abort(404)
    return found


def _form(category: Category, entry: Entry, pictures: list[Picture]) -> ResponseReturnValue:
    return page("complaints/form.html", entry, category=category, choices=city_map.choices(), pictures=pictures, most=PHOTOS)


@dataclass(slots=True)
class _Draft:
    """A form as it came: its fields, and the pictures that came with it now or before."""

    entry: Entry
    kept: list[Picture] = field(default_factory=list)
    fresh: list[tuple[str, bytes]] = field(default_factory=list)

    @classmethod
    def posted(cls) -> _Draft:
        files = [(chosen.plain(file.filename or ""), file.read()) for file in request.files.getlist("foto")]
        kept = chosen.kept(request.form.getlist("tersimpan")[:PHOTOS])
        draft = cls(Entry.typed(), kept, [(name, content) for name, content in files if content])
        draft.entry.values |= {name: draft.entry.values.get(name, "") for name in ("text", "address", "kelurahan", "peta", "foto")}
        return draft

    def keep(self) -> list[Picture]:
        """Keep the pictures that came now, so that they need not be chosen again."""
        return [*self.kept, *chosen.keep(self.fresh[: max(0, PHOTOS - len(self.kept))])]


@pages.post("/lapor/<code>")
@reporter_required
@uploads_up_to(16)
def send(code: str) -> ResponseReturnValue:
    """File the report; other buttons of the form, and a click on its map, show the form again with what they changed."""
    category = _category(code)
    if "peta.x" in request.form or request.form.get("lanjut"):
        return _changed(category, _Draft.posted())
    return _filed(category)


def _changed(category: Category, draft: _Draft) -> ResponseReturnValue:
    values, wanted = draft.entry.values, request.form.get("lanjut", "")
    if "peta.x" in request.form:
        _mark(values)
    elif wanted == "tanpa-pin":
        values["lat"] = values["lon"] = ""
    elif wanted.startswith("lepas:"):
        chosen.forget([wanted.removeprefix("lepas:")])
        draft.kept = [each for each in draft.kept if each.id != wanted.removeprefix("lepas:")]
    return _form(category, draft.entry, draft.keep())


def _mark(values: dict[str, str]) -> None:
    """Put the pin where the picture was clicked; the kelurahan follows where none was chosen."""
    x, y = request.form.get("peta.x", ""), request.form.get("peta.y", "")
    if not (x.isdecimal() and y.isdecimal() and len(x) < 5 and len(y) < 5):  # noqa: PLR2004 - pixels
        return
    latitude, longitude = city_map.position(int(x), int(y), *city_map.PICTURE)
    values["lat"], values["lon"] = str(latitude), str(longitude)
    area = city_map.nearest(latitude, longitude)
    if area is not None and not values["kelurahan"]:
        values["kelurahan"] = area.code


@idempotent
def _filed(category: Category) -> ResponseReturnValue:
    draft = _Draft.posted()
    entry = draft.entry
    asked = FileComplaintRequest(
        category=category.code, text=entry["text"], address=entry["address"], kelurahan=entry["kelurahan"],
        position=_position(entry), photos=_uploads(draft),
    )  # fmt: skip
    if not entry.wrong:
        with entry.catching(names=_NAMES):
            spend("report", gateway().settings.rate_reports_per_hour)
            filed = services().complaints.File(asked, timeout=_TIMEOUT)
            chosen.forget([each.id for each in draft.kept])
            return redirect(f"/laporan/{filed.complaint_id}?ok=lapor", 303)
    entry.naming({"text": _("Laporan Anda"), "address": _("Alamat atau patokan"), "foto": _("Foto")})
    return _form(category, entry, draft.keep())


def _position(entry: Entry) -> Position | None:
    if not entry["lat"] and not entry["lon"]:
        return None
    if city_map.pin(entry["lat"], entry["lon"]) is None:
        entry.reject("peta", _("Letak pin di luar Kota Malang. Klik peta sekali lagi."))
        return None
    return Position(latitude=float(entry["lat"]), longitude=float(entry["lon"]))


def _uploads(draft: _Draft) -> list[PhotoUpload]:
    if len(draft.kept) + len(draft.fresh) > PHOTOS:
        draft.entry.reject("foto", _("Paling banyak 3 foto. Foto yang lebih dari itu tidak ikut disimpan."))
    if any(len(content) > chosen.BYTES for _name, content in draft.fresh):
        draft.entry.reject("foto", _("Satu foto paling besar 5 MB. Foto yang lebih besar tidak ikut disimpan."))
    return [
        *(PhotoUpload(file_name=each.name, content=each.content) for each in draft.kept),
        *(PhotoUpload(file_name=name, content=content) for name, content in draft.fresh),
    ]


@pages.get("/lapor/foto/<picture_id>")
@reporter_required
def picture(picture_id: str) -> Response:
    """Show a picture that waits with its form."""
    return chosen.shown(picture_id)
