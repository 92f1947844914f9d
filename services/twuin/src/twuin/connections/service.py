"""What people do with connections: look at theirs, link by a proof, unlink. Staff look with a purpose."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock, outbox
from malang.twuin.v1.connections_events_pb2 import ConnectionLinked, ConnectionUnlinked
from sqlalchemy.orm import Session

from twuin.connections.errors import ConnectionNotFound
from twuin.connections.holders import Holders
from twuin.connections.model import State, initials, masked, masked_words
from twuin.connections.tables import ConnectionRow, LinkRow


@dataclass(frozen=True, slots=True)
class Summary:
    """A connection as its people and lists see it: what identifies the holder is masked."""

    connection_id: uuid.UUID
    number: str
    tariff_group: str
    zone: str
    state: State
    meter_serial_masked: str
    address_masked: str
    holder_initials: str
    linked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Owned:
    """A connection that a citizen is linked to."""

    connection_id: uuid.UUID
    number: str
    tariff_group: str
    zone: str


def owned(session: Session, connection_id: uuid.UUID, citizen_id: str) -> Owned:
    """Return a connection that the citizen is linked to; ConnectionNotFound otherwise."""
    found = session.execute(
        sa.select(ConnectionRow.connection_id, ConnectionRow.number, ConnectionRow.tariff_group, ConnectionRow.zone)
        .join(LinkRow, LinkRow.connection_id == ConnectionRow.connection_id)
        .where(LinkRow.citizen_id == citizen_id, LinkRow.unlinked_at.is_(None), ConnectionRow.connection_id == connection_id)
    ).one_or_none()
    if found is None:
        raise ConnectionNotFound
    return Owned(*found)


def citizens_of(session: Session, connection_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Return the accounts linked to each of the connections now; those without any are left out."""
    rows = session.execute(
        sa.select(LinkRow.connection_id, LinkRow.citizen_id)
        .where(LinkRow.connection_id.in_(connection_ids), LinkRow.unlinked_at.is_(None))
        .order_by(LinkRow.linked_at)
    )
    linked: dict[uuid.UUID, list[str]] = {}
    for connection_id, citizen_id in rows:
        linked.setdefault(connection_id, []).append(citizen_id)
    return linked


def mine(session: Session, holders: Holders, citizen_id: str) -> list[Summary]:
    """Return the connections that a citizen is linked to, in the order of linking."""
    rows = session.execute(
        sa.select(ConnectionRow, LinkRow.linked_at)
        .join(LinkRow, LinkRow.connection_id == ConnectionRow.connection_id)
        .where(LinkRow.citizen_id == citizen_id, LinkRow.unlinked_at.is_(None))
        .order_by(LinkRow.linked_at, ConnectionRow.number)
    ).all()
    return summaries(session, holders, [(row, linked_at) for row, linked_at in rows])


def get(session: Session, holders: Holders, connection_id: uuid.UUID, citizen_id: str) -> Summary:
    """Return one connection of a citizen; ConnectionNotFound otherwise."""
    for summary in mine(session, holders, citizen_id):
        if summary.connection_id == connection_id:
            return summary
    raise ConnectionNotFound


def summaries(session: Session, holders: Holders, rows: Sequence[tuple[ConnectionRow, dt.datetime | None]]) -> list[Summary]:
    """Return the masked picture of each row."""
    serials = holders.meter_serials(session, [row.connection_id for row, _ in rows])
    return [
        Summary(
            connection_id=row.connection_id, number=row.number, tariff_group=row.tariff_group, zone=row.zone,
            state=State(row.state), linked_at=linked_at,
            meter_serial_masked=masked(serials.get(row.connection_id, ""), keep=3),
            address_masked=masked_words(holders.address(row)), holder_initials=initials(holders.name(row)),
        )
        for row, linked_at in rows
    ]  # fmt: skip


def link(session: Session, connection_id: uuid.UUID, citizen_id: str, proof: str, *, told: bool = True) -> None:
    """Link an account to a connection; nothing happens when it is linked already. The caller has seen the proof.

    Without `told` no fact says so: the person hears of a planned connection from its application.
    """
    version = next_version(session, connection_id)
    linked = session.scalar(
        sa.select(LinkRow.link_id).where(
            LinkRow.connection_id == connection_id, LinkRow.citizen_id == citizen_id, LinkRow.unlinked_at.is_(None)
        )
    )
    if linked is not None:
        return
    session.add(
        LinkRow(
            link_id=uuid.uuid4(), connection_id=connection_id, citizen_id=citizen_id, proof=proof,
            linked_at=clock.now(), unlinked_at=None,
        )
    )  # fmt: skip
    session.flush()
    if not told:
        return
    fact = ConnectionLinked(connection_id=str(connection_id), citizen_id=citizen_id, proof=proof)
    outbox.append(session, fact, key=str(connection_id), sequence=version)


def unlink(session: Session, connection_id: uuid.UUID, citizen_id: str) -> None:
    """End a citizen's link; ConnectionNotFound when there is none."""
    owned(session, connection_id, citizen_id)
    version = next_version(session, connection_id)
    ended = session.execute(
        sa.update(LinkRow)
        .where(LinkRow.connection_id == connection_id, LinkRow.citizen_id == citizen_id, LinkRow.unlinked_at.is_(None))
        .values(unlinked_at=clock.now())
        .returning(LinkRow.link_id)
    ).all()
    if not ended:  # somebody was faster between the two statements
        raise ConnectionNotFound
    fact = ConnectionUnlinked(connection_id=str(connection_id), citizen_id=citizen_id)
    outbox.append(session, fact, key=str(connection_id), sequence=version)


def next_version(session: Session, connection_id: uuid.UUID) -> int:
    """Lock the connection and count its change."""
    return session.execute(
        sa.update(ConnectionRow)
        .where(ConnectionRow.connection_id == connection_id)
        .values(version=ConnectionRow.version + 1)
        .returning(ConnectionRow.version)
    ).scalar_one()
