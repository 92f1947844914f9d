"""Connections taken over in bulk: holders sealed one by one, rows written by COPY."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from twuin.connections.holders import PHONE, Holders, bound
from twuin.connections.model import State, phone_of
from twuin.connections.tables import ConnectionRow

_COPY = (
    "copy connections (connection_id, number, tariff_group, zone, kelurahan, state, version, holder_name, address, phone, phone_index)"
    " from stdin (format binary)"
)
_TYPES = ["uuid", "text", "text", "text", "text", "int2", "int8", "bytea", "bytea", "bytea", "bytea"]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A connection as it is taken over; the phone may be empty."""

    connection_id: uuid.UUID
    number: str
    tariff_group: str
    zone: str
    kelurahan: str
    holder_name: str
    address: str
    phone: str = ""


def take_in(session: Session, holders: Holders, newcomers: Iterable[Newcomer]) -> int:
    """Add connections that are not there yet; return how many."""
    session.flush()
    driver = cast("psycopg.Connection[object]", session.connection().connection.driver_connection)
    count = 0
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for one in newcomers:
            copy.write_row(_row(holders, one))
            count += 1
    return count


def known_numbers(session: Session, numbers: Iterable[str]) -> set[str]:
    """Return those of the numbers that connections have."""
    return set(session.scalars(sa.select(ConnectionRow.number).where(ConnectionRow.number.in_(list(numbers)))))


def _row(holders: Holders, one: Newcomer) -> tuple[object, ...]:
    def sealed(column: str, text: str) -> bytes:
        return holders.vault.seal(text, bound=bound(one.connection_id, column))

    phone = phone_of(one.phone)
    return (
        one.connection_id, one.number, one.tariff_group, one.zone, one.kelurahan, State.ACTIVE.value, 1,
        sealed("holder_name", one.holder_name), sealed("address", one.address),
        sealed("phone", phone) if phone else None, holders.vault.index(phone, of=PHONE) if phone else None,
    )  # fmt: skip
