"""How a step is written down: the new standing, the version, the step and the fact, in one transaction."""

from __future__ import annotations

from typing import Any

from chassis import clock, outbox
from chassis.db import Write
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from malang.singo.v1 import complaints_events_pb2 as facts
from sqlalchemy import insert
from sqlalchemy.orm import Session

from singo.complaints.means import Means
from singo.complaints.model import Actor, Event, Standing
from singo.complaints.tables import STEPS, Complaint, Seen, followers_of

WORKLOAD = "workload"
STEP = Write(insert(STEPS).inline(), ("complaint_id", "ordinal", "at", "event", "actor", "actor_id", "note"))


def step(
    session: Session, means: Means, row: Complaint, standing: Standing, event: Event, *, by: tuple[Actor, str], note: str = ""
) -> None:
    """Write one step of somebody (actor, id) down on a locked row."""
    row.stand(standing)
    touch(row)
    STEP.run(session, **values_of(means, row, event, by, note))


def touch(row: Complaint) -> None:
    """Count a change of a locked row."""
    row.version += 1
    row.updated_at = clock.now()


def values_of(means: Means, row: Complaint, event: Event, by: tuple[Actor, str], note: str = "") -> dict[str, Any]:
    """Return the values of a step that made the row's present version."""
    return {
        "complaint_id": row.id, "ordinal": row.version, "at": row.updated_at, "event": event.value, "actor": by[0].value,
        "actor_id": by[1], "note": means.seal_note(row.id, row.version, note),
    }  # fmt: skip


def tell(session: Session, row: Seen, fact: Message) -> None:
    """Append a fact about a complaint, in the order of its versions."""
    outbox.append(session, fact, key=str(row.id), sequence=row.version)


def told(session: Session, row: Complaint) -> list[str]:
    """Return who is told what happens to a complaint: its reporter, then its followers."""
    return [row.reporter_id, *(followers_of(session, row.id) if row.followers else ())]


def filed(row: Complaint, photo_ids: list[str]) -> facts.ComplaintFiled:
    """Return the fact that a complaint was filed."""
    fact = facts.ComplaintFiled(
        complaint_id=str(row.id),
        citizen_id=row.reporter_id,
        number=row.number,
        category=row.category,
        water=row.water,
        kelurahan=row.kelurahan,
        latitude=row.latitude or 0.0,
        longitude=row.longitude or 0.0,
        photo_ids=photo_ids,
        resolve_by=row.resolve_by.isoformat(),
    )
    fact.filed_at.FromDatetime(row.filed_at)
    return fact


def names(session: Session, row: Complaint) -> dict[str, Any]:
    """Return what nearly every fact about a complaint says."""
    return {
        "complaint_id": str(row.id), "citizen_ids": told(session, row), "number": row.number, "category": row.category,
    }  # fmt: skip


def viewed(row: Seen, viewer: tuple[str, str], purpose: str, subject: tuple[str, str]) -> facts.ComplainantViewed:
    """Return the fact that somebody (id, role) read what a reporter wrote or photographed (kind, id)."""
    at = Timestamp()
    at.FromDatetime(clock.now())
    return facts.ComplainantViewed(
        citizen_id=row.reporter_id,
        viewer_id=viewer[0],
        viewer_role=viewer[1],
        office=row.kelurahan if viewer[1] != WORKLOAD else "",
        purpose=purpose,
        subject_kind=subject[0],
        subject_id=subject[1],
        at=at,
    )
