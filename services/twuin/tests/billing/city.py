"""A small city for tests: connections with readings under a known tariff, and the people linked to them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from chassis import clock
from chassis.db import Database
from twuin import tariffs
from twuin.connections.tables import ConnectionRow, LinkRow
from twuin.metering.tables import ReadingRow

MIGRATIONS = Path(__file__).parents[2] / "migrations"
PERIOD = "2026-10"
DUE = dt.date(2026, 11, 20)


def _blocks(low: int, middle: int, high: int) -> tuple[tariffs.Block, ...]:
    return (tariffs.Block(1, 10, low), tariffs.Block(11, 20, middle), tariffs.Block(21, None, high))


PARTS = (
    tariffs.FixedPart("meter", "Meter", "Meter", 4000),
    tariffs.FixedPart("administration", "Administrasi", "Administration", 2500),
)
TARIFFS = {
    # PAM Jaya 2007, with and without invented fixed parts.
    "IIIA": tariffs.Tariff("IIIA", dt.date(2020, 1, 1), "IIIA", "IIIA", _blocks(3550, 4700, 5500)),
    "II": tariffs.Tariff("II", dt.date(2020, 1, 1), "II", "II", _blocks(1050, 1050, 1575), PARTS),
}


class City:
    """Adds connections, readings and links to a database."""

    def __init__(self, url: str) -> None:
        self.db = Database(url, application_name="test")
        with self.db.transaction() as session:
            tariffs.load(session, TARIFFS.values())

    def connect(self, volumes: Mapping[str, int] | None = None, *, group: str = "IIIA", citizens: Sequence[str] = ()) -> uuid.UUID:
        """Add a connection with a volume for each period given."""
        return self.connect_many([(group, volumes or {})], citizens=citizens)[0]

    def connect_many(self, wanted: Sequence[tuple[str, Mapping[str, int]]], *, citizens: Sequence[str] = ()) -> list[uuid.UUID]:
        """Add connections of (group, volume by period)."""
        ids = [uuid.uuid4() for _ in wanted]
        with self.db.transaction() as session:
            session.execute(sa.insert(ConnectionRow), [_connection(i, group) for i, (group, _) in zip(ids, wanted, strict=True)])
            read = [_reading(i, p, v) for i, (_, volumes) in zip(ids, wanted, strict=True) for p, v in volumes.items()]
            if read:
                session.execute(sa.insert(ReadingRow), read)
            for citizen in citizens:
                session.execute(sa.insert(LinkRow), [_link(i, citizen) for i in ids])
        return ids

    def read(self, connection_id: uuid.UUID, period: str, volume: int) -> None:
        """Add a reading."""
        with self.db.transaction() as session:
            session.execute(sa.insert(ReadingRow), [_reading(connection_id, period, volume)])

    def link(self, connection_id: uuid.UUID, citizen: str) -> None:
        """Link a citizen."""
        with self.db.transaction() as session:
            session.execute(sa.insert(LinkRow), [_link(connection_id, citizen)])

    def unlink(self, citizen: str) -> None:
        """End a citizen's links."""
        with self.db.transaction() as session:
            session.execute(sa.update(LinkRow).where(LinkRow.citizen_id == citizen).values(unlinked_at=clock.now()))

    def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """Return the rows of plain SQL."""
        with self.db.transaction(readonly=True) as session:
            return [tuple(row) for row in session.execute(sa.text(query), values)]

    def one(self, query: str, **values: object) -> object:
        """Return the only value of plain SQL."""
        [[value]] = self.rows(query, **values)
        return value


def _connection(connection_id: uuid.UUID, group: str) -> dict[str, object]:
    return {
        "connection_id": connection_id, "number": f"{connection_id.int % 10**10:010d}", "tariff_group": group, "zone": "Z1",
        "kelurahan": "35.73.03.1008", "state": 1, "version": 1, "holder_name": b"", "address": b"", "phone": None, "phone_index": None,
    }  # fmt: skip


def _reading(connection_id: uuid.UUID, period: str, volume: int) -> dict[str, object]:
    return {
        "connection_id": connection_id, "period": period, "reading_id": uuid.uuid4(), "meter_id": uuid.uuid4(),
        "previous_value": 100, "value": 100 + volume, "volume": volume, "rolled_over": False, "replaced": False,
        "estimated": False, "read_on": dt.date(2026, 10, 20), "entered_by": "test", "entered_at": clock.now(), "warnings": 0,
    }  # fmt: skip


def _link(connection_id: uuid.UUID, citizen: str) -> dict[str, object]:
    return {
        "link_id": uuid.uuid4(), "connection_id": connection_id, "citizen_id": citizen, "proof": "meter",
        "linked_at": clock.now(), "unlinked_at": None,
    }  # fmt: skip
