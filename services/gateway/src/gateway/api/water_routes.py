"""Handlers of the water routes that are more than one RPC."""

from __future__ import annotations

from chassis import principal
from flask import Response, request
from malang.twuin.v1.payments_pb2 import CallbackRequest, SimulatePaymentRequest

from gateway import phone_proof
from gateway.api import answers, shapes
from gateway.edge import gateway
from gateway.upstreams import WORKLOAD


def begin_phone_proof(body: answers.ConnectionNumber) -> answers.PhoneProof:
    """Begin a proof and send its code."""
    own = gateway()
    return answers.PhoneProof(**shapes.encode(phone_proof.begin(own.means, own.upstreams, body.connection_number)))


def callback(provider: str) -> Response:
    """Hand a provider's callback on as it came; the service judges the signature over the raw body."""
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower().startswith(("x-", "content-type"))}
    with principal.acting(WORKLOAD):
        answer = gateway().upstreams.payments.Callback(CallbackRequest(provider=provider, body=request.get_data(), headers=headers))
    body = {"responseCode": answer.response_code, "responseMessage": answer.response_message}
    from orjson import dumps

    # The first three digits of a BI-SNAP response code are the HTTP status.
    status = int(answer.response_code[:3]) if answer.response_code[:3].isdigit() else 200
    return Response(dumps(body), status, content_type="application/json")


def demo_bank(body: answers.BankTransfer) -> answers.BankAnswer:
    """Pay as somebody at a bank would."""
    wanted = SimulatePaymentRequest(
        va_number=body.va_number, qris_payload=body.qris_payload, amount=body.amount, deliveries=body.deliveries
    )  # fmt: skip
    done = gateway().upstreams.payments.SimulatePayment(wanted)
    return answers.BankAnswer(done.payment_id, done.deliveries)
