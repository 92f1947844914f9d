"""What moves an application between the desk and the tap: surveys, money, installations, and the proof looked at again."""

from __future__ import annotations

import uuid

from chassis import clock
from malang.twuin.v1 import new_connections_events_pb2 as facts
from sqlalchemy.orm import Session

from twuin import billing, connections, metering, payments, work_orders
from twuin.new_connections import endings, model, record
from twuin.new_connections.means import Means
from twuin.new_connections.model import Flaw, State
from twuin.new_connections.tables import ApplicationRow, LetterRow

_HOLDS = {Flaw.EXPIRED: "proof_expired"}


def send_out(session: Session, means: Means, row: ApplicationRow, kind: work_orders.Kind) -> None:
    """Give a locked application's next visit to a crew."""
    assert row.due_on is not None
    row.visits += 1
    position = (row.latitude, row.longitude) if row.latitude is not None and row.longitude is not None else None
    order = work_orders.create(
        session, means.vault, kind=kind, subject_id=row.application_id, subject_number=row.number, zone=row.zone,
        kelurahan=row.kelurahan, position=position, due_on=row.due_on, visit=row.visits, place=means.place(row).line(),
        citizen_id=row.citizen_id,
    )  # fmt: skip
    row.work_order_id, row.work_order_number = order.work_order_id, order.number


def work_ended(session: Session, means: Means, application_id: uuid.UUID, work_order_id: uuid.UUID) -> None:
    """Go on after a visit; a visit that is not the one waited for changes nothing."""
    row = record.locked(session, ApplicationRow.application_id == application_id, ApplicationRow.work_order_id == work_order_id)
    if row is None:
        return
    order = work_orders.get(session, work_order_id)
    if row.stands is State.SURVEY and order.survey is not None:
        _surveyed(session, means, row, order.survey, order.note)
    elif row.stands is State.INSTALLATION and order.outcome == "not_possible":
        _not_possible(session, means, row, order.note)
    elif row.stands is State.INSTALLATION and order.installation is not None:
        _installed(session, means, row, order.installation)


def _surveyed(session: Session, means: Means, row: ApplicationRow, found: work_orders.Survey, note: str) -> None:
    if work_orders.within_city(found.latitude, found.longitude):
        row.latitude, row.longitude = found.latitude, found.longitude
    if not found.feasible or found.pipe_distance_m > means.main_limit_m:
        record.changed(session, means, row, "surveyed", by=record.CREW, note=note)
        endings.refuse(session, means, row, "no_pipe", actor=record.SYSTEM, text=f"{found.pipe_distance_m} m")
        return
    record.step(session, means, row, "surveyed", by=record.CREW, note=note)
    lines = means.prices.prices.lines(metres=found.pipe_distance_m, diameter=found.pipe_diameter_mm)
    _offer(session, means, row, lines)


def _offer(session: Session, means: Means, row: ApplicationRow, lines: list[model.CostLine]) -> None:
    """Plan the connection, bill its cost, and ask the applicant to pay."""
    applicant = means.applicant(row)
    row.connection_id, row.connection_number = connections.plan(
        session, means.holders,
        connections.Plan(
            row.citizen_id, row.tariff_group, row.zone, row.kelurahan, applicant.name, means.place(row).line(), applicant.phone
        ),
    )  # fmt: skip
    record.move(means, row, State.PAYMENT)
    assert row.due_on is not None
    row.cost = [[line.code, line.quantity, line.unit_price] for line in lines]
    row.amount = sum(line.amount for line in lines)
    row.bill_id = billing.issue_connection(
        session, row.connection_id, number=row.connection_number, tariff_group=row.tariff_group, due_on=row.due_on,
        lines=[billing.Line(line.code, line.quantity, line.unit_price) for line in lines],
    )  # fmt: skip
    record.changed(session, means, row, "offered", by=record.SYSTEM)
    fact = facts.NewConnectionOffered(
        **record.named(row), amount=row.amount, bill_id=str(row.bill_id), due_on=row.due_on.isoformat()
    )
    record.tell(session, row, fact)


def paid(session: Session, means: Means, bill_id: uuid.UUID) -> None:
    """Go on to the installation once the cost is paid; any other bill changes nothing."""
    row = record.locked(session, ApplicationRow.bill_id == bill_id)
    if row is None or row.stands is not State.PAYMENT:
        return
    record.move(means, row, State.INSTALLATION)
    send_out(session, means, row, work_orders.Kind.INSTALL)
    record.changed(session, means, row, "paid", by=record.APPLICANT)
    record.tell_advanced(session, row, "installation")


def _not_possible(session: Session, means: Means, row: ApplicationRow, note: str) -> None:
    endings.refuse(session, means, row, payments.Reason.NOT_POSSIBLE.value, actor=record.CREW, text=note)


def _installed(session: Session, means: Means, row: ApplicationRow, left: work_orders.Installation) -> None:
    if metering.serial_taken(session, left.meter_serial):
        # A typing error that shows only here: the crew goes once more.
        send_out(session, means, row, work_orders.Kind.INSTALL)
        record.changed(session, means, row, "serial_taken", by=record.SYSTEM, note=left.meter_serial)
        record.tell_advanced(session, row, "installation")
        return
    row.meter = {
        "serial": left.meter_serial, "seal": left.seal, "first_reading": left.first_reading, "on": clock.today().isoformat(),
    }  # fmt: skip
    record.step(session, means, row, "installed", by=record.CREW)
    letter = session.get(LetterRow, row.letter_id, with_for_update={"read": True})
    flaw = letter.letter.flaw(clock.today()) if letter else Flaw.REVOKED
    if flaw is None:
        activate(session, means, row)
        return
    record.move(means, row, State.HELD)
    row.reason = _HOLDS.get(flaw, "proof_revoked")
    record.changed(session, means, row, "held", by=record.SYSTEM)
    record.tell(session, row, facts.NewConnectionHeld(**record.named(row), reason=row.reason))


def activate(session: Session, means: Means, row: ApplicationRow) -> None:
    """Let water flow: the connection is active, its meter stands, and its applicant is told."""
    assert row.connection_id is not None
    assert row.meter is not None
    first = int(row.meter["first_reading"])
    connections.activate(session, row.connection_id, row.citizen_id)
    metering.install(
        session, row.connection_id, serial=row.meter["serial"], digits=model.digits_for(first), initial=first, on=clock.today()
    )
    record.move(means, row, State.ACTIVE)
    row.reason, row.reason_text = "", None
    record.changed(session, means, row, "activated", by=record.SYSTEM)
    fact = facts.NewConnectionActivated(**record.named(row), connection_id=str(row.connection_id))
    record.tell(session, row, fact)
