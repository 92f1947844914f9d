"""Billing over gRPC."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode

import grpc
from chassis import clock, inbox, principal
from chassis.db import Database
from chassis.errors import FieldError, InvalidFields
from chassis.rpc import CITIZEN, access, staff
from malang.twuin.v1 import billing_pb2 as pb
from malang.twuin.v1.billing_pb2_grpc import BillingServicer as Contract

from twuin import connections, tariffs
from twuin.billing import messages, queries, run, service
from twuin.billing.model import NONE, Surcharges
from twuin.vocabulary import first_day, identifier, is_period, period_of

_SIZE, _MOST = 20, 100


class BillingServicer(Contract):
    """Bills of the citizen, and runs of the staff."""

    def __init__(self, db: Database, surcharges: Surcharges = NONE) -> None:
        """Take the database and the surcharges that new runs charge."""
        self.db, self._surcharges = db, surcharges

    @access(CITIZEN)
    def ListBills(self, request: pb.ListBillsRequest, context: grpc.ServicerContext) -> pb.ListBillsResponse:
        """List the caller's bills, newest first."""
        citizen_id = principal.current().subject
        connection_id = identifier(request.connection_id) if request.connection_id else None
        size = page_size(request.page_size)
        before = _before(request.page_token)
        page = queries.page(self.db, citizen_id, connection_id, size=size, before=before)
        if not page.rows and connection_id is not None:
            with self.db.transaction(readonly=True) as session:
                connections.owned(session, connection_id, citizen_id)
        last = page.rows[-1] if page.more else None
        token = _token(last.period, last.bill_id) if last is not None else ""
        return pb.ListBillsResponse(
            bills=[messages.bill(row) for row in page.rows], next_page_token=token, open_amount=page.open_amount
        )

    @access(CITIZEN)
    def GetBill(self, request: pb.GetBillRequest, context: grpc.ServicerContext) -> pb.Bill:
        """Explain one of the caller's bills."""
        bill_id = identifier(request.bill_id)
        with self.db.transaction(readonly=True) as session:
            row = queries.own(session, principal.current().subject, bill_id)
            if row is None:
                raise service.BillNotFound
            lines = service.lines(session, [bill_id])[bill_id]
            tariff = tariffs.by_id(session, row.tariff_id) if row.tariff_id else None
        return messages.explained(row, lines, tariff)

    @access(staff("admin", "operator"))
    def StartRun(self, request: pb.StartRunRequest, context: grpc.ServicerContext) -> pb.Run:
        """Start a period's run, which the jobs process does; one that was interrupted goes on."""
        due_on = _checked(request)

        def effect() -> pb.Run:
            run_id = run.begin(
                session, period=request.period, due_on=due_on, surcharges=self._surcharges, started_by=principal.current().subject
            )
            return messages.run(run.progress(session, run_id))

        with self.db.transaction() as session:
            return inbox.once(session, request, pb.Run, effect)

    @access(staff("admin", "operator"))
    def GetRun(self, request: pb.GetRunRequest, context: grpc.ServicerContext) -> pb.Run:
        """Show a run and how far it is."""
        run_id = identifier(request.run_id)
        with self.db.transaction(readonly=True) as session:
            return messages.run(run.progress(session, run_id))

    @access(staff("admin", "operator"))
    def ListRuns(self, request: pb.ListRunsRequest, context: grpc.ServicerContext) -> pb.ListRunsResponse:
        """List the latest runs."""
        with self.db.transaction(readonly=True) as session:
            return pb.ListRunsResponse(runs=[messages.run(progress) for progress in run.recent(session)])

    @access(staff("water_cs", "cashier", "admin"))
    def OpenBills(self, request: pb.OpenBillsRequest, context: grpc.ServicerContext) -> pb.ListBillsResponse:
        """List a connection's open bills for a purpose that its linked people can read."""
        viewer = principal.current()
        purpose = connections.checked_purpose(request.purpose)
        with self.db.transaction() as session:
            connection_id = connections.numbered(session, viewer, request.connection_number)
            linked = connections.citizens_of(session, [connection_id]).get(connection_id, [])
            connections.tell(session, viewer, connection_id, linked, purpose=purpose, subject_kind="bills")
            rows = queries.open_of(session, connection_id)
        return pb.ListBillsResponse(bills=[messages.bill(row) for row in rows], open_amount=sum(row.amount for row in rows))


def _checked(request: pb.StartRunRequest) -> dt.date:
    """Return the due day; InvalidFields when the period or the day breaks a rule."""
    wrong: list[FieldError] = []
    if not is_period(request.period):
        wrong.append(
            FieldError(
                "period",
                "period",
                "Tulis periode sebagai TTTT-BB, misalnya 2026-11.",
                "Write the period as YYYY-MM, for example 2026-11.",
            )
        )
    elif request.period > period_of(clock.today()):
        wrong.append(FieldError("period", "future", "Periode ini belum berjalan.", "This period has not begun."))
    due_on = _day(request.due_on)
    if due_on is None:
        wrong.append(FieldError("due_on", "date", "Tulis tanggal sebagai TTTT-BB-HH.", "Write the day as YYYY-MM-DD."))
    elif due_on < clock.today():
        wrong.append(FieldError("due_on", "past", "Jatuh tempo tidak boleh di masa lalu.", "The due day must not be in the past."))
    if wrong or due_on is None:
        raise InvalidFields(fields=wrong)
    return due_on


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def page_size(asked: int) -> int:
    """Return a page's size: 20 by default, 100 at most."""
    return min(asked, _MOST) if asked > 0 else _SIZE


def _token(period: str, bill_id: uuid.UUID) -> str:
    return urlsafe_b64encode(json.dumps([period, bill_id.hex]).encode()).decode().rstrip("=")


def _before(token: str) -> tuple[str, uuid.UUID] | None:
    if not token:
        return None
    try:
        period, bill_id = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        first_day(period[:7])
        return str(period), uuid.UUID(bill_id)
    except (ValueError, TypeError, AttributeError) as wrong:
        raise InvalidFields(
            fields=[FieldError("page_token", "page_token", "Penanda halaman tidak dikenal.", "The page token is not known.")]
        ) from wrong
