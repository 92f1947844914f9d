"""Book transfers and read balances."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from chassis import clock
from sqlalchemy.orm import Session

from twuin.ledger.model import Account, Kind, Transfer
from twuin.ledger.tables import TransferRow

_COLUMNS = ("reference", "kind", "entry_id", "debit", "credit", "amount", "booked_at")


def book(session: Session, transfers: Sequence[Transfer]) -> None:
    """Book a journal entry; a natural key that is already booked breaks the transaction."""
    at = clock.now()
    rows = [
        {"reference": t.reference, "kind": t.kind.value, "entry_id": t.entry_id, "debit": int(t.debit),
         "credit": int(t.credit), "amount": t.amount, "booked_at": at}
        for t in transfers
    ]  # fmt: skip
    if rows:
        session.execute(sa.insert(TransferRow), rows)


def book_set(session: Session, movements: sa.Select[Any]) -> int:
    """Book one transfer for each row of a Select (reference, kind, entry_id, debit, credit, amount); return how many."""
    source = movements.subquery()
    query = sa.select(*source.c, sa.literal(clock.now(), sa.DateTime(timezone=True)))
    inserted = session.execute(sa.insert(TransferRow).from_select(_COLUMNS, query, include_defaults=False))
    return int(getattr(inserted, "rowcount", 0))


def trial_balance(session: Session) -> dict[Account, int]:
    """Return debit minus credit of every account, in rupiah; the values sum to zero."""
    debits = sa.select(TransferRow.debit.label("account"), sa.func.sum(TransferRow.amount).label("amount")).group_by(
        TransferRow.debit
    )
    credits_ = sa.select(TransferRow.credit.label("account"), (-sa.func.sum(TransferRow.amount)).label("amount")).group_by(
        TransferRow.credit
    )
    both = sa.union_all(debits, credits_).subquery()
    rows = session.execute(sa.select(both.c.account, sa.func.sum(both.c.amount)).group_by(both.c.account))
    sums = {Account(account): int(amount) for account, amount in rows}
    return {account: sums.get(account, 0) for account in Account}


def entry(session: Session, entry_id: uuid.UUID) -> list[Transfer]:
    """Return the transfers of one journal entry."""
    rows = session.scalars(
        sa.select(TransferRow)
        .where(sa.or_(sa.and_(TransferRow.entry_id == entry_id, TransferRow.entry_id != TransferRow.reference),
                      sa.and_(TransferRow.reference == entry_id, TransferRow.entry_id == entry_id)))
        .order_by(TransferRow.reference, TransferRow.kind)
    )  # fmt: skip
    return [
        Transfer(row.entry_id, Kind(row.kind), row.reference, Account(row.debit), Account(row.credit), row.amount) for row in rows
    ]
