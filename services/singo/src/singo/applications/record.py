"""How a step is written down: the new standing, the version, the timeline entry and the fact, in one transaction."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from chassis import clock, outbox
from chassis.principal import Principal
from google.protobuf.message import Message
from malang.singo.v1 import applications_events_pb2 as facts
from sqlalchemy.orm import Session

from singo.applications.model import Event, Standing
from singo.applications.tables import Application, TimelineEntry
from singo.charter import StepRole


def step(application: Application, standing: Standing, event: Event, role: StepRole, actor: str, *, note: str = "") -> None:
    """Write one step down on a locked row."""
    application.stand(standing)
    touch(application)
    entry(application, event, role, actor, note=note)


def touch(application: Application) -> None:
    """Count a change of a locked row."""
    application.version += 1
    application.updated_at = clock.now()


def entry(application: Application, event: Event, role: StepRole, actor: str, *, note: str = "") -> None:
    """Add a line to the timeline."""
    made = TimelineEntry(
        at=clock.now(), event=event.value, role=role.value, actor_id=actor, note=note, version=application.version,
        due_on=application.due_on,
    )  # fmt: skip
    application.timeline.append(made)


def tell(session: Session, application: Application, fact: Message) -> None:
    """Append a fact about an application, in the order of its versions."""
    outbox.append(session, fact, key=str(application.id), sequence=application.version)


def submitted(application: Application, due_on: dt.date | None, *, corrected: bool) -> facts.ApplicationSubmitted:
    """Return the fact that an application was handed in, with the day that was promised."""
    return facts.ApplicationSubmitted(
        application_id=str(application.id),
        citizen_id=application.citizen_id,
        kind=application.kind,
        kelurahan=application.kelurahan,
        reference=application.reference,
        due_on=due_on.isoformat() if due_on else "",
        corrected=corrected,
    )


def viewed(application: Application, who: Principal, role: str, purpose: str, subject: tuple[str, str]) -> facts.ApplicantViewed:
    """Return the fact that a member of staff read personal data of the applicant."""
    fact = facts.ApplicantViewed(
        citizen_id=application.citizen_id,
        viewer_id=who.subject,
        viewer_role=role,
        office=application.kelurahan,
        purpose=purpose,
        subject_kind=subject[0],
        subject_id=subject[1],
    )
    fact.at.FromDatetime(clock.now())
    return fact


class Plain(Protocol):
    """A kind of fact that names an application and nothing else."""

    def __call__(self, *, application_id: str, citizen_id: str, kind: str, reference: str) -> Message:
        """Make one."""


def plain(kind: Plain, application: Application) -> Message:
    """Return a fact that names an application and nothing else."""
    return kind(
        application_id=str(application.id),
        citizen_id=application.citizen_id,
        kind=application.kind,
        reference=application.reference,
    )
