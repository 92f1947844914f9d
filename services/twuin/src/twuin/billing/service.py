"""Read bills, find what can be paid, settle them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import outbox
from chassis.db import Database
from chassis.errors import NotFound
from malang.twuin.v1 import billing_pb2
from malang.twuin.v1.billing_events_pb2 import BillPaid
from sqlalchemy.orm import Session

from twuin import tariffs
from twuin.billing import messages, run
from twuin.billing.model import NONE, Line, State, Surcharges, month_of
from twuin.billing.tables import BillRow, LineRow


class BillNotFound(NotFound):
    """There is no such bill for this person."""

    id = "Tagihan tidak ditemukan."
    en = "There is no such bill."


@dataclass(frozen=True, slots=True)
class Payable:
    """A bill that a person may pay: rupiah, and what a receipt names it by."""

    bill_id: uuid.UUID
    connection_id: uuid.UUID
    connection_number: str
    period: str
    amount: int
    open: bool
    cancelled: bool


def get(session: Session, bill_id: uuid.UUID) -> BillRow:
    """Return a bill, whoever asks; BillNotFound when there is none."""
    if (bill := session.get(BillRow, bill_id)) is None:
        raise BillNotFound
    return bill


def lines(session: Session, bill_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    """Return the lines of bills, in the order in which they are read."""
    found: dict[uuid.UUID, list[Line]] = {bill_id: [] for bill_id in bill_ids}
    rows = session.scalars(sa.select(LineRow).where(LineRow.bill_id.in_(bill_ids)).order_by(LineRow.bill_id, LineRow.position))
    for row in rows:
        found[row.bill_id].append(Line(row.code, row.quantity, row.unit_price, row.from_m3, row.to_m3))
    return found


def last_bill_amount(session: Session, connection_id: uuid.UUID) -> int | None:
    """Return the amount of a connection's latest bill of use in rupiah, or None when it never had one."""
    latest = (
        sa.select(BillRow.amount)
        .where(BillRow.connection_id == connection_id, BillRow.state != State.CANCELLED.value, BillRow.run_id.is_not(None))
        .order_by(BillRow.period.desc())
        .limit(1)
    )
    return session.scalar(latest)


def payable(session: Session, bill_ids: Sequence[uuid.UUID], *, lock: bool = False) -> list[Payable]:
    """Return the bills of these ids, in id order; with `lock` they stay as they are until the transaction ends."""
    query = sa.select(BillRow).where(BillRow.bill_id.in_(bill_ids)).order_by(BillRow.bill_id)
    rows = session.scalars(query.with_for_update().execution_options(populate_existing=True) if lock else query)
    return [
        Payable(
            row.bill_id,
            row.connection_id,
            row.connection_number,
            row.period,
            row.amount,
            open=row.state == State.OPEN.value,
            cancelled=row.state == State.CANCELLED.value,
        )
        for row in rows
    ]


def settle(session: Session, bill_ids: Sequence[uuid.UUID], *, payment_id: uuid.UUID, at: dt.datetime) -> None:
    """Mark locked, open bills paid and say so; the caller books the money."""
    paid = (
        sa.update(BillRow)
        .where(BillRow.bill_id.in_(bill_ids), BillRow.state == State.OPEN.value)
        .values(state=State.PAID.value, paid_at=at, payment_id=payment_id, version=BillRow.version + 1)
        .returning(BillRow.bill_id, BillRow.connection_id, BillRow.period, BillRow.amount, BillRow.version)
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(paid).all()
    if len(rows) != len(set(bill_ids)):
        raise RuntimeError("settle was called with bills that are not open")
    for bill_id, connection_id, period, amount, version in rows:
        fact = BillPaid(
            bill_id=str(bill_id),
            connection_id=str(connection_id),
            period=month_of(period),
            amount=amount,
            payment_id=str(payment_id),
        )
        outbox.append(session, fact, key=str(bill_id), sequence=version)


def run_period(
    db: Database, period: str, due_on: dt.date, *, issued_at: dt.datetime | None = None, surcharges: Surcharges = NONE,
    started_by: str = "", batch_size: int = run.BATCH, workers: int = run.WORKERS,
) -> run.Progress:  # fmt: skip
    """Issue a period's bills here and now; connections that already have theirs, or have no reading, are left alone."""
    with db.transaction() as session:
        run_id = run.begin(
            session, period=period, due_on=due_on, surcharges=surcharges, started_by=started_by,
            issued_at=issued_at, batch_size=batch_size,
        )  # fmt: skip
    return run.advance(db, run_id, workers=workers)


def explained(session: Session, bill_ids: Sequence[uuid.UUID]) -> list[billing_pb2.Bill]:
    """Return bills with their lines and tariffs, oldest period first, whoever asks."""
    rows = session.scalars(sa.select(BillRow).where(BillRow.bill_id.in_(bill_ids)).order_by(BillRow.period, BillRow.bill_id)).all()
    parts = lines(session, bill_ids)
    return [
        messages.explained(row, parts[row.bill_id], tariffs.by_id(session, row.tariff_id) if row.tariff_id else None)
        for row in rows
    ]


def closed(bill_ids: sa.Select[uuid.UUID]) -> sa.Select[uuid.UUID]:
    """Select those of some bills that are paid or cancelled."""
    return sa.select(BillRow.bill_id).where(BillRow.bill_id.in_(bill_ids), BillRow.state != State.OPEN.value)
