"""A small water utility for tests: connections with holders and meters, made by the use cases that production has."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from chassis import clock
from chassis.db import Database
from chassis.db.frame import outbox
from chassis.testing import as_citizen, serve
from malang.twuin.v1 import connections_pb2_grpc, metering_pb2_grpc, tariffs_pb2_grpc
from twuin import connections, metering
from twuin.connections import Holders
from twuin.connections.intake import Newcomer
from twuin.parts import Parts
from twuin.settings import Settings

NOW = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)
PHONE = "+628000000001"
SAWOJAJAR = "35.73.03.1008"
LAST_BILL = 61_500  # rupiah; what the layer above connections answers in these tests


class Waterworks:
    """The capabilities below billing over a database of their own."""

    def __init__(self, settings: Settings) -> None:
        self.db = Database(settings.database_url, application_name="test")
        self.parts = Parts(settings, self.db)
        self.last_bills: dict[uuid.UUID, int] = {}
        self.parts.holders = Holders(
            self.parts.holders.vault, metering.serials, lambda _session, connection_id: self.last_bills.get(connection_id)
        )
        self._made = 0

    def connect(
        self, *, citizens: tuple[str, ...] = (), kelurahan: str = SAWOJAJAR, phone: str = PHONE, digits: int = 5, initial: int = 0,
        meter: bool = True,
    ) -> Newcomer:  # fmt: skip
        """Add a connection with a meter and a bill, linked to the citizens."""
        self._made += 1
        one = Newcomer(
            uuid.uuid4(),
            f"{35_000_000 + self._made}",
            "IIIA",
            "Z05",
            kelurahan,
            "Budi Santoso",
            "Jl. Danau Toba No. 7 RT 3 RW 5",
            phone,
        )
        with self.db.transaction() as session:
            connections.take_in(session, self.parts.holders, [one])
            if meter:
                metering.install(
                    session, one.connection_id, serial=self.serial(one), digits=digits, initial=initial, on=dt.date(2025, 1, 2)
                )
            for citizen in citizens:
                connections.link(session, one.connection_id, citizen, "meter")
        self.last_bills[one.connection_id] = LAST_BILL
        return one

    def serial(self, one: Newcomer) -> str:
        """Return the serial of the first meter of a connection."""
        return f"TT-{one.number}"

    def read(self, one: Newcomer, period: str, value: int, **more: object) -> metering.Taken:
        """Take a reading on the 25th of its period, confirmed."""
        with self.db.transaction() as session:
            return metering.enter(
                session, one.connection_id, period=period, value=value, read_on=dt.date.fromisoformat(f"{period}-25"), by="staff",
                confirm=True, **more,
            )  # fmt: skip

    def facts(self, kind: type) -> list[object]:
        """Return the facts of a type that were said, oldest first."""
        with self.db.transaction(readonly=True) as session:
            rows = session.execute(
                sa.select(outbox.c.payload).where(outbox.c.type == kind.DESCRIPTOR.full_name).order_by(outbox.c.id)
            ).scalars()
            return [kind.FromString(payload) for payload in rows]


class Calls:
    """Stubs of a served Waterworks."""

    def __init__(self, upstream: object) -> None:
        self.connections = upstream.stub(connections_pb2_grpc.ConnectionsStub)
        self.metering = upstream.stub(metering_pb2_grpc.MeteringStub)
        self.tariffs = upstream.stub(tariffs_pb2_grpc.TariffsStub)


__all__ = ["LAST_BILL", "NOW", "PHONE", "SAWOJAJAR", "Calls", "Waterworks", "as_citizen", "clock", "serve"]
