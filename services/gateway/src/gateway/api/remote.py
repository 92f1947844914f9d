"""The table of routes that are one RPC each: what singo and twuin offer, as HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from malang.singo.v1 import applications_pb2_grpc, charter_pb2_grpc, letters_pb2_grpc
from malang.twuin.v1 import (
    billing_pb2_grpc,
    connections_pb2_grpc,
    metering_pb2_grpc,
    network_pb2_grpc,
    payments_pb2_grpc,
    tariffs_pb2_grpc,
)

Body = Literal["none", "json", "file"]
Who = Literal["anyone", "citizen", "staff"]


@dataclass(frozen=True)
class Remote:
    """One route that is one RPC: path parameters, query or body fill the request, the answer is the message or its file."""

    method: str
    path: str
    stub: Any  # grpc's generated stub class
    rpc: str
    who: Who
    summary: str
    body: Body = "none"
    status: int = 200
    keyed: bool = False  # takes an Idempotency-Key
    file: str = ""  # media type of an answer that is a file; "*" = as the message says
    pages: bool = False  # hands out a next_page_token
    hands_over: bool = False  # the gateway adds what a letter certifies of the person

    @property
    def audience(self) -> Literal["singo", "twuin"]:
        """Return the service that answers."""
        return "singo" if "singo" in self.stub.__module__ else "twuin"

    @property
    def service(self) -> str:
        """Return the RPC service's full name."""
        package = self.stub.__module__.rsplit(".", 1)[0]
        return f"{package}.{self.stub.__name__.removesuffix('Stub')}"

    @property
    def full_rpc(self) -> str:
        """Return the RPC's full name."""
        return f"{self.service}/{self.rpc}"

    @property
    def name(self) -> str:
        """Return the operation's id; PUT shares its RPC with the POST that begins the thing."""
        rpc = self.rpc.replace("Save", "Update") if self.method == "PUT" else self.rpc
        return f"{self.stub.__name__.removesuffix('Stub').lower()}_{rpc[0].lower()}{rpc[1:]}"


_charter = charter_pb2_grpc.CharterStub
_applications = applications_pb2_grpc.ApplicationsStub
_letters = letters_pb2_grpc.LettersStub
_network = network_pb2_grpc.NetworkStub
_connections = connections_pb2_grpc.ConnectionsStub
_metering = metering_pb2_grpc.MeteringStub
_tariffs = tariffs_pb2_grpc.TariffsStub
_billing = billing_pb2_grpc.BillingStub
_payments = payments_pb2_grpc.PaymentsStub

_APPLICATION = "/applications/{application_id}"
_OFFICE = "/office/applications/{application_id}"

SINGO = (
    Remote("GET", "/charter/kinds", _charter, "ListKinds", "anyone", "Kinds of service with requirements, time and cost"),
    Remote("GET", "/charter/kinds/{code}", _charter, "GetKind", "anyone", "One kind of service"),
    Remote("GET", "/applications", _applications, "ListMine", "citizen", "My applications, newest first", pages=True),
    Remote("POST", "/applications", _applications, "SaveDraft", "citizen", "Begin a draft", body="json", status=201, keyed=True),
    Remote("GET", _APPLICATION, _applications, "Get", "citizen", "One of my applications with its time line"),
    Remote("PUT", _APPLICATION, _applications, "SaveDraft", "citizen", "Save what was typed", body="json"),
    Remote("DELETE", _APPLICATION, _applications, "DiscardDraft", "citizen", "Discard a draft"),
    Remote("POST", f"{_APPLICATION}/attachments", _applications, "AddAttachment", "citizen", "Attach a document", body="file", status=201, keyed=True),
    Remote("GET", f"{_APPLICATION}/attachments/{{attachment_id}}", _applications, "GetAttachment", "citizen", "Read back an attachment", file="*"),
    Remote("DELETE", f"{_APPLICATION}/attachments/{{attachment_id}}", _applications, "RemoveAttachment", "citizen", "Remove an attachment"),
    Remote("POST", f"{_APPLICATION}/submit", _applications, "Submit", "citizen", "Submit, or submit again after a correction", body="json", keyed=True, hands_over=True),
    Remote("POST", f"{_APPLICATION}/withdraw", _applications, "Withdraw", "citizen", "Withdraw an application", body="json", keyed=True),
    Remote("GET", "/letters", _letters, "ListMine", "citizen", "My letters, newest first", pages=True),
    Remote("GET", "/letters/{letter_id}", _letters, "Get", "citizen", "One of my letters"),
    Remote("GET", "/letters/{letter_id}/pdf", _letters, "Download", "citizen", "The signed PDF", file="application/pdf"),
    Remote("GET", "/verify/{code}", _letters, "Verify", "anyone", "What the code on a letter stands for"),
    Remote("POST", "/verify/{code}", _letters, "VerifyUpload", "anyone", "Compare a PDF with the signed original", body="file"),
    Remote("GET", "/verify/{code}/pdf", _letters, "DownloadByCode", "anyone", "The signed original", file="application/pdf"),
    Remote("GET", "/office/applications", _applications, "Queue", "staff", "What waits for me, most urgent first", pages=True),
    Remote("GET", _OFFICE, _applications, "Open", "staff", "One application with the applicant's data; recorded for the person"),
    Remote("GET", f"{_OFFICE}/attachments/{{attachment_id}}", _applications, "OpenAttachment", "staff", "An attachment; recorded for the person", file="*"),
    Remote("POST", f"{_OFFICE}/claim", _applications, "Claim", "staff", "Take it on", body="json", keyed=True),
    Remote("POST", f"{_OFFICE}/release", _applications, "Release", "staff", "Give it back to the queue", body="json", keyed=True),
    Remote("POST", f"{_OFFICE}/return", _applications, "Return", "staff", "Return for correction, with reasons", body="json", keyed=True),
    Remote("POST", f"{_OFFICE}/approve", _applications, "Approve", "staff", "Approve, for the lurah to sign", body="json", keyed=True),
    Remote("POST", f"{_OFFICE}/refuse", _applications, "Refuse", "staff", "Refuse, with a reason", body="json", keyed=True),
    Remote("POST", f"{_OFFICE}/sign", _applications, "Sign", "staff", "Sign the letter", body="json", keyed=True),
)  # fmt: skip

TWUIN = (
    Remote("GET", "/zones", _network, "ListZones", "anyone", "Zones of the pipe network"),
    Remote("GET", "/tariffs", _tariffs, "List", "anyone", "Tariffs in force on a day"),
    Remote("GET", "/tariffs/calculation", _tariffs, "Calculate", "anyone", "What a volume costs, line by line"),
    Remote("GET", "/connections", _connections, "ListMine", "citizen", "My water connections"),
    Remote("POST", "/connections", _connections, "LinkByMeter", "citizen", "Link a connection by meter serial and last bill", body="json", status=201, keyed=True),
    Remote("POST", "/connections/phone-proofs/{proof_id}", _connections, "LinkByPhone", "citizen", "Link a connection by the code that was sent", body="json", status=201, keyed=True),
    Remote("GET", "/connections/{connection_id}", _connections, "Get", "citizen", "One of my connections"),
    Remote("DELETE", "/connections/{connection_id}", _connections, "Unlink", "citizen", "Unlink a connection from my account"),
    Remote("GET", "/connections/{connection_id}/usage", _metering, "Usage", "citizen", "Use by month, m³"),
    Remote("GET", "/bills", _billing, "ListBills", "citizen", "My bills, newest first", pages=True),
    Remote("GET", "/bills/{bill_id}", _billing, "GetBill", "citizen", "One bill, explained line by line"),
    Remote("GET", "/payments", _payments, "ListMine", "citizen", "My payments, newest first", pages=True),
    Remote("POST", "/payments", _payments, "Start", "citizen", "Start a payment by virtual account or QRIS", body="json", status=201, keyed=True),
    Remote("GET", "/payments/{payment_id}", _payments, "Get", "citizen", "One of my payments"),
    Remote("POST", "/payments/{payment_id}/cancel", _payments, "Cancel", "citizen", "Cancel a payment that has not been made", body="json", keyed=True),
    Remote("GET", "/payments/{payment_id}/receipt", _payments, "Receipt", "citizen", "The receipt, PDF", file="application/pdf"),
    Remote("GET", "/water/connections", _connections, "Find", "staff", "Find connections by number or phone", pages=True),
    Remote("GET", "/water/connections/{connection_id}", _connections, "Open", "staff", "A connection with its holder's data; recorded for the person"),
    Remote("GET", "/water/connections/{connection_number}/bills", _billing, "OpenBills", "staff", "A connection's bills; recorded for the person"),
    Remote("GET", "/water/connections/{connection_number}/readings", _metering, "ListReadings", "staff", "A connection's readings"),
    Remote("POST", "/water/readings", _metering, "EnterReading", "staff", "Enter one reading", body="json", status=201, keyed=True),
    Remote("POST", "/water/readings/previews", _metering, "PreviewReadings", "staff", "Check a CSV of readings", body="file", status=201, keyed=True),
    Remote("GET", "/water/readings/previews/{preview_id}", _metering, "GetReadingsPreview", "staff", "The checked CSV again"),
    Remote("POST", "/water/readings/previews/{preview_id}/import", _metering, "ImportReadings", "staff", "Take over the accepted lines", body="json", keyed=True),
    Remote("POST", "/water/meters", _metering, "ReplaceMeter", "staff", "Record a replaced meter", body="json", status=201, keyed=True),
    Remote("GET", "/water/runs", _billing, "ListRuns", "staff", "Billing runs"),
    Remote("POST", "/water/runs", _billing, "StartRun", "staff", "Start a period's billing run", body="json", status=202, keyed=True),
    Remote("GET", "/water/runs/{run_id}", _billing, "GetRun", "staff", "A billing run's progress"),
)  # fmt: skip

REMOTE = SINGO + TWUIN
