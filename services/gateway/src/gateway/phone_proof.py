"""Proof of holding a water connection by its registered phone: twuin makes the code, the gateway sends it, the person never sees the number."""

from __future__ import annotations

import datetime as dt

from chassis import principal
from chassis.rpc import Failure
from malang.twuin.v1.connections_pb2 import BeginPhoneProofRequest, PhoneProof, TakePhoneProofDeliveryRequest

from gateway.identity.means import Means
from gateway.messages import queue
from gateway.upstreams import WORKLOAD, Upstreams

_GOOD_FOR = dt.timedelta(minutes=10)


def begin(means: Means, upstreams: Upstreams, connection_number: str) -> PhoneProof:
    """Begin a proof for the present citizen and queue the code; a number that does not exist gets the same answer."""
    proof = upstreams.connections.BeginPhoneProof(BeginPhoneProofRequest(connection_number=connection_number))
    try:
        with principal.acting(WORKLOAD):
            delivery = upstreams.connections.TakePhoneProofDelivery(TakePhoneProofDeliveryRequest(proof_id=proof.proof_id))
    except Failure as failure:
        if failure.kind != "not_found":
            raise
        return proof  # there is nothing to send, and nobody can tell
    body = (
        f"Kode Anda {delivery.code} untuk menautkan sambungan air {delivery.connection_number_masked}. Berlaku 10 menit. Jika bukan "
        f"Anda, abaikan. / Your code for linking a water connection is {delivery.code}; valid for 10 minutes."
    )
    with means.db.transaction() as session:
        queue(session, means.vault, to=delivery.phone, body=body, good_for=_GOOD_FOR)
    return proof
