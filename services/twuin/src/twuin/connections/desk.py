"""What staff do with connections: find them, and open one with a purpose that its people can read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock, outbox
from chassis.principal import Principal
from malang.twuin.v1.connections_events_pb2 import HolderViewed
from sqlalchemy.orm import Session

from twuin.connections import model, service
from twuin.connections.errors import ConnectionNotFound, invalid, purpose_missing
from twuin.connections.holders import Holders
from twuin.connections.tables import ConnectionRow

_PURPOSE = range(5, 201)  # characters


@dataclass(frozen=True, slots=True)
class File:
    """All that is known about a connection and its holder."""

    summary: service.Summary
    holder_name: str
    address: str
    phone: str
    meter_serial: str
    linked_citizens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of connections; `after` is the number that the next page starts after, empty at the end."""

    connections: list[service.Summary]
    after: str


def find(session: Session, holders: Holders, viewer: Principal, query: str, *, size: int, after: str = "") -> Found:
    """Find connections of the viewer's areas by the start of their number (4 digits or more) or the registered phone; not planned ones."""
    statement = sa.select(ConnectionRow).where(
        _matches(holders, query), within(viewer), ConnectionRow.number > after, ConnectionRow.state != model.State.PLANNED.value
    )
    rows = list(session.scalars(statement.order_by(ConnectionRow.number).limit(size + 1)))
    shown = rows[:size]
    more = shown[-1].number if len(rows) > size else ""
    return Found(service.summaries(session, holders, [(row, None) for row in shown]), more)


def open_file(session: Session, holders: Holders, viewer: Principal, connection_id: uuid.UUID, purpose: str) -> File:
    """Return all about a connection of the viewer's areas, and tell each linked person that it was looked at."""
    row = session.scalar(sa.select(ConnectionRow).where(ConnectionRow.connection_id == connection_id, within(viewer)))
    checked = checked_purpose(purpose)
    if row is None:
        raise ConnectionNotFound
    linked = service.citizens_of(session, [connection_id]).get(connection_id, [])
    tell(session, viewer, connection_id, linked, purpose=checked, subject_kind="connection")
    serial = holders.meter_serials(session, [connection_id]).get(connection_id, "")
    return File(
        summary=service.summaries(session, holders, [(row, None)])[0], holder_name=holders.name(row),
        address=holders.address(row), phone=holders.phone(row) or "", meter_serial=serial, linked_citizens=tuple(linked),
    )  # fmt: skip


def tell(
    session: Session, viewer: Principal, connection_id: uuid.UUID, citizens: Iterable[str], *, purpose: str, subject_kind: str
) -> None:
    """Append the access fact for each of the citizens; `subject_kind`: connection or bills."""
    at = clock.now()
    version = session.execute(
        sa.update(ConnectionRow)
        .where(ConnectionRow.connection_id == connection_id)
        .values(version=ConnectionRow.version + 1)
        .returning(ConnectionRow.version)
    ).scalar_one()
    for citizen_id in citizens:
        fact = HolderViewed(
            citizen_id=citizen_id, viewer_id=viewer.subject, viewer_role=min(viewer.roles, default=""),
            office=viewer.claims.get("office", ""), purpose=purpose, subject_kind=subject_kind,
            subject_id=str(connection_id),
        )  # fmt: skip
        fact.at.FromDatetime(at)
        outbox.append(session, fact, key=str(connection_id), sequence=version)


def within(viewer: Principal) -> sa.ColumnElement[bool]:
    """Return the condition that a connection lies in the viewer's areas."""
    return sa.true() if "*" in viewer.areas else ConnectionRow.kelurahan.in_(sorted(viewer.areas))


def numbered(session: Session, viewer: Principal, number: str) -> uuid.UUID:
    """Return the id of a connection of the viewer's areas by its number; ConnectionNotFound otherwise."""
    found = session.scalar(
        sa.select(ConnectionRow.connection_id).where(ConnectionRow.number == (model.number_of(number) or ""), within(viewer))
    )
    if found is None:
        raise ConnectionNotFound
    return found


def checked_purpose(purpose: str) -> str:
    """Return a purpose without its outer blanks; refused when it says too little or too much."""
    purpose = " ".join(purpose.split())
    if len(purpose) not in _PURPOSE:
        raise purpose_missing()
    return purpose


def _matches(holders: Holders, query: str) -> sa.ColumnElement[bool]:
    index = holders.phone_index(query)
    if index is not None:
        return ConnectionRow.phone_index == index
    digits = "".join(query.split()).replace(".", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 4 <= len(digits) <= 12):  # noqa: PLR2004 - said in the sentence
        raise invalid(
            "query", "search",
            "Isi nomor sambungan (paling sedikit 4 angka pertama) atau nomor telepon pelanggan.",
            "Enter a connection number (at least its first 4 digits) or the holder's phone.",
        )  # fmt: skip
    # A range instead of LIKE: it uses the unique index whatever the database's collation.
    return sa.and_(ConnectionRow.number >= digits, ConnectionRow.number <= digits + ":")
