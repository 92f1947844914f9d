"""One batch of a run in set-based SQL: bills, lines, transfers and facts of some thousand connections in one transaction."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from chassis import outbox
from malang.twuin.v1.billing_events_pb2 import BillIssued
from sqlalchemy.orm import Session

from twuin import connections, ledger, metering, tariffs
from twuin.billing.model import BLOCK, PENALTY, STAMP_DUTY, State, Surcharges
from twuin.billing.tables import BillRow, LineRow
from twuin.ledger import Account, Kind
from twuin.vocabulary import first_day

# A session's scratch tables: what is to be billed, and what each bill comes to. Emptied at every commit.
_scratch = sa.MetaData()
_stage = sa.Table(
    "billing_stage", _scratch,
    sa.Column("bill_id", sa.Uuid), sa.Column("connection_id", sa.Uuid), sa.Column("tariff_id", sa.Uuid),
    sa.Column("number", sa.Text), sa.Column("tariff_group", sa.Text), sa.Column("volume", sa.BigInteger),
    sa.Column("previous_value", sa.BigInteger), sa.Column("current_value", sa.BigInteger), sa.Column("estimated", sa.Boolean),
    sa.Column("replaced", sa.Boolean), sa.Column("rolled_over", sa.Boolean), sa.Column("overdue", sa.BigInteger),
    prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS",
)  # fmt: skip
_sums = sa.Table(
    "billing_sums", _scratch,
    sa.Column("bill_id", sa.Uuid), sa.Column("total", sa.BigInteger), sa.Column("use", sa.BigInteger),
    sa.Column("fixed", sa.BigInteger), sa.Column("penalty", sa.BigInteger), sa.Column("stamp_duty", sa.BigInteger),
    prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS",
)  # fmt: skip
_LINE = ("bill_id", "position", "code", "quantity", "unit_price", "from_m3", "to_m3")
_FIXED_FROM, _PENALTY_AT, _STAMP_AT = 100, 200, 201  # positions: blocks by their number, then fixed parts, then surcharges


@dataclass(frozen=True, slots=True)
class Period:
    """What all batches of a run share."""

    run_id: uuid.UUID
    period: str
    due_on: dt.date
    issued_at: dt.datetime
    surcharges: Surcharges


@dataclass(slots=True)
class Outcome:
    """What a batch did, and the seconds that its parts took."""

    issued: int = 0
    skipped: int = 0
    amount: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a part."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun


def issue(session: Session, what: Period, low: uuid.UUID | None, high: uuid.UUID | None) -> Outcome:
    """Bill the connections with `low` <= id < `high` that have a reading and no bill yet."""
    outcome = Outcome()
    with outcome.part("stage"):
        _prepare(session)
        counted = _fill_stage(session, what, low, high)
    with outcome.part("lines"):
        _insert_lines(session, what)
    with outcome.part("bills"):
        outcome.issued, outcome.amount = _insert_bills(session, what)
    with outcome.part("ledger"):
        ledger.book_set(session, _movements())
    with outcome.part("facts"):
        _append_facts(session, what)
    outcome.skipped = counted - outcome.issued
    return outcome


def _prepare(session: Session) -> None:
    # A batch is bulk work: it has the time and memory of one.
    session.execute(sa.text("set local statement_timeout = '120s'"))
    session.execute(sa.text("set local work_mem = '64MB'"))
    for table in (_stage, _sums):
        session.execute(sa.schema.CreateTable(table, if_not_exists=True))


def _within(column: sa.ColumnElement[uuid.UUID], low: uuid.UUID | None, high: uuid.UUID | None) -> list[sa.ColumnElement[bool]]:
    bounds: list[sa.ColumnElement[bool]] = []
    if low is not None:
        bounds.append(column >= low)
    if high is not None:
        bounds.append(column < high)
    return bounds


def _fill_stage(session: Session, what: Period, low: uuid.UUID | None, high: uuid.UUID | None) -> int:
    """Stage what will be billed; return how many connections had no bill of the period, with or without a reading."""
    due = connections.billable().subquery("due")
    read = metering.volumes(what.period).subquery("read")
    priced = tariffs.in_force(first_day(what.period)).subquery("priced")
    groups = sa.select(priced.c.group, priced.c.tariff_id).distinct().subquery("groups")
    billed = sa.select(BillRow.bill_id).where(BillRow.connection_id == due.c.connection_id, BillRow.period == what.period)
    open_ones = (*_within(due.c.connection_id, low, high), ~sa.exists(billed))
    counted = session.scalar(sa.select(sa.func.count()).select_from(due).where(*open_ones))
    query = (
        sa.select(
            sa.func.gen_random_uuid().label("bill_id"), due.c.connection_id, groups.c.tariff_id, due.c.number, due.c.tariff_group,
            read.c.volume, read.c.previous_value, read.c.current_value, read.c.estimated, read.c.replaced, read.c.rolled_over,
            _overdue(due.c.connection_id, what).label("overdue"),
        )
        .join(read, sa.and_(read.c.connection_id == due.c.connection_id, *_within(read.c.connection_id, low, high)))
        .join(groups, groups.c.group == due.c.tariff_group)
        .where(*open_ones)
        .order_by("bill_id")
    )  # fmt: skip
    session.execute(sa.insert(_stage).from_select([column.name for column in _stage.c], query))
    session.execute(sa.text("analyze billing_stage"))
    return int(counted or 0)


def _overdue(connection_id: sa.ColumnElement[uuid.UUID], what: Period) -> sa.ColumnElement[int]:
    if not what.surcharges.penalty:
        return sa.literal(0, sa.BigInteger)
    return (
        sa.select(sa.func.count())
        .select_from(BillRow)
        .where(BillRow.connection_id == connection_id, BillRow.state == State.OPEN.value)
        .where(BillRow.period < what.period, BillRow.due_on < what.issued_at.date())
        .scalar_subquery()
    )


def _lines(what: Period) -> sa.CompoundSelect[Any]:
    """Select every line but stamp duty, which hangs on the others."""
    on = first_day(what.period)
    block = tariffs.in_force(on).subquery("block")
    part = tariffs.fixed_parts(on).subquery("part")
    open_block = sa.func.coalesce(block.c.to_m3, 0) == 0
    top = sa.case((open_block, _stage.c.volume), else_=sa.func.least(_stage.c.volume, block.c.to_m3))
    used = sa.select(
        _stage.c.bill_id, block.c.block_no, sa.literal(BLOCK), top - block.c.from_m3 + 1, block.c.price,
        block.c.from_m3, sa.func.coalesce(block.c.to_m3, 0),
    ).join(block, block.c.tariff_id == _stage.c.tariff_id).where(_stage.c.volume >= block.c.from_m3)  # fmt: skip
    zero = sa.literal(0, sa.BigInteger)
    place = _FIXED_FROM + sa.func.row_number().over(partition_by=part.c.tariff_id, order_by=part.c.position)
    placed = sa.select(part.c.tariff_id, part.c.code, part.c.amount, place.label("place")).where(part.c.amount > 0).subquery()
    fixed = sa.select(
        _stage.c.bill_id, placed.c.place, placed.c.code, sa.literal(1, sa.BigInteger), placed.c.amount, zero, zero
    ).join(placed, placed.c.tariff_id == _stage.c.tariff_id)
    penalty = sa.select(
        _stage.c.bill_id, sa.literal(_PENALTY_AT), sa.literal(PENALTY), _stage.c.overdue,
        sa.literal(what.surcharges.penalty, sa.BigInteger), zero, zero,
    ).where(_stage.c.overdue > 0)  # fmt: skip
    return sa.union_all(used, fixed, penalty) if what.surcharges.penalty else sa.union_all(used, fixed)


def _insert_lines(session: Session, what: Period) -> None:
    lines = _lines(what).subquery("lines")
    ordered = sa.select(*lines.c).order_by(lines.c[0], lines.c[1])
    born = (
        sa.insert(LineRow)
        .from_select(_LINE, ordered)
        .returning(LineRow.bill_id, LineRow.code, LineRow.quantity, LineRow.unit_price)
    )
    line = born.cte("born")
    amount = line.c.quantity * line.c.unit_price

    def of(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(amount).filter(*conditions), 0), sa.BigInteger)

    sums = sa.select(
        line.c.bill_id, of(sa.true()), of(line.c.code == BLOCK), of(line.c.code.not_in((BLOCK, PENALTY))), of(line.c.code == PENALTY),
        sa.literal(0, sa.BigInteger),
    ).group_by(line.c.bill_id)  # fmt: skip
    session.execute(sa.insert(_sums).from_select([column.name for column in _sums.c], sums))
    session.execute(sa.text("analyze billing_sums"))
    if what.surcharges.stamp_duty:
        _insert_stamp_duty(session, what.surcharges)


def _insert_stamp_duty(session: Session, surcharges: Surcharges) -> None:
    duty = sa.literal(surcharges.stamp_duty, sa.BigInteger)
    zero = sa.literal(0, sa.BigInteger)
    liable = _sums.c.total > surcharges.stamp_duty_above
    line = sa.select(_sums.c.bill_id, sa.literal(_STAMP_AT), sa.literal(STAMP_DUTY), sa.literal(1, sa.BigInteger), duty, zero, zero)
    session.execute(sa.insert(LineRow).from_select(_LINE, line.where(liable)))
    session.execute(sa.update(_sums).where(liable).values(total=_sums.c.total + duty, stamp_duty=duty))


def _insert_bills(session: Session, what: Period) -> tuple[int, int]:
    """Insert the bills; one that comes to nothing is born paid. Return how many, and rupiah."""
    amount = sa.func.coalesce(_sums.c.total, 0)
    nothing = amount == 0
    at = sa.literal(what.issued_at, sa.DateTime(timezone=True))
    values: dict[str, sa.ColumnElement[Any]] = {
        "bill_id": _stage.c.bill_id, "connection_id": _stage.c.connection_id, "run_id": sa.literal(what.run_id, sa.Uuid),
        "tariff_id": _stage.c.tariff_id, "connection_number": _stage.c.number, "period": sa.literal(what.period),
        "tariff_group": _stage.c.tariff_group, "volume": _stage.c.volume, "amount": amount,
        "previous_value": _stage.c.previous_value, "current_value": _stage.c.current_value,
        "version": sa.literal(1, sa.BigInteger), "issued_at": at, "paid_at": sa.case((nothing, at)),
        "due_on": sa.literal(what.due_on, sa.Date),
        "state": sa.case((nothing, State.PAID.value), else_=State.OPEN.value),
        "estimated": _stage.c.estimated, "replaced": _stage.c.replaced, "rolled_over": _stage.c.rolled_over,
    }  # fmt: skip
    query = sa.select(*values.values()).select_from(_stage.outerjoin(_sums, _sums.c.bill_id == _stage.c.bill_id))
    born = sa.insert(BillRow).from_select(list(values), query).returning(BillRow.amount).cte("born")
    counted = session.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(born.c.amount), 0))).one()
    return int(counted[0]), int(counted[1])


def _movements() -> sa.Select[Any]:
    """Select what the ledger books for the staged bills: receivables against each kind of revenue."""
    parts = (
        (Kind.USE, Account.REVENUE_USE, _sums.c.use), (Kind.FIXED, Account.REVENUE_FIXED, _sums.c.fixed),
        (Kind.PENALTY, Account.REVENUE_PENALTY, _sums.c.penalty), (Kind.STAMP_DUTY, Account.STAMP_DUTY, _sums.c.stamp_duty),
    )  # fmt: skip
    receivables = sa.literal(Account.RECEIVABLES.value, sa.SmallInteger)
    selects = [
        sa.select(
            _sums.c.bill_id.label("reference"), sa.literal(kind.value).label("kind"), _sums.c.bill_id.label("entry_id"),
            receivables.label("debit"), sa.literal(account.value, sa.SmallInteger).label("credit"), column.label("amount"),
        ).where(column > 0)
        for kind, account, column in parts
    ]  # fmt: skip
    every = sa.union_all(*selects).subquery("movement")
    return sa.select(*every.c).order_by(every.c.reference)


def _append_facts(session: Session, what: Period) -> None:
    # Texts made by the database, rows fetched at once: for 180,000 messages that halves what Python has to do. They are read
    # before the COPY begins, which takes the connection for itself.
    links = connections.links().subquery("links")
    accounts = sa.select(links.c.connection_id, sa.func.array_agg(links.c.citizen_id).label("citizens"))
    linked = accounts.where(links.c.connection_id.in_(sa.select(_stage.c.connection_id))).group_by(links.c.connection_id).subquery()
    query = sa.select(
        sa.cast(_stage.c.bill_id, sa.Text), sa.cast(_stage.c.connection_id, sa.Text), _stage.c.volume,
        sa.func.coalesce(_sums.c.total, 0), linked.c.citizens,
    ).select_from(
        _stage.outerjoin(_sums, _sums.c.bill_id == _stage.c.bill_id)
        .outerjoin(linked, linked.c.connection_id == _stage.c.connection_id)
    )  # fmt: skip
    rows = session.connection().execute(query).all()
    outbox.append_copy(session, outbox.topic_of(BillIssued), (_fact(what, row) for row in rows))


def _fact(what: Period, row: Any) -> outbox.Bulk:
    bill_id, connection_id, volume, amount, citizens = row
    fact = BillIssued(
        bill_id=bill_id, connection_id=connection_id, period=what.period, volume=volume, amount=amount,
        due_on=what.due_on.isoformat(), citizen_ids=citizens,
    )  # fmt: skip
    return outbox.Bulk(fact, bill_id, 1)
