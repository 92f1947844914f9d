"""What an application must say: every field is looked at, and all that is wrong is said at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chassis import clock, pictures
from chassis.errors import FieldError, InvalidFields
from sqlalchemy.orm import Session

from twuin import network, tariffs, work_orders
from twuin.connections import phone_of
from twuin.new_connections.errors import at_field
from twuin.new_connections.means import Applicant, Place
from twuin.new_connections.model import DOCUMENTS

_ADDRESS, _NAME, _NOTE = range(3, 201), range(2, 101), range(501)  # signs
_REASON = range(5, 501)
_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as it was sent."""

    kind: str
    file_name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Paper:
    """A picture made anew, with a name that is safe to show and to save."""

    kind: str
    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """An application as it was sent; no position is None."""

    letter_id: str
    place: Place
    kelurahan: str
    position: tuple[float, float] | None
    tariff_group: str
    applicant: Applicant


def tidied(text: str) -> str:
    """Return a text on one line in composed form."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def cleaned(uploads: Sequence[Upload]) -> tuple[list[Paper], list[FieldError]]:
    """Return the pictures made anew, and what is wrong with those that cannot be."""
    papers, wrong = [], []
    if len(uploads) > len(DOCUMENTS) or len({upload.kind for upload in uploads}) != len(uploads):
        return [], [at_field("documents", "too_many", "Paling banyak satu foto rumah dan satu denah.",
                             "At most one photo of the house and one sketch.")]  # fmt: skip
    for place, upload in enumerate(uploads):
        field = f"documents.{place}"
        if upload.kind not in DOCUMENTS:
            wrong.append(at_field(f"{field}.kind", "enum", "Pilih foto rumah atau denah.", "Choose house or sketch."))
            continue
        try:
            picture = pictures.cleaned(upload.content, field=f"{field}.content")
        except InvalidFields as refused:
            wrong += refused.fields
            continue
        papers.append(Paper(upload.kind, _safe_name(upload.file_name), picture.media_type, picture.content))
    return papers, wrong


def check(session: Session, form: Form, wrong: Sequence[FieldError]) -> None:
    """Raise InvalidFields with all that is wrong with a form, the documents' errors among them."""
    if errors := [*_home(form), *_person(form), *_supply(session, form), *wrong]:
        raise InvalidFields(fields=errors)


def reason(text: str, field: str = "reason") -> str:
    """Return why somebody ends an application; InvalidFields for too little or too much."""
    text = tidied(text)
    if len(text) not in _REASON or _unfit(text):
        raise InvalidFields(
            fields=[at_field(field, "length", "Tuliskan alasan (5 sampai 500 huruf).", "Give a reason (5 to 500 characters).")]
        )
    return text


def note(text: str) -> str:
    """Return a note of the desk's; InvalidFields for too much."""
    text = tidied(text)
    if len(text) not in _NOTE or _unfit(text):
        raise InvalidFields(
            fields=[at_field("note", "length", "Catatan paling banyak 500 huruf.", "A note has at most 500 characters.")]
        )
    return text


def _home(form: Form) -> Iterator[FieldError]:
    if not form.letter_id.strip():
        yield at_field("letter_id", "required", "Pilih surat keterangan domisili.", "Choose a domicile letter.")
    if len(form.place.address) not in _ADDRESS or _unfit(form.place.address):
        yield at_field(
            "address", "length", "Alamat terdiri dari 3 sampai 200 huruf.", "An address has 3 to 200 characters."
        )  # fmt: skip
    for name, value in (("rt", form.place.rt), ("rw", form.place.rw)):
        if not _NUMBER.fullmatch(value):
            yield at_field(name, "digits", f"{name.upper()} terdiri dari 1 sampai 3 angka.", f"{name.upper()} has 1 to 3 digits.")
    if form.position is not None and not work_orders.within_city(*form.position):
        yield at_field(
            "latitude", "outside", "Letak rumah harus di dalam Kota Malang.", "The house must lie inside the city of Malang."
        )


def _person(form: Form) -> Iterator[FieldError]:
    name, phone = form.applicant.name, form.applicant.phone
    if len(name) not in _NAME or _unfit(name):
        yield at_field(
            "applicant.name", "length", "Nama pemohon 2 sampai 100 huruf.", "The applicant's name has 2 to 100 characters."
        )
    if phone and phone_of(phone) is None:
        yield at_field("applicant.phone", "phone", "Nomor telepon tidak dikenal.", "This is no phone number.")


def _supply(session: Session, form: Form) -> Iterator[FieldError]:
    if network.zone_of(form.kelurahan) is None:
        yield at_field("kelurahan", "enum", "Pilih kelurahan di Kota Malang.", "Choose a kelurahan of the city of Malang.")
    if not form.tariff_group or not tariffs.tariffs_on(session, clock.today(), form.tariff_group):
        yield at_field("tariff_group", "enum", "Pilih golongan tarif.", "Choose a tariff group.")


def _unfit(text: str) -> bool:
    return any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co") for sign in text)


def _safe_name(name: str) -> str:
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}\Z", "", last)
    kept = "".join(sign if sign.isalnum() or sign in " -_()" else "_" for sign in stem)
    return (re.sub(r"[ _]{2,}", "_", kept).strip(" _-")[:80].strip() or "dokumen") + ".jpg"
