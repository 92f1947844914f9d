"""Bills of new connections: issued one by one with itemised lines, cancelled or given back; and what a person is behind with."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from chassis import clock
from sqlalchemy.orm import Session

from twuin import connections, ledger
from twuin.billing.model import DEPOSIT, Line, State, connection_period, total
from twuin.billing.service import lines as lines_of
from twuin.billing.tables import BillRow, LineRow
from twuin.ledger import Account, Kind, Transfer
from twuin.vocabulary import period_of


def issue_connection(
    session: Session, connection_id: uuid.UUID, *, number: str, tariff_group: str, lines: Sequence[Line], due_on: dt.date
) -> uuid.UUID:
    """Issue the bill of a new connection's cost and book it; return its id. No fact: the application tells its person."""
    bill_id, now = uuid.uuid4(), clock.now()
    session.add(
        BillRow(
            bill_id=bill_id, connection_id=connection_id, run_id=None, tariff_id=None, connection_number=number,
            period=connection_period(period_of(clock.today())), tariff_group=tariff_group, volume=0, amount=total(lines),
            previous_value=0, current_value=0, version=1, issued_at=now, paid_at=None, payment_id=None, due_on=due_on,
            state=State.OPEN.value, estimated=False, replaced=False, rolled_over=False,
        )
    )  # fmt: skip
    session.flush()
    session.add_all(
        LineRow(
            bill_id=bill_id, position=place, code=line.code, quantity=line.quantity, unit_price=line.unit_price, from_m3=0, to_m3=0
        )
        for place, line in enumerate(lines, 1)
    )
    deposit, cost = _split(lines)
    _book(session, bill_id, deposit, Kind.DEPOSIT, debit=Account.RECEIVABLES, credit=Account.DEPOSITS)
    _book(session, bill_id, cost, Kind.CONNECTION, debit=Account.RECEIVABLES, credit=Account.REVENUE_CONNECTION)
    session.flush()
    return bill_id


def cancel(session: Session, bill_id: uuid.UUID) -> bool:
    """Cancel the open bill of a connection that will not be made; False, and nothing changes, when it is no longer open."""
    cancelled = session.execute(
        sa.update(BillRow)
        .where(BillRow.bill_id == bill_id, BillRow.run_id.is_(None), BillRow.state == State.OPEN.value)
        .values(state=State.CANCELLED.value, version=BillRow.version + 1)
        .returning(BillRow.bill_id)
        .execution_options(synchronize_session=False)
    ).all()
    if cancelled:
        _undo(session, bill_id, Account.RECEIVABLES)
    return bool(cancelled)


def give_back(session: Session, bill_id: uuid.UUID) -> tuple[uuid.UUID, int]:
    """Owe back what was paid for a connection that could not be made, once; return the payment's id and rupiah."""
    payment_id, amount = session.execute(
        sa.select(BillRow.payment_id, BillRow.amount).where(
            BillRow.bill_id == bill_id, BillRow.run_id.is_(None), BillRow.state == State.PAID.value
        )
    ).one()
    assert payment_id is not None  # a bill that costs something is paid by a payment
    _undo(session, bill_id, Account.REFUNDS_PAYABLE)
    return payment_id, amount


def arrears(session: Session, citizen_id: str) -> int:
    """Return what the connections that a citizen is linked to owe past its due day, in rupiah."""
    links = connections.links().subquery("links")
    mine = sa.select(links.c.connection_id).where(links.c.citizen_id == citizen_id)
    owed = sa.select(sa.cast(sa.func.coalesce(sa.func.sum(BillRow.amount), 0), sa.BigInteger)).where(
        BillRow.connection_id.in_(mine), BillRow.state == State.OPEN.value, BillRow.due_on < clock.today()
    )
    return session.execute(owed).scalar_one()


def _split(lines: Sequence[Line]) -> tuple[int, int]:
    deposit = total([line for line in lines if line.code == DEPOSIT])
    return deposit, total(lines) - deposit


def _undo(session: Session, bill_id: uuid.UUID, towards: Account) -> None:
    deposit, cost = _split(lines_of(session, [bill_id])[bill_id])
    _book(session, bill_id, deposit, Kind.DEPOSIT_UNDONE, debit=Account.DEPOSITS, credit=towards)
    _book(session, bill_id, cost, Kind.CONNECTION_UNDONE, debit=Account.REVENUE_CONNECTION, credit=towards)


def _book(session: Session, bill_id: uuid.UUID, amount: int, kind: Kind, *, debit: Account, credit: Account) -> None:
    if amount:
        ledger.book(session, [Transfer(bill_id, kind, bill_id, debit, credit, amount)])
