"""Transfers, written once: the database refuses to change or delete them."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from twuin.ledger.model import Account
from twuin.schema import Base

# Accounts are checked by value: a foreign key would fire twice a row of a run of 180,000 bills.
_KNOWN = ", ".join(str(int(account)) for account in Account)


class TransferRow(Base):
    """One movement: debit, credit, amount. Its natural key (reference, kind) lets money move once for one reason."""

    __tablename__ = "transfers"
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="amount_positive"),
        sa.CheckConstraint("debit <> credit", name="two_accounts"),
        sa.CheckConstraint(f"debit in ({_KNOWN}) and credit in ({_KNOWN})", name="known_accounts"),
        sa.Index("ix_transfers_entry_id", "entry_id", postgresql_where=sa.text("entry_id <> reference")),
    )

    reference: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    entry_id: Mapped[uuid.UUID] = mapped_column(sa.Uuid)
    debit: Mapped[int] = mapped_column(sa.SmallInteger)
    credit: Mapped[int] = mapped_column(sa.SmallInteger)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    booked_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))


transfers = TransferRow.__table__
