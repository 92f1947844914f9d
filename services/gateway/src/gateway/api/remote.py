"""The table of routes that are one RPC each: what singo and twuin offer, as HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from malang.singo.v1 import applications_pb2_grpc, charter_pb2_grpc, complaints_pb2_grpc, letters_pb2_grpc
from malang.twuin.v1 import (
    billing_pb2_grpc,
    connections_pb2_grpc,
    leaks_pb2_grpc,
    metering_pb2_grpc,
    network_pb2_grpc,
    new_connections_pb2_grpc,
    payments_pb2_grpc,
    tariffs_pb2_grpc,
    work_orders_pb2_grpc,
)

Body = Literal["none", "json", "file", "files"]
Snapshot = Literal["", "letter", "connection"]
Who = Literal["anyone", "citizen", "reporter", "staff"]


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
    hands_over: Snapshot = ""  # what the gateway adds of the person: what a letter certifies, or whom a connection is for
    limit: str = ""  # counts under this name towards the limit of guesses
    reports: bool = False  # counts towards what a person may report an hour
    parts: tuple[str, ...] = ()  # names of a form's files where there are several: list of the request, and kind where it has one

    @property
    def audience(self) -> Literal["singo", "twuin"]:
        """Return the service that answers."""
        return "singo" if "singo" in self.stub.__module__ else "twuin"

    @property
    def capability(self) -> str:
        """Return the name of the capability that answers, as `Upstreams` calls its stub."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.stub.__name__.removesuffix("Stub")).lower()

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
        return f"{self.capability}_{rpc[0].lower()}{rpc[1:]}"


_charter = charter_pb2_grpc.CharterStub
_applications = applications_pb2_grpc.ApplicationsStub
_letters = letters_pb2_grpc.LettersStub
_complaints = complaints_pb2_grpc.ComplaintsStub
_network = network_pb2_grpc.NetworkStub
_connections = connections_pb2_grpc.ConnectionsStub
_metering = metering_pb2_grpc.MeteringStub
_tariffs = tariffs_pb2_grpc.TariffsStub
_billing = billing_pb2_grpc.BillingStub
_payments = payments_pb2_grpc.PaymentsStub
_leaks = leaks_pb2_grpc.LeaksStub
_work_orders = work_orders_pb2_grpc.WorkOrdersStub
_new_connections = new_connections_pb2_grpc.NewConnectionsStub

_APPLICATION = "/applications/{application_id}"
_OFFICE = "/office/applications/{application_id}"
_COMPLAINT = "/complaints/{complaint_id}"
_FILE = "/office/complaints/{complaint_id}"
_CREW = "/crew/work-orders/{work_order_id}"
_NEW = "/new-connections/{application_id}"
_DESK = "/water/new-connections/{application_id}"

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
    Remote("POST", f"{_APPLICATION}/submit", _applications, "Submit", "citizen", "Submit, or submit again after a correction", body="json", keyed=True, hands_over="letter"),
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
    Remote("GET", "/office/letters", _letters, "Register", "staff", "Letters of my kelurahan, newest first, or by number, code or reference", pages=True),
    Remote("POST", "/office/letters/{letter_id}/revoke", _letters, "Revoke", "staff", "Revoke a letter, with a reason for everybody to read", body="json", keyed=True),
    Remote("GET", "/complaints/categories", _complaints, "ListCategories", "anyone", "What can be reported, and how long it takes"),
    Remote("GET", "/complaints/public", _complaints, "ListPublic", "anyone", "Reports as everybody may see them, newest first", pages=True),
    Remote("GET", "/complaints/public/{number}", _complaints, "GetPublic", "anyone", "One report as everybody may see it"),
    Remote("POST", "/complaints/public/{number}/follow", _complaints, "Follow", "citizen", "Be told how a report goes on", body="json", keyed=True),
    Remote("DELETE", "/complaints/public/{number}/follow", _complaints, "Unfollow", "citizen", "Be told no more"),
    Remote("GET", "/complaints/followed", _complaints, "ListFollowed", "citizen", "Reports that I follow", pages=True),
    Remote("GET", "/complaints", _complaints, "ListMine", "reporter", "My reports, newest first", pages=True),
    Remote("POST", "/complaints", _complaints, "File", "reporter", "Report something, with up to three photos", body="files", parts=("photos",), status=201, keyed=True, limit="complaint", reports=True),
    Remote("GET", _COMPLAINT, _complaints, "Get", "reporter", "One of my reports with its time line"),
    Remote("GET", f"{_COMPLAINT}/photos/{{photo_id}}", _complaints, "GetPhoto", "reporter", "A photo of my report", file="*"),
    Remote("POST", f"{_COMPLAINT}/withdraw", _complaints, "Withdraw", "reporter", "Withdraw a report", body="json", keyed=True),
    Remote("POST", f"{_COMPLAINT}/reopen", _complaints, "Reopen", "reporter", "Reopen what was not resolved, with a reason", body="json", keyed=True),
    Remote("POST", f"{_COMPLAINT}/rating", _complaints, "Rate", "reporter", "Rate how it was resolved, 1 to 5", body="json", keyed=True),
    Remote("GET", "/office/complaints", _complaints, "Queue", "staff", "Reports of my kelurahan, most urgent first", pages=True),
    Remote("GET", _FILE, _complaints, "Open", "staff", "One report in full; recorded for its reporter"),
    Remote("GET", f"{_FILE}/photos/{{photo_id}}", _complaints, "OpenPhoto", "staff", "A photo of a report; recorded for its reporter", file="*"),
    Remote("POST", f"{_FILE}/assign", _complaints, "Assign", "staff", "Take it on, or give it to a colleague", body="json", keyed=True),
    Remote("POST", f"{_FILE}/answer", _complaints, "Answer", "staff", "Give a first answer", body="json", keyed=True),
    Remote("POST", f"{_FILE}/resolve", _complaints, "Resolve", "staff", "Say that it is resolved, and how", body="json", keyed=True),
    Remote("POST", f"{_FILE}/refuse", _complaints, "Refuse", "staff", "Refuse, with a reason", body="json", keyed=True),
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
    Remote("GET", "/water/mains", _network, "ListMains", "staff", "Mains of the pipe network"),
    Remote("GET", "/water/leaks", _leaks, "Board", "staff", "Open leaks by age and zone; unchanged when `etag` still holds"),
    Remote("GET", "/water/leaks/{leak_id}", _leaks, "Get", "staff", "One leak with its reports and steps"),
    Remote("GET", "/water/leaks/{leak_id}/photos/{photo_id}", _leaks, "GetPhoto", "staff", "A photo that a reporter took", file="*"),
    Remote("GET", "/water/work-orders", _work_orders, "List", "staff", "Work in the field", pages=True),
    Remote("GET", "/water/work-orders/{work_order_id}", _work_orders, "Open", "staff", "One work order"),
    Remote("POST", "/water/work-orders/{work_order_id}/assign", _work_orders, "AssignCrew", "staff", "Give it to a crew", body="json", keyed=True),
    Remote("GET", "/water/crews", _work_orders, "ListCrews", "staff", "Crews with their zones and skills, and the list of materials"),
    Remote("GET", "/crew/work-orders", _work_orders, "ListMine", "staff", "Work of my crew, most urgent first", pages=True),
    Remote("GET", _CREW, _work_orders, "Get", "staff", "One work order of my crew"),
    Remote("POST", f"{_CREW}/accept", _work_orders, "Accept", "staff", "Take it on", body="json", keyed=True),
    Remote("POST", f"{_CREW}/arrive", _work_orders, "Arrive", "staff", "Say that I am there", body="json", keyed=True),
    Remote("POST", f"{_CREW}/photos", _work_orders, "AddPhoto", "staff", "Add a photo", body="file", status=201, keyed=True),
    Remote("GET", f"{_CREW}/photos/{{photo_id}}", _work_orders, "GetPhoto", "staff", "A photo of the work or of a reporter", file="*"),
    Remote("PUT", f"{_CREW}/materials", _work_orders, "SetMaterials", "staff", "What was used", body="json"),
    Remote("POST", f"{_CREW}/complete", _work_orders, "Complete", "staff", "Say how it ended", body="json", keyed=True),
    Remote("GET", "/new-connections/proofs", _new_connections, "ListProofs", "citizen", "My letters as a proof of domicile, and why one is not usable"),
    Remote("GET", "/new-connections", _new_connections, "ListMine", "citizen", "My applications for a new connection", pages=True),
    Remote("POST", "/new-connections", _new_connections, "Apply", "citizen", "Apply for a new connection with a letter as the proof", body="files", parts=("documents.house", "documents.sketch"), status=201, keyed=True, hands_over="connection"),
    Remote("GET", _NEW, _new_connections, "Get", "citizen", "One of my applications with its steps and cost"),
    Remote("GET", f"{_NEW}/documents/{{document_id}}", _new_connections, "GetDocument", "citizen", "Read back a document", file="*"),
    Remote("POST", f"{_NEW}/withdraw", _new_connections, "Withdraw", "citizen", "Withdraw before it is paid", body="json", keyed=True),
    Remote("POST", f"{_NEW}/proof", _new_connections, "ReplaceProof", "citizen", "Give another letter where the first no longer holds", body="json", keyed=True),
    Remote("GET", "/water/new-connections", _new_connections, "Queue", "staff", "Applications for a new connection", pages=True),
    Remote("GET", _DESK, _new_connections, "Open", "staff", "One application with the applicant's data; recorded for the person"),
    Remote("GET", f"{_DESK}/documents/{{document_id}}", _new_connections, "OpenDocument", "staff", "A document; recorded for the person", file="*"),
    Remote("POST", f"{_DESK}/check", _new_connections, "Check", "staff", "Pass it on to the survey", body="json", keyed=True),
    Remote("POST", f"{_DESK}/refuse", _new_connections, "Refuse", "staff", "Refuse, with a reason", body="json", keyed=True),
)  # fmt: skip

REMOTE = SINGO + TWUIN
