"""Applications as messages."""

from __future__ import annotations

import datetime as dt

import orjson
from chassis import clock
from google.protobuf.timestamp_pb2 import Timestamp
from malang.singo.v1 import applications_pb2 as pb
from malang.singo.v1 import charter_pb2

from singo.applications.means import Means
from singo.applications.model import ENDED, State
from singo.applications.tables import Application, Attachment, TimelineEntry
from singo.charter import StepRole, Text

STATES = {
    State.DRAFT: pb.APPLICATION_STATE_DRAFT,
    State.SUBMITTED: pb.APPLICATION_STATE_SUBMITTED,
    State.RETURNED: pb.APPLICATION_STATE_RETURNED,
    State.APPROVED: pb.APPLICATION_STATE_APPROVED,
    State.SIGNING: pb.APPLICATION_STATE_SIGNING,
    State.SIGNED: pb.APPLICATION_STATE_SIGNED,
    State.REFUSED: pb.APPLICATION_STATE_REFUSED,
    State.WITHDRAWN: pb.APPLICATION_STATE_WITHDRAWN,
}
OF_STATE = {value: key for key, value in STATES.items()}
ROLES = {
    StepRole.CITIZEN: charter_pb2.STEP_ROLE_CITIZEN,
    StepRole.OFFICER: charter_pb2.STEP_ROLE_OFFICER,
    StepRole.LURAH: charter_pb2.STEP_ROLE_LURAH,
}


def whole(row: Application, means: Means) -> pb.Application:
    """Return an application with its fields, documents and timeline."""
    message = outline(row, means)
    message.fields = orjson.dumps(means.fields(row)).decode()
    message.attachments.extend(attachment(each) for each in row.attachments)
    return message


def outline(row: Application, means: Means) -> pb.Application:
    """Return an application with its timeline, and nothing that its applicant wrote: staff read that with a purpose only."""
    message = line(row, means)
    message.timeline.extend(_entry(each) for each in row.timeline)
    return message


def line(row: Application, means: Means) -> pb.Application:
    """Return an application as a line of a list: no fields, documents or timeline."""
    today, standing = clock.today(), row.standing
    ended = standing.state in ENDED
    promised = standing.clock.due_on if ended else standing.clock.promised(today, means.calendar)
    kind = means.charter.kinds.get(row.kind)
    name = kind.name if kind else Text(row.kind, row.kind)
    return pb.Application(
        application_id=str(row.id),
        kind=row.kind,
        kind_name=charter_pb2.Text(id=name.id, en=name.en),
        state=STATES[standing.state],
        created_at=_moment(row.created_at),
        updated_at=_moment(row.updated_at),
        submitted_at=_moment(row.submitted_at),
        due_on=promised.isoformat() if promised else "",
        working_days_left=0 if ended else standing.clock.remaining(today, means.calendar),
        letter_id=str(row.letter_id) if row.letter_id and standing.state is State.SIGNED else "",
        kelurahan=row.kelurahan,
        reference=row.reference,
        version=row.version,
        claimed_by=row.claimed_by,
        applicant_initials=row.initials,
    )


def attachment(row: Attachment) -> pb.Attachment:
    """Return a document without its bytes."""
    return pb.Attachment(
        attachment_id=str(row.id),
        requirement=row.requirement,
        file_name=row.file_name,
        media_type=row.media_type,
        size=row.size,
    )


def file(row: Application, means: Means) -> pb.ApplicationFile:
    """Return an application with who its applicant is."""
    return pb.ApplicationFile(application=whole(row, means), applicant=pb.ApplicantSnapshot(**means.applicant(row)))


def snapshot(message: pb.ApplicantSnapshot) -> dict[str, str]:
    """Return the personal data of a message by name."""
    return {each.name: getattr(message, each.name) for each in message.DESCRIPTOR.fields}


def for_citizen(message: pb.Application) -> pb.Application:
    """Return what the applicant may read: staff are shown by role only."""
    message.claimed_by = ""
    return message


def _entry(row: TimelineEntry) -> pb.TimelineEntry:
    return pb.TimelineEntry(at=_moment(row.at), event=row.event, actor=ROLES[StepRole(row.role)], note=row.note)


def _moment(value: dt.datetime | None) -> Timestamp | None:
    if value is None:
        return None
    moment = Timestamp()
    moment.FromDatetime(value)
    return moment
