"""Work orders as messages of the contract."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from chassis import clock
from chassis.principal import Principal
from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import work_orders_pb2 as pb
from sqlalchemy.orm import Session

from twuin import network
from twuin.work_orders import photos
from twuin.work_orders.crews import Crew
from twuin.work_orders.field import late
from twuin.work_orders.lists import Page
from twuin.work_orders.model import Installation, Kind, Report, State, Survey
from twuin.work_orders.service import seen
from twuin.work_orders.tables import WorkOrderRow, WorkPhotoRow, WorkStepRow

KINDS = {kind.value: kind for kind in Kind}
STATES = {state.value: state for state in State}


def line(row: WorkOrderRow, who: Principal) -> pb.WorkOrder:
    """Return an order without its photos, steps and address."""
    positioned, (latitude, longitude) = placed(row.kelurahan, row.latitude, row.longitude)
    return pb.WorkOrder(
        work_order_id=str(row.work_order_id), number=row.number, kind=row.kind, state=row.state, subject_id=str(row.subject_id),  # type: ignore[arg-type]  # the enums' numbers
        subject_number=row.subject_number, zone=row.zone, kelurahan=row.kelurahan, latitude=latitude, longitude=longitude,
        positioned=positioned, crew=row.crew, mine=row.accepted_by == who.subject, due_on=row.due_on.isoformat(), visit=row.visit,
        materials=[pb.Material(code=code, quantity=quantity) for code, quantity in row.materials], outcome=row.outcome,
        note=row.note, created_at=instant(row.created_at), completed_at=instant(row.ended_at) if row.outcome else None,
        late=late(row, clock.today()), version=row.version, reports=row.reports,
    )  # fmt: skip


def whole(session: Session, row: WorkOrderRow, who: Principal, *, place: str = "") -> pb.WorkOrder:
    """Return an order with everything; the address only where the caller was told it."""
    message, order = line(row, who), seen(row)
    message.place = place
    message.photos.extend(map(_photo, photos.of(session, row.work_order_id)))
    message.steps.extend(map(_step, _steps(session, row.work_order_id)))
    if order.survey:
        message.survey.CopyFrom(_survey(order.survey))
    if order.installation:
        message.install.CopyFrom(_installation(order.installation))
    return message


def page(found: Page, who: Principal) -> pb.WorkOrderPage:
    """Return a page of orders."""
    return pb.WorkOrderPage(
        work_orders=[line(row, who) for row in found.rows], next_page_token=found.next_page_token, total=found.total
    )


def crew(found: Crew) -> pb.Crew:
    """Return a crew."""
    return pb.Crew(
        name=found.name, zones=found.zones, skills=[skill.value for skill in found.skills], open_orders=found.open_orders  # type: ignore[misc]  # the enum's numbers
    )  # fmt: skip


def placed(kelurahan: str, latitude: float | None, longitude: float | None) -> tuple[bool, tuple[float, float]]:
    """Tell whether a position is known, and return it or the middle of the kelurahan."""
    if latitude is None or longitude is None:
        return False, network.centre_of(kelurahan) or (0.0, 0.0)
    return True, (latitude, longitude)


def report(request: pb.CompleteWorkOrderRequest) -> Report:
    """Return what a crew said at the end."""
    survey, install = request.survey, request.install
    return Report(
        request.outcome, request.note,
        Survey(survey.pipe_distance_m, survey.pipe_diameter_mm, survey.feasible, survey.latitude, survey.longitude)
        if request.HasField("survey") else None,
        Installation(install.meter_serial, install.seal, install.first_reading, install.latitude, install.longitude)
        if request.HasField("install") else None,
    )  # fmt: skip


def instant(at: dt.datetime | None) -> Timestamp | None:
    """Return an instant as a message."""
    if at is None:
        return None
    message = Timestamp()
    message.FromDatetime(at)
    return message


def _photo(row: WorkPhotoRow) -> pb.WorkPhoto:
    return pb.WorkPhoto(
        photo_id=row.photo_id, media_type=row.media_type, size=row.size, at=instant(row.at), of_citizen=row.complaint_id is not None
    )


def _step(row: WorkStepRow) -> pb.WorkStep:
    return pb.WorkStep(at=instant(row.at), event=row.event, actor=row.actor, note=row.note)


def _steps(session: Session, work_order_id: uuid.UUID) -> list[WorkStepRow]:
    query = sa.select(WorkStepRow).where(WorkStepRow.work_order_id == work_order_id)
    return list(session.scalars(query.order_by(WorkStepRow.step_id)))


def _survey(found: Survey) -> pb.SurveyResult:
    return pb.SurveyResult(
        pipe_distance_m=found.pipe_distance_m, pipe_diameter_mm=found.pipe_diameter_mm, feasible=found.feasible,
        latitude=found.latitude, longitude=found.longitude,
    )  # fmt: skip


def _installation(done: Installation) -> pb.InstallResult:
    return pb.InstallResult(
        meter_serial=done.meter_serial, seal=done.seal, first_reading=done.first_reading,
        latitude=done.latitude, longitude=done.longitude,
    )  # fmt: skip
