"""Says again that bills were issued and paid, for projections of them that are rebuilt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from chassis.outbox import Again
from malang.twuin.v1.billing_events_pb2 import BillIssued, BillPaid
from sqlalchemy.orm import Session

from twuin import connections
from twuin.billing.model import State, month_of
from twuin.billing.tables import BillRow, RunRow

_PAGE = 2_000  # bills of one query
_ISSUED = 1  # the version of a bill that its run made


def state(session: Session) -> Iterator[Again]:
    """Yield the facts of every bill with the versions they had; those of a new connection were not told when issued."""
    last = uuid.UUID(int=0)
    while rows := session.execute(_BILLS, {"last": last}).all():
        for row in rows:
            if row.told_at is not None:
                yield Again(_issued(row), str(row.bill_id), _ISSUED, row.told_at)
            if row.state == State.PAID.value:
                yield Again(_paid(row), str(row.bill_id), row.version, row.paid_at)
        last = rows[-1].bill_id


def _bills() -> sa.Select[Any]:
    links = connections.links_ever().subquery("links")
    linked = (
        sa.select(sa.func.array_agg(links.c.citizen_id))
        .where(
            links.c.connection_id == BillRow.connection_id,
            links.c.linked_at <= RunRow.started_at,
            sa.or_(links.c.unlinked_at.is_(None), links.c.unlinked_at > RunRow.started_at),
        )
        .correlate(BillRow, RunRow)
        .scalar_subquery()
    )
    bill = BillRow.__table__.c
    wanted = (
        bill.bill_id, bill.connection_id, bill.period, bill.volume, bill.amount, bill.due_on, bill.state, bill.version, bill.paid_at,
        bill.payment_id, RunRow.started_at.label("told_at"), linked.label("citizens"),
    )  # fmt: skip
    joined = sa.select(*wanted).outerjoin_from(BillRow, RunRow, RunRow.run_id == BillRow.run_id)
    return joined.where(BillRow.bill_id > sa.bindparam("last", type_=sa.Uuid)).order_by(BillRow.bill_id).limit(_PAGE)


_BILLS = _bills()


def _issued(row: sa.Row[Any]) -> BillIssued:
    return BillIssued(
        bill_id=str(row.bill_id), connection_id=str(row.connection_id), period=row.period, volume=row.volume, amount=row.amount,
        due_on=row.due_on.isoformat(), citizen_ids=row.citizens or (),
    )  # fmt: skip


def _paid(row: sa.Row[Any]) -> BillPaid:
    return BillPaid(
        bill_id=str(row.bill_id), connection_id=str(row.connection_id), period=month_of(row.period), amount=row.amount,
        payment_id=str(row.payment_id),
    )  # fmt: skip
