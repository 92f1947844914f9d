"""Valid messages to the methods that are not one operation of the API each, and who sends them."""

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from callers import notice, sign
from chassis.principal import Principal
from city import City
from google.protobuf.message import Message
from malang.platform.v1.platform_pb2 import GetStatusRequest, ListDeadLettersRequest, RedriveRequest
from malang.singo.v1.complaints_pb2 import FetchPhotoRequest
from malang.twuin.v1.connections_pb2 import BeginPhoneProofRequest, TakePhoneProofDeliveryRequest
from malang.twuin.v1.payments_pb2 import CallbackRequest, SimulatePaymentRequest
from world import subject

Ask = Callable[[Message, Principal | None], Any]
PROOF = "/malang.twuin.v1.Connections/BeginPhoneProof"


def _callback(city: City, _: Mapping[str, Ask]) -> Message:
    payment = city.world.payment()
    body = notice(payment["payment_id"], payment["amount"])
    secret = city.running.platform.services["twuin"]["TWUIN_PROVIDER_SECRET"]
    signed = sign(secret, uuid.uuid4().hex, str(int(time.time())), body)
    return CallbackRequest(provider="local", body=body, headers={name.lower(): value for name, value in signed.items()})


def _photo(city: City, _: Mapping[str, Ask]) -> Message:
    return FetchPhotoRequest(**city.world.photographed(city.world.report("water_leak")))


def _begun(city: City, _: Mapping[str, Ask]) -> Message:
    city.forgive()
    return BeginPhoneProofRequest(connection_number=next(city.world.unlinked)["number"])


def _delivery(city: City, methods: Mapping[str, Ask]) -> Message:
    begun = methods[PROOF](_begun(city, methods), Principal(subject(city.world.a), "citizen", loa=2))
    return TakePhoneProofDeliveryRequest(proof_id=begun.proof_id)


def _bank(city: City, _: Mapping[str, Ask]) -> Message:
    return SimulatePaymentRequest(va_number=city.world.payment()["va_number"])


ELSEWHERE: dict[str, tuple[str, Callable[[City, Mapping[str, Ask]], Message]]] = {
    "/malang.twuin.v1.Payments/Callback": ("gateway", _callback),
    "/malang.singo.v1.Complaints/FetchPhoto": ("twuin", _photo),
    PROOF: ("citizen", _begun),
    "/malang.twuin.v1.Connections/TakePhoneProofDelivery": ("gateway", _delivery),
    "/malang.twuin.v1.Payments/SimulatePayment": ("citizen", _bank),
    "/malang.platform.v1.Platform/GetStatus": ("admin", lambda _city, _methods: GetStatusRequest()),
    "/malang.platform.v1.Platform/ListDeadLetters": ("admin", lambda _city, _methods: ListDeadLettersRequest()),
    "/malang.platform.v1.Platform/Redrive": ("admin", lambda _city, _methods: RedriveRequest(reason="Sebabnya sudah hilang.")),
}
