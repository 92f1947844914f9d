"""Filing a complaint: what a reporter typed and photographed is judged as a whole, then stored, then written down."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis import clock, pictures
from chassis.errors import FieldError, InvalidFields
from chassis.principal import Principal
from sqlalchemy import insert
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session

from singo.complaints import record, words
from singo.complaints.means import Means
from singo.complaints.model import Actor, Category, Event, Standing, new_number
from singo.complaints.tables import PHOTOS, Complaint

MOST_PHOTOS = 3
LEAST_TEXT, MOST_TEXT = 10, 2000
LEAST_ADDRESS, MOST_ADDRESS = 5, 300
SOUTH, NORTH, WEST, EAST = -8.06, -7.90, 112.56, 112.70  # degrees: a box around the city
DIGITS = 6  # of a degree: about 0.1 m
_INSERT = pg.insert(Complaint).on_conflict_do_nothing(index_elements=["number"]).returning(Complaint)


@dataclass(frozen=True, slots=True)
class Report:
    """What a reporter said, judged: position in degrees (latitude, longitude) or an address in words, photos made anew."""

    category: Category
    text: str
    position: tuple[float, float] | None
    address: str
    kelurahan: str
    photos: tuple[pictures.Picture, ...]


def judged(
    means: Means,
    *,
    category: str,
    text: str,
    position: tuple[float, float] | None,
    address: str,
    kelurahan: str,
    photos: Sequence[bytes],
) -> Report:
    """Return a report; InvalidFields with every rule that it breaks. Decodes photos: outside of any transaction."""
    errors: list[FieldError] = []
    if (known := means.categories.get(category)) is None:
        errors.append(FieldError("category", "enum", "Pilih salah satu kategori.", "Choose one of the categories."))
    plain, wrong = words.checked("text", text, least=LEAST_TEXT, most=MOST_TEXT)
    errors += wrong
    place, wrong = words.checked("address", address, least=LEAST_ADDRESS if address.strip() else 0, most=MOST_ADDRESS)
    errors += wrong
    errors += _misplaced(known, position, place)
    if kelurahan not in means.charter.offices:
        errors.append(
            FieldError("kelurahan", "enum", "Pilih kelurahan di Kota Malang.", "Choose a kelurahan of the city of Malang.")
        )
    made, wrong = _made_anew(photos)
    errors += wrong
    if errors or known is None:
        raise InvalidFields(fields=errors)
    return Report(known, plain, position and (round(position[0], DIGITS), round(position[1], DIGITS)), place, kelurahan, made)


def file(
    session: Session, means: Means, who: Principal, report: Report, *, complaint_id: uuid.UUID, kept: list[dict[str, Any]]
) -> Complaint:
    """Write a judged report down, whose photos are stored already, and say so."""
    row: Complaint | None = None
    values = _values(means, who, report, complaint_id) | {"photos": len(kept)}
    while row is None:  # one draw in 600 thousand million meets a given number; the next draw is free
        row = session.scalar(_INSERT, values | {"number": new_number()})
    record.STEP.run(session, **record.values_of(means, row, Event.FILED, (Actor(who.kind), who.subject)))
    if kept:
        session.execute(insert(PHOTOS), kept)
    record.tell(session, row, record.filed(row, [str(each["id"]) for each in kept]))
    return row


def _values(means: Means, who: Principal, report: Report, complaint_id: uuid.UUID) -> dict[str, Any]:
    now, standing = clock.now(), Standing.filed(report.category, clock.today(), means.calendar)
    latitude, longitude = report.position or (None, None)
    return {
        "id": complaint_id, "reporter_id": who.subject, "reporter_kind": who.kind, "category": report.category.code,
        "kelurahan": report.kelurahan, "water": report.category.water, "state": standing.state.value, "latitude": latitude,
        "longitude": longitude, "text": means.seal(complaint_id, "text", report.text),
        "address": means.seal(complaint_id, "address", report.address), "respond_by": standing.respond_by,
        "resolve_by": standing.resolve_by, "due_on": standing.due_on, "visit_at": now, "filed_at": now, "updated_at": now,
    }  # fmt: skip


def _misplaced(category: Category | None, position: tuple[float, float] | None, address: str) -> list[FieldError]:
    if position is not None and not (SOUTH <= position[0] <= NORTH and WEST <= position[1] <= EAST):
        return [FieldError("position", "outside", "Tempatnya di luar Kota Malang.", "The place is outside of the city of Malang.")]
    if category is not None and category.needs_position and position is None and not address:
        return [
            FieldError(
                "position",
                "required",
                "Tandai tempatnya di peta atau tulis alamatnya.",
                "Mark the place on the map or write its address.",
            )
        ]
    return []


def _made_anew(photos: Sequence[bytes]) -> tuple[tuple[pictures.Picture, ...], list[FieldError]]:
    if len(photos) > MOST_PHOTOS:
        return (), [FieldError("photos", "too_many", f"Paling banyak {MOST_PHOTOS} foto.", f"At most {MOST_PHOTOS} photos.")]
    made, errors = [], list[FieldError]()
    for place, content in enumerate(photos):
        try:
            made.append(pictures.cleaned(content, field=f"photos.{place}"))
        except InvalidFields as refused:
            errors += refused.fields
    return tuple(made), errors
