"""malang.twuin.v1.Leaks."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import grpc
from chassis import principal, rpc
from chassis.db import Database
from chassis.errors import NotFound
from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import leaks_pb2 as pb
from malang.twuin.v1 import leaks_pb2_grpc

from twuin import network
from twuin.leaks import board
from twuin.leaks.tables import LeakReportRow, LeakRow
from twuin.vocabulary import identifier

DESK = rpc.staff("operator", "water_cs")
Fetch = Callable[[uuid.UUID, str], tuple[str, bytes]]  # a complaint's photo: its media type and bytes


class LeakPhotoNotFound(NotFound):
    """No report of this leak has such a photo."""

    id = "Foto tidak ditemukan."
    en = "There is no such photo."


class LeaksServicer(leaks_pb2_grpc.LeaksServicer):
    """Opens a transaction, reads, translates."""

    def __init__(self, db: Database, fetch: Fetch) -> None:
        self.db, self._fetch = db, fetch

    @rpc.access(DESK)
    def Board(self, request: pb.LeakBoardRequest, context: grpc.ServicerContext) -> pb.LeakBoard:
        """Return the board of the caller's areas."""
        with self.db.transaction(readonly=True) as session:
            shown = board.show(
                session, principal.current(), zone=request.zone, closed_too=request.closed_too, etag=request.etag
            )  # fmt: skip
        return pb.LeakBoard(
            leaks=map(_line, shown.leaks),
            zones=[pb.ZoneCount(zone=each.code, open=each.open, late=each.late, oldest_hours=each.oldest_hours) for each in shown.zones],
            etag=shown.etag, unchanged=shown.unchanged, more=shown.more,
        )  # fmt: skip

    @rpc.access(DESK)
    def Get(self, request: pb.GetLeakRequest, context: grpc.ServicerContext) -> pb.Leak:
        """Return a leak with its reports and steps."""
        with self.db.transaction(readonly=True) as session:
            leak = board.read(session, principal.current(), identifier(request.leak_id))
            message = _line(leak)
            message.reports.extend(map(_report, board.reports(session, leak.leak_id)))
            message.steps.extend(
                pb.LeakStep(at=_instant(each.at), event=each.event, note=each.note) for each in board.steps(session, leak.leak_id)
            )
        return message

    @rpc.access(DESK)
    def GetPhoto(self, request: pb.GetLeakPhotoRequest, context: grpc.ServicerContext) -> pb.LeakPhotoContent:
        """Return a photo of a report, fetched from singo outside of any transaction."""
        with self.db.transaction(readonly=True) as session:
            leak = board.read(session, principal.current(), identifier(request.leak_id))
            of = {photo: each.complaint_id for each in board.reports(session, leak.leak_id) for photo in each.photo_ids}
        if request.photo_id not in of:
            raise LeakPhotoNotFound
        media_type, content = self._fetch(of[request.photo_id], request.photo_id)
        return pb.LeakPhotoContent(media_type=media_type, content=content)


def served(db: Database, fetch: Fetch) -> rpc.Served:
    """Return the service for a server."""
    return rpc.Served(leaks_pb2_grpc.add_LeaksServicer_to_server, LeaksServicer(db, fetch), "malang.twuin.v1.Leaks")


def _line(leak: LeakRow) -> pb.Leak:
    """Return a leak without reports and steps; one whose position is not known stands in the middle of its kelurahan."""
    latitude, longitude = leak.latitude, leak.longitude
    if latitude is None or longitude is None:
        latitude, longitude = network.centre_of(leak.kelurahan) or (0.0, 0.0)
    return pb.Leak(
        leak_id=str(leak.leak_id), number=leak.number, state=leak.state, zone=leak.zone, kelurahan=leak.kelurahan,  # type: ignore[arg-type]  # the enum's number
        latitude=latitude, longitude=longitude, positioned=leak.latitude is not None, opened_at=_instant(leak.opened_at),
        closed_at=_instant(leak.closed_at), resolve_by=leak.resolve_by.isoformat(), work_order_id=str(leak.work_order_id),
        work_order_number=leak.work_order_number, crew=leak.crew, visits=leak.visits, age_hours=board.age_hours(leak),
        late=board.late(leak), version=leak.version,
    )  # fmt: skip


def _report(report: LeakReportRow) -> pb.LeakReport:
    return pb.LeakReport(
        complaint_id=str(report.complaint_id), complaint_number=report.complaint_number, at=_instant(report.at),
        photo_ids=report.photo_ids,
    )  # fmt: skip


def _instant(at: dt.datetime | None) -> Timestamp | None:
    if at is None:
        return None
    message = Timestamp()
    message.FromDatetime(at)
    return message
