"""Send the code that proves a connection's holder: twuin makes it, the gateway's messages carry it."""

from __future__ import annotations

import datetime as dt

from malang.twuin.v1.connections_pb2 import BeginPhoneProofRequest, PhoneProof, TakePhoneProofDeliveryRequest

from chassis import principal
from gateway.edge import gateway
from gateway.messages import queue
from gateway.upstreams import WORKLOAD

_GOOD_FOR = dt.timedelta(minutes=10)


def begin(connection_number: str) -> PhoneProof:
    """Begin a proof in the present person's name and send its code to the phone that is registered with the connection."""
    connections = gateway().upstreams.connections
    proof = connections.BeginPhoneProof(BeginPhoneProofRequest(connection_number=connection_number))
    with principal.acting(WORKLOAD):
        delivery = connections.TakePhoneProofDelivery(TakePhoneProofDeliveryRequest(proof_id=proof.proof_id))
    body = (
        f"Kode Twuin {delivery.code} untuk menghubungkan sambungan air {delivery.connection_number_masked} ke sebuah akun. Bukan Anda? "
        f"Jangan berikan kodenya. / Code {delivery.code} links water connection {delivery.connection_number_masked} to an account."
    )
    with gateway().db.transaction() as session:
        queue(session, gateway().vault, to=delivery.phone, body=body, good_for=_GOOD_FOR)
    return proof
