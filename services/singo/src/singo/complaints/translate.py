"""Complaints as messages: for the reporter, for staff, for everyone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from chassis import clock
from google.protobuf.timestamp_pb2 import Timestamp
from malang.singo.v1 import charter_pb2
from malang.singo.v1 import complaints_pb2 as pb
from sqlalchemy import Row

from singo.charter import Text
from singo.complaints.following import Look
from singo.complaints.means import Means
from singo.complaints.model import Actor, Category, Event, State
from singo.complaints.tables import Complaint, Seen, standing

STATES = {
    State.FILED: pb.COMPLAINT_STATE_FILED,
    State.ASSIGNED: pb.COMPLAINT_STATE_ASSIGNED,
    State.ANSWERED: pb.COMPLAINT_STATE_ANSWERED,
    State.RESOLVED: pb.COMPLAINT_STATE_RESOLVED,
    State.REOPENED: pb.COMPLAINT_STATE_REOPENED,
    State.REFUSED: pb.COMPLAINT_STATE_REFUSED,
    State.WITHDRAWN: pb.COMPLAINT_STATE_WITHDRAWN,
}
OF_STATE = {value: key for key, value in STATES.items()}
COARSE = 3  # digits of a degree on the public page: about 100 m


def line(row: Seen, means: Means) -> pb.Complaint:
    """Return a complaint without steps, photos and anything that its reporter wrote."""
    stands = standing(row)
    return pb.Complaint(
        complaint_id=str(row.id),
        number=row.number,
        category=row.category,
        category_name=_text(means.category_name(row.category)),
        state=STATES[stands.state],
        position=_position(row),
        kelurahan=row.kelurahan,
        filed_at=_moment(row.filed_at),
        updated_at=_moment(row.updated_at),
        respond_by=row.respond_by.isoformat(),
        resolve_by=row.resolve_by.isoformat(),
        working_days_left=stands.working_days_left(clock.today(), means.calendar),
        resolved_at=_moment(row.resolved_at),
        reopen_until=_moment(row.reopen_until),
        rating=row.rating,
        assigned_to=row.assigned_to,
        water=row.water,
        water_reference=row.water_reference,
        followers=row.followers,
        visits=row.visit,
        version=row.version,
        guest=row.reporter_kind == Actor.GUEST.value,
    )


def written(row: Seen, means: Means) -> pb.Complaint:
    """Return a complaint with what its reporter wrote, without steps and photos."""
    message = line(row, means)
    message.text, message.address = means.opened(row, "text"), means.opened(row, "address")
    message.rating_text = means.opened(row, "rating_text")
    return message


def whole(row: Seen, means: Means, steps: Sequence[Row[Any]], photos: Sequence[Row[Any]]) -> pb.Complaint:
    """Return a complaint with everything."""
    message = written(row, means)
    message.steps.extend(_step(each, means.note(each)) for each in steps)
    message.photos.extend(photo(each) for each in photos)
    return message


def fresh(row: Complaint, means: Means, kept: Sequence[Mapping[str, Any]]) -> pb.Complaint:
    """Return a complaint that was filed just now, from what was written down: nothing is read again."""
    message = written(row, means)
    message.steps.append(pb.ComplaintStep(at=_moment(row.filed_at), event=Event.FILED.value, actor=row.reporter_kind))
    for each in kept:
        message.photos.add(
            photo_id=str(each["id"]), media_type=each["media_type"], size=each["size"], width=each["width"], height=each["height"]
        )
    return message


def for_reporter(message: pb.Complaint) -> pb.Complaint:
    """Return what the reporter may read: staff are shown by role only."""
    message.assigned_to = ""
    return message


def public(row: Seen, means: Means, look: Look, steps: Sequence[Row[Any]] = ()) -> pb.PublicComplaint:
    """Return what everyone may see: a coarse place, and notes only where an office wrote them."""
    mine = bool(look.subject) and row.reporter_id == look.subject
    return pb.PublicComplaint(
        number=row.number,
        category=row.category,
        category_name=_text(means.category_name(row.category)),
        state=STATES[State(row.state)],
        kelurahan=row.kelurahan,
        position=_position(row, COARSE),
        filed_at=_moment(row.filed_at),
        updated_at=_moment(row.updated_at),
        resolve_by=row.resolve_by.isoformat(),
        steps=[_public_step(each, means) for each in steps],
        followers=row.followers,
        following=row.id in look.followed,
        mine=mine,
        water_reference=row.water_reference,
        complaint_id=str(row.id) if mine else "",
    )


def photo(row: Row[Any]) -> pb.Photo:
    """Return a photo without its bytes."""
    return pb.Photo(photo_id=str(row.id), media_type=row.media_type, size=row.size, width=row.width, height=row.height)


def category(each: Category) -> pb.Category:
    """Return a category as its message."""
    return pb.Category(
        code=each.code,
        name=_text(each.name),
        hint=_text(each.hint),
        water=each.water,
        respond_days=each.respond_days,
        resolve_days=each.resolve_days,
        needs_position=each.needs_position,
    )


def _step(row: Row[Any], note: str) -> pb.ComplaintStep:
    return pb.ComplaintStep(at=_moment(row.at), event=row.event, actor=row.actor, note=note)


def _public_step(row: Row[Any], means: Means) -> pb.ComplaintStep:
    step = _step(row, means.note(row) if row.actor == Actor.OFFICER.value else "")
    if step.actor == Actor.GUEST.value:
        step.actor = Actor.CITIZEN.value  # how a reporter signed in is nobody's business
    return step


def _position(row: Seen, digits: int | None = None) -> pb.Position | None:
    if row.latitude is None or row.longitude is None:
        return None
    if digits is None:
        return pb.Position(latitude=row.latitude, longitude=row.longitude)
    return pb.Position(latitude=round(row.latitude, digits), longitude=round(row.longitude, digits))


def _text(value: Text) -> charter_pb2.Text:
    return charter_pb2.Text(id=value.id, en=value.en)


def _moment(value: dt.datetime | None) -> Timestamp | None:
    if value is None:
        return None
    moment = Timestamp()
    moment.FromDatetime(value)
    return moment
