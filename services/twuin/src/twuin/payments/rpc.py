"""Payments over gRPC."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode

import grpc
from chassis import clock, faults, inbox, principal
from chassis.db import Database
from chassis.errors import FieldError, InvalidFields, NotFound
from chassis.rpc import CITIZEN, access, workload
from malang.twuin.v1 import payments_pb2 as pb
from malang.twuin.v1.payments_pb2_grpc import PaymentsServicer as Contract
from sqlalchemy.orm import Session

from twuin.payments import callbacks, flow, local, messages, receipt, service
from twuin.payments.model import Channel
from twuin.payments.provider import Provider
from twuin.payments.tables import PaymentRow
from twuin.vocabulary import identifier

_SIZE, _MOST = 20, 100
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CHANNELS: dict[int, Channel] = {pb.CHANNEL_VA: Channel.VA, pb.CHANNEL_QRIS: Channel.QRIS}


class PaymentsServicer(Contract):
    """Payments of the citizen, callbacks of the provider."""

    def __init__(self, db: Database, provider: Provider) -> None:
        """Take the database and the payment provider."""
        self.db, self._provider = db, provider

    @access(CITIZEN)
    def Start(self, request: pb.StartPaymentRequest, context: grpc.ServicerContext) -> pb.Payment:
        """Start a payment; the provider is asked between two transactions, and once more by the jobs if it does not answer."""
        citizen_id = principal.current().subject
        channel = _channel(request.channel)
        bill_ids = [identifier(bill_id) for bill_id in request.bill_ids]

        def effect() -> pb.Payment:
            begun = service.start(session, citizen_id=citizen_id, bill_ids=bill_ids, channel=channel, provider=self._provider.name)
            return self._message(session, begun)

        with self.db.transaction() as session:
            begun = inbox.once(session, request, pb.Payment, effect)
        payment_id = uuid.UUID(begun.payment_id)
        flow.open_order(self.db, self._provider, payment_id)
        return self._own(citizen_id, payment_id)

    @access(CITIZEN)
    def Get(self, request: pb.GetPaymentRequest, context: grpc.ServicerContext) -> pb.Payment:
        """Show one of the caller's payments."""
        return self._own(principal.current().subject, identifier(request.payment_id))

    @access(CITIZEN)
    def ListMine(self, request: pb.ListMyPaymentsRequest, context: grpc.ServicerContext) -> pb.ListMyPaymentsResponse:
        """List the caller's payments, newest first."""
        size = min(request.page_size, _MOST) if request.page_size > 0 else _SIZE
        before = _before(request.page_token)
        with self.db.transaction(readonly=True) as session:
            rows = service.mine(session, principal.current().subject, limit=size + 1, before=before)
            bills = service.bills_of(session, [row.payment_id for row in rows])
        token = _token(rows[size - 1]) if len(rows) > size else ""
        found = [messages.payment(row, bills[row.payment_id], demo=self._provider.demo) for row in rows[:size]]
        return pb.ListMyPaymentsResponse(payments=found, next_page_token=token)

    @access(CITIZEN)
    def Cancel(self, request: pb.CancelPaymentRequest, context: grpc.ServicerContext) -> pb.Payment:
        """Cancel one of the caller's waiting payments, then close the order at the provider."""
        payment_id = identifier(request.payment_id)
        with self.db.transaction() as session:
            cancelled = self._message(session, service.cancel(session, principal.current().subject, payment_id))
        flow.close_order(self._provider, payment_id)
        return cancelled

    @access(CITIZEN)
    def Receipt(self, request: pb.ReceiptRequest, context: grpc.ServicerContext) -> pb.ReceiptContent:
        """Return the receipt of one of the caller's paid payments as PDF."""
        payment_id = identifier(request.payment_id)
        with self.db.transaction(readonly=True) as session:
            paid = receipt.collect(session, principal.current().subject, payment_id, demo=self._provider.demo)
        return pb.ReceiptContent(file_name=paid.file_name, content=receipt.typeset(paid))

    @access(workload("gateway"))
    def Callback(self, request: pb.CallbackRequest, context: grpc.ServicerContext) -> pb.CallbackResponse:
        """Take a callback that the provider signed; a repetition is answered like the first."""
        if request.provider != self._provider.name:
            raise NotFound
        notice = self._provider.verify(request.headers, request.body, now=clock.now())
        with self.db.transaction() as session:
            callbacks.take(session, self._provider.name, notice, request.body)
            faults.reach("callback_commit")
        faults.reach("callback_acknowledge")
        return pb.CallbackResponse(response_code="2002500", response_message="Successful")

    @access(CITIZEN)
    def SimulatePayment(self, request: pb.SimulatePaymentRequest, context: grpc.ServicerContext) -> pb.SimulatePaymentResponse:
        """Play the person at the demo's bank or wallet; there is no such thing with a real provider."""
        if not isinstance(self._provider, local.LocalProvider):
            raise NotFound

        def effect() -> pb.SimulatePaymentResponse:
            payment_id, deliveries = local.simulate(
                session, va_number=request.va_number, qris_payload=request.qris_payload, amount=request.amount,
                deliveries=request.deliveries,
            )  # fmt: skip
            return pb.SimulatePaymentResponse(payment_id=str(payment_id), deliveries=deliveries)

        with self.db.transaction() as session:
            return inbox.once(session, request, pb.SimulatePaymentResponse, effect)

    def _own(self, citizen_id: str, payment_id: uuid.UUID) -> pb.Payment:
        with self.db.transaction(readonly=True) as session:
            return self._message(session, service.get(session, citizen_id, payment_id))

    def _message(self, session: Session, payment: PaymentRow) -> pb.Payment:
        bill_ids = service.bills_of(session, [payment.payment_id])[payment.payment_id]
        return messages.payment(payment, bill_ids, demo=self._provider.demo)


def _channel(asked: int) -> Channel:
    channel = _CHANNELS.get(asked)
    if channel is None:
        raise InvalidFields(
            fields=[FieldError("channel", "required", "Pilih cara bayar: VA atau QRIS.", "Choose how to pay: VA or QRIS.")]
        )
    return channel


def _token(row: PaymentRow) -> str:
    return urlsafe_b64encode(json.dumps([_micros(row.created_at), row.payment_id.hex]).encode()).decode().rstrip("=")


def _micros(at: dt.datetime) -> int:
    return (at - _EPOCH) // dt.timedelta(microseconds=1)


def _before(token: str) -> tuple[dt.datetime, uuid.UUID] | None:
    if not token:
        return None
    try:
        at, payment_id = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return _EPOCH + dt.timedelta(microseconds=at), uuid.UUID(payment_id)
    except (ValueError, TypeError, AttributeError, OverflowError) as wrong:
        raise InvalidFields(
            fields=[FieldError("page_token", "page_token", "Penanda halaman tidak dikenal.", "The page token is not known.")]
        ) from wrong
