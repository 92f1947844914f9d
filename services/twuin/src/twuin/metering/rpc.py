"""malang.twuin.v1.Metering."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import grpc
from chassis import clock, inbox, principal, rpc
from chassis.db import Database
from chassis.errors import FieldError, InvalidFields
from malang.twuin.v1 import metering_pb2 as pb
from malang.twuin.v1 import metering_pb2_grpc

from twuin import connections
from twuin.metering import lines, previews, service
from twuin.metering.errors import SENTENCES, invalid
from twuin.vocabulary import identifier

_STAFF = rpc.staff("water_cs", "operator")
_FIELD = rpc.staff("water_cs", "operator", "crew")
_MONTHS, _MOST_MONTHS = 13, 60


class MeteringServicer(metering_pb2_grpc.MeteringServicer):
    """Opens a transaction, calls one use case, translates."""

    def __init__(self, db: Database) -> None:
        self.db = db

    @rpc.access(rpc.CITIZEN)
    def Usage(self, request: pb.UsageRequest, context: grpc.ServicerContext) -> pb.UsageResponse:
        """Return what one of the caller's connections used by month, oldest first."""
        with self.db.transaction(readonly=True) as session:
            mine = connections.owned(session, identifier(request.connection_id), principal.current().subject)
            readings = service.recent(session, mine.connection_id, _months(request.months))
        return pb.UsageResponse(
            months=[
                pb.UsageMonth(
                    period=each.period, volume=each.volume, value=each.value, estimated=each.estimated, replaced=each.replaced
                )
                for each in reversed(readings)
            ]
        )

    @rpc.access(_FIELD)
    def ListReadings(self, request: pb.ListReadingsRequest, context: grpc.ServicerContext) -> pb.ListReadingsResponse:
        """Return the last readings of a connection, newest first."""
        with self.db.transaction(readonly=True) as session:
            connection_id = connections.numbered(session, principal.current(), request.connection_number)
            readings = service.recent(session, connection_id, _months(request.months))
        return pb.ListReadingsResponse(readings=[_reading(request.connection_number, each) for each in readings])

    @rpc.access(_FIELD)
    def EnterReading(self, request: pb.EnterReadingRequest, context: grpc.ServicerContext) -> pb.Reading:
        """Take one reading."""
        who, read_on = principal.current(), _day("read_on", request.read_on)
        with self.db.transaction() as session:

            def enter() -> pb.Reading:
                taken = service.enter(
                    session, connections.numbered(session, who, request.connection_number), period=request.period,
                    value=request.value, read_on=read_on, by=who.subject, confirm=request.confirm, estimated=request.estimated,
                )  # fmt: skip
                return _reading(request.connection_number, taken)

            return inbox.once(session, request, pb.Reading, enter)

    @rpc.access(_STAFF)
    def PreviewReadings(self, request: pb.PreviewReadingsRequest, context: grpc.ServicerContext) -> pb.ReadingsPreview:
        """Look at a file of readings before it is imported."""
        contents = lines.read(request.content, clock.today())
        with self.db.transaction() as session:
            return _preview(previews.stage(session, principal.current(), request.file_name, contents))

    @rpc.access(_STAFF)
    def GetReadingsPreview(self, request: pb.GetReadingsPreviewRequest, context: grpc.ServicerContext) -> pb.ReadingsPreview:
        """Return a preview that the caller made."""
        with self.db.transaction(readonly=True) as session:
            return _preview(previews.get(session, principal.current(), identifier(request.preview_id)))

    @rpc.access(_STAFF)
    def ImportReadings(self, request: pb.ImportReadingsRequest, context: grpc.ServicerContext) -> pb.ImportReadingsResponse:
        """Take the accepted readings of a preview; again gives the same answer."""
        with self.db.transaction() as session:
            imported = previews.load(session, principal.current(), identifier(request.preview_id))
        return pb.ImportReadingsResponse(imported=imported)

    @rpc.access(_FIELD)
    def ReplaceMeter(self, request: pb.ReplaceMeterRequest, context: grpc.ServicerContext) -> pb.ReplaceMeterResponse:
        """Change the meter of a connection."""
        who, on = principal.current(), _day("replaced_on", request.replaced_on)
        with self.db.transaction() as session:

            def replace() -> pb.ReplaceMeterResponse:
                meter_id = service.replace(
                    session, connections.numbered(session, who, request.connection_number), final=request.final_value,
                    serial=request.new_serial, initial=request.initial_value, digits=request.digits, on=on,
                )  # fmt: skip
                return pb.ReplaceMeterResponse(meter_id=str(meter_id))

            return inbox.once(session, request, pb.ReplaceMeterResponse, replace)


def _months(asked: int) -> int:
    if not 0 <= asked <= _MOST_MONTHS:
        raise InvalidFields(
            fields=[FieldError("months", "range", f"Paling banyak {_MOST_MONTHS} bulan.", f"At most {_MOST_MONTHS} months.")]
        )
    return asked or _MONTHS


def _day(field: str, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as wrong:
        raise invalid(field, "date") from wrong


def _reading(number: str, taken: service.Taken) -> pb.Reading:
    return pb.Reading(
        reading_id=str(taken.reading_id), connection_number=connections.number_of(number) or number, period=taken.period,
        meter_serial=taken.meter_serial, value=taken.value, previous=taken.previous, volume=taken.volume,
        rolled_over=taken.rolled_over, replaced=taken.replaced, estimated=taken.estimated,
        read_on=taken.read_on.isoformat(), warnings=taken.warnings.codes,
    )  # fmt: skip


def _preview(preview: previews.Preview) -> pb.ReadingsPreview:
    answer = pb.ReadingsPreview(
        preview_id=str(preview.preview_id), lines=preview.lines, accepted=preview.accepted, errors=_errors(preview.problems),
        error_count=preview.error_count, warnings=_errors(preview.warnings), imported=preview.imported,
        sample=[
            pb.Reading(
                connection_number=each.number, period=each.period, meter_serial=each.meter_serial, value=each.value,
                previous=each.previous, volume=each.volume, rolled_over=each.rolled_over, replaced=each.replaced,
                estimated=each.estimated, read_on=each.read_on.isoformat(), warnings=each.warnings.codes,
            )
            for each in preview.sample
        ],
    )  # fmt: skip
    answer.expires_at.FromDatetime(preview.expires_at)
    return answer


def _errors(problems: Iterable[lines.Problem]) -> list[pb.LineError]:
    return [
        pb.LineError(
            line=each.line, field=SENTENCES[each.code].field, code=each.code, id=SENTENCES[each.code].id,
            en=SENTENCES[each.code].en, value=each.value,
        )
        for each in problems
    ]  # fmt: skip


def served(db: Database) -> rpc.Served:
    """Return the service for a server."""
    return rpc.Served(metering_pb2_grpc.add_MeteringServicer_to_server, MeteringServicer(db), "malang.twuin.v1.Metering")
