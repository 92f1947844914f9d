"""Connections that are not there yet: planned with a number, so that their cost can be paid, then active or dropped."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock, outbox
from malang.twuin.v1.connections_events_pb2 import ConnectionLinked
from sqlalchemy.orm import Session

from twuin.connections import service
from twuin.connections.holders import PHONE, Holders, bound
from twuin.connections.model import State, phone_of
from twuin.connections.tables import ConnectionRow, LinkRow, connection_numbers

PROOF = "application"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a planned connection is to be; the citizen who applied reads and pays for it."""

    citizen_id: str
    tariff_group: str
    zone: str
    kelurahan: str
    holder_name: str
    address: str
    phone: str


def plan(session: Session, holders: Holders, wanted: Plan) -> tuple[uuid.UUID, str]:
    """Add a planned connection, linked to its applicant; return its id and number."""
    connection_id, number = uuid.uuid4(), _fresh_number(session)

    def sealed(column: str, text: str) -> bytes:
        return holders.vault.seal(text, bound=bound(connection_id, column))

    phone = phone_of(wanted.phone)
    session.add(
        ConnectionRow(
            connection_id=connection_id, number=number, tariff_group=wanted.tariff_group, zone=wanted.zone,
            kelurahan=wanted.kelurahan, state=State.PLANNED.value, version=1,
            holder_name=sealed("holder_name", wanted.holder_name), address=sealed("address", wanted.address),
            phone=sealed("phone", phone) if phone else None,
            phone_index=holders.vault.index(phone, of=PHONE) if phone else None,
        )
    )  # fmt: skip
    session.flush()
    service.link(session, connection_id, wanted.citizen_id, PROOF, told=False)
    return connection_id, number


def activate(session: Session, connection_id: uuid.UUID, citizen_id: str) -> None:
    """Let water flow through a planned connection; from now on it is billed, and its applicant is told of the link."""
    version = service.next_version(session, connection_id)
    _move(session, connection_id, State.ACTIVE)
    if citizen_id in service.citizens_of(session, [connection_id]).get(connection_id, ()):
        fact = ConnectionLinked(connection_id=str(connection_id), citizen_id=citizen_id, proof=PROOF)
        outbox.append(session, fact, key=str(connection_id), sequence=version)


def drop_plan(session: Session, connection_id: uuid.UUID, *, paid: bool) -> None:
    """Let a planned connection be none: it is removed. Who paid for it stays linked and keeps the bill; others forget it."""
    service.next_version(session, connection_id)
    _move(session, connection_id, State.REMOVED)
    if not paid:
        session.execute(
            sa.update(LinkRow)
            .where(LinkRow.connection_id == connection_id, LinkRow.unlinked_at.is_(None))
            .values(unlinked_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def _move(session: Session, connection_id: uuid.UUID, state: State) -> None:
    moved = session.execute(
        sa.update(ConnectionRow)
        .where(ConnectionRow.connection_id == connection_id, ConnectionRow.state == State.PLANNED.value)
        .values(state=state.value)
        .returning(ConnectionRow.connection_id)
    ).all()
    if not moved:
        raise RuntimeError("only a planned connection becomes active or is dropped")


def _fresh_number(session: Session) -> str:
    """Return a number that no connection has: numbers taken over from elsewhere may lie in the way."""
    while True:
        number = str(session.scalar(sa.select(connection_numbers.next_value())))
        if session.scalar(sa.select(ConnectionRow.connection_id).where(ConnectionRow.number == number)) is None:
            return number
