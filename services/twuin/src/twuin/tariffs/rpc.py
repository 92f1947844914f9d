"""malang.twuin.v1.Tariffs."""

from __future__ import annotations

import datetime as dt

import grpc
from chassis import clock, rpc
from chassis.db import Database
from chassis.errors import FieldError, InvalidFields
from malang.twuin.v1 import tariffs_pb2 as pb
from malang.twuin.v1 import tariffs_pb2_grpc

from twuin.tariffs import service
from twuin.tariffs.messages import line_message, tariff_message


class TariffsServicer(tariffs_pb2_grpc.TariffsServicer):
    """Opens a transaction, calls one use case, translates. Tariffs are public."""

    def __init__(self, db: Database) -> None:
        self.db = db

    @rpc.access(rpc.ANYONE)
    def List(self, request: pb.ListTariffsRequest, context: grpc.ServicerContext) -> pb.ListTariffsResponse:
        """Return the tariffs in force on a day."""
        with self.db.transaction(readonly=True) as session:
            found = service.tariffs_on(session, _day(request.on))
        return pb.ListTariffsResponse(tariffs=[tariff_message(tariff) for tariff in found])

    @rpc.access(rpc.ANYONE)
    def Calculate(self, request: pb.CalculateRequest, context: grpc.ServicerContext) -> pb.Calculation:
        """Return what a volume costs, line by line."""
        with self.db.transaction(readonly=True) as session:
            calculation = service.calculate(session, request.group, request.volume, _day(request.on))
        return pb.Calculation(
            lines=[line_message(line) for line in calculation.lines], total=calculation.total,
            tariff=tariff_message(calculation.tariff),
        )  # fmt: skip


def _day(text: str) -> dt.date:
    if not text:
        return clock.today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as wrong:
        raise InvalidFields(
            fields=[FieldError("on", "date", "Tanggal ditulis TTTT-BB-HH.", "A day is written YYYY-MM-DD.")]
        ) from wrong


def served(db: Database) -> rpc.Served:
    """Return the service for a server."""
    return rpc.Served(tariffs_pb2_grpc.add_TariffsServicer_to_server, TariffsServicer(db), "malang.twuin.v1.Tariffs")
