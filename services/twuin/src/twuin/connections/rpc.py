"""malang.twuin.v1.Connections."""

from __future__ import annotations

import uuid

import grpc
from chassis import principal, rpc
from chassis.db import Database
from chassis.errors import Refused
from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import connections_pb2 as pb
from malang.twuin.v1 import connections_pb2_grpc

from twuin.connections import desk, proofs, service
from twuin.connections.errors import invalid
from twuin.connections.holders import Holders
from twuin.vocabulary import identifier

_DESK = rpc.staff("water_cs", "cashier", "operator")
_PAGE, _LARGEST_PAGE = 20, 100


class ConnectionsServicer(connections_pb2_grpc.ConnectionsServicer):
    """Opens a transaction, calls one use case, translates."""

    def __init__(self, db: Database, holders: Holders) -> None:
        self.db, self.holders = db, holders

    @rpc.access(rpc.CITIZEN)
    def ListMine(self, request: pb.ListMyConnectionsRequest, context: grpc.ServicerContext) -> pb.ListMyConnectionsResponse:
        """Return the caller's connections."""
        with self.db.transaction(readonly=True) as session:
            mine = service.mine(session, self.holders, principal.current().subject)
        return pb.ListMyConnectionsResponse(connections=[_connection(summary) for summary in mine])

    @rpc.access(rpc.CITIZEN)
    def Get(self, request: pb.GetConnectionRequest, context: grpc.ServicerContext) -> pb.Connection:
        """Return one of the caller's connections."""
        with self.db.transaction(readonly=True) as session:
            connection_id = identifier(request.connection_id)
            return _connection(service.get(session, self.holders, connection_id, principal.current().subject))

    @rpc.access(rpc.CITIZEN)
    def LinkByMeter(self, request: pb.LinkByMeterRequest, context: grpc.ServicerContext) -> pb.Connection:
        """Link by the meter's serial and the last bill's amount."""
        with self.db.transaction() as session:
            outcome = proofs.link_by_meter(
                session, self.holders, principal.current().subject, number=request.connection_number,
                serial=request.meter_serial, amount=request.last_bill_amount,
            )  # fmt: skip
        return self._answer(outcome)

    @rpc.access(rpc.CITIZEN)
    def BeginPhoneProof(self, request: pb.BeginPhoneProofRequest, context: grpc.ServicerContext) -> pb.PhoneProof:
        """Make a code for the registered phone."""
        with self.db.transaction() as session:
            begun = proofs.begin_phone(session, self.holders, principal.current().subject, request.connection_number)
        if isinstance(begun, Refused):
            raise begun
        answer = pb.PhoneProof(proof_id=str(begun.proof_id), phone_masked=begun.phone_masked)
        answer.expires_at.FromDatetime(begun.expires_at)
        return answer

    @rpc.access(rpc.CITIZEN)
    def LinkByPhone(self, request: pb.LinkByPhoneRequest, context: grpc.ServicerContext) -> pb.Connection:
        """Link by the code."""
        proof_id = identifier(request.proof_id)
        with self.db.transaction() as session:
            outcome = proofs.link_by_phone(session, self.holders, principal.current().subject, proof_id, request.code)
        return self._answer(outcome)

    @rpc.access(rpc.CITIZEN)
    def Unlink(self, request: pb.UnlinkRequest, context: grpc.ServicerContext) -> pb.UnlinkResponse:
        """End the caller's link."""
        with self.db.transaction() as session:
            service.unlink(session, identifier(request.connection_id), principal.current().subject)
        return pb.UnlinkResponse()

    @rpc.access(rpc.workload("gateway"))
    def TakePhoneProofDelivery(
        self, request: pb.TakePhoneProofDeliveryRequest, context: grpc.ServicerContext
    ) -> pb.PhoneProofDelivery:
        """Hand over what must be sent, once."""
        with self.db.transaction() as session:
            sent = proofs.take_delivery(session, self.holders, identifier(request.proof_id))
        return pb.PhoneProofDelivery(phone=sent.phone, code=sent.code, connection_number_masked=sent.number_masked)

    @rpc.access(_DESK)
    def Find(self, request: pb.FindConnectionsRequest, context: grpc.ServicerContext) -> pb.FindConnectionsResponse:
        """Find connections in the caller's areas."""
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        if size < 1:
            raise invalid("page_size", "range", "Ukuran halaman 1 sampai 100.", "A page has 1 to 100 entries.")
        with self.db.transaction(readonly=True) as session:
            found = desk.find(
                session, self.holders, principal.current(), request.query, size=size, after=request.page_token
            )  # fmt: skip
        return pb.FindConnectionsResponse(
            connections=[_connection(summary) for summary in found.connections], next_page_token=found.after
        )

    @rpc.access(_DESK)
    def Open(self, request: pb.OpenConnectionRequest, context: grpc.ServicerContext) -> pb.ConnectionFile:
        """Return all about a connection; its people can read who looked and why."""
        connection_id = identifier(request.connection_id)
        with self.db.transaction() as session:
            opened = desk.open_file(session, self.holders, principal.current(), connection_id, request.purpose)
        return pb.ConnectionFile(
            connection=_connection(opened.summary), holder_name=opened.holder_name, address=opened.address,
            phone=opened.phone, meter_serial=opened.meter_serial, linked_citizens=opened.linked_citizens,
        )  # fmt: skip

    def _answer(self, outcome: uuid.UUID | Refused) -> pb.Connection:
        """Raise a refusal now that its try is committed, or return the connection that was linked."""
        if isinstance(outcome, Refused):
            raise outcome
        with self.db.transaction(readonly=True) as session:
            return _connection(service.get(session, self.holders, outcome, principal.current().subject))


def _connection(summary: service.Summary) -> pb.Connection:
    linked_at = Timestamp()
    if summary.linked_at is not None:
        linked_at.FromDatetime(summary.linked_at)
    return pb.Connection(
        connection_id=str(summary.connection_id), number=summary.number, tariff_group=summary.tariff_group,
        zone=summary.zone, state=summary.state.value, meter_serial_masked=summary.meter_serial_masked,  # type: ignore[arg-type]  # the enum's number
        address_masked=summary.address_masked, holder_initials=summary.holder_initials,
        linked_at=linked_at if summary.linked_at is not None else None,
    )  # fmt: skip


def served(db: Database, holders: Holders) -> rpc.Served:
    """Return the service for a server."""
    return rpc.Served(
        connections_pb2_grpc.add_ConnectionsServicer_to_server, ConnectionsServicer(db, holders), "malang.twuin.v1.Connections"
    )
