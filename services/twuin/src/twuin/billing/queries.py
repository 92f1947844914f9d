"""The reads of a citizen's bills: statements that are built once, with bound values, and answer in one round trip."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from chassis.db import Database, Read
from sqlalchemy.orm import Session

from twuin import connections
from twuin.billing.model import State
from twuin.billing.tables import BillRow

_bills = BillRow.__table__
COLUMNS = (
    _bills.c.bill_id, _bills.c.connection_id, _bills.c.connection_number, _bills.c.period, _bills.c.volume, _bills.c.amount,
    _bills.c.due_on, _bills.c.state, _bills.c.issued_at, _bills.c.paid_at, _bills.c.tariff_group, _bills.c.previous_value,
    _bills.c.current_value, _bills.c.estimated, _bills.c.replaced, _bills.c.rolled_over,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """A page of bills, newest first, and what is open over all of them, in rupiah."""

    rows: list[Any]
    open_amount: int
    more: bool


def _listing(*, one_connection: bool, further: bool) -> sa.Select[Any]:
    links = connections.links().subquery("links")
    whose = links.c.citizen_id == sa.bindparam("citizen_id", type_=sa.Text)
    owner: list[sa.ColumnElement[bool]] = [whose]
    if one_connection:
        owner.append(links.c.connection_id == sa.bindparam("connection_id", type_=sa.Uuid))
    joined = _bills.join(links, links.c.connection_id == _bills.c.connection_id)
    others = _bills.alias("others")
    owed = (
        sa.select(sa.func.coalesce(sa.func.sum(others.c.amount), 0))
        .select_from(others.join(links, links.c.connection_id == others.c.connection_id))
        .where(*owner, others.c.state == State.OPEN.value)
        .correlate(None)
        .scalar_subquery()
    )
    query = sa.select(*COLUMNS, sa.cast(owed, sa.BigInteger).label("owed")).select_from(joined).where(*owner)
    if further:
        before = sa.tuple_(sa.bindparam("before_period", type_=sa.Text), sa.bindparam("before_id", type_=sa.Uuid))
        query = query.where(sa.tuple_(_bills.c.period, _bills.c.bill_id) < before)
    return query.order_by(_bills.c.period.desc(), _bills.c.bill_id.desc()).limit(sa.bindparam("most", type_=sa.Integer))


_LISTINGS = {
    (one, further): Read(_listing(one_connection=one, further=further)) for one in (True, False) for further in (True, False)
}
_links = connections.links().subquery("links")
_OWN = (
    sa.select(*COLUMNS, _bills.c.tariff_id)
    .select_from(_bills.join(_links, _links.c.connection_id == _bills.c.connection_id))
    .where(
        _links.c.citizen_id == sa.bindparam("citizen_id", type_=sa.Text), _bills.c.bill_id == sa.bindparam("bill_id", type_=sa.Uuid)
    )
)


def page(
    db: Database, citizen_id: str, connection_id: uuid.UUID | None, *, size: int, before: tuple[str, uuid.UUID] | None
) -> Page:
    """Return bills of the connections that the citizen is linked to, or of one of them, in one round trip."""
    values: dict[str, object] = {"citizen_id": citizen_id, "most": size + 1}
    if connection_id is not None:
        values["connection_id"] = connection_id
    if before is not None:
        values["before_period"], values["before_id"] = before
    rows = db.read(_LISTINGS[connection_id is not None, before is not None], **values)
    return Page(rows[:size], rows[0].owed if rows else 0, len(rows) > size)


def own(session: Session, citizen_id: str, bill_id: uuid.UUID) -> Any | None:
    """Return a bill of a connection that the citizen is linked to, with its tariff_id, or None."""
    return session.connection().execute(_OWN, {"citizen_id": citizen_id, "bill_id": bill_id}).one_or_none()


def open_of(session: Session, connection_id: uuid.UUID) -> list[Any]:
    """Return a connection's open bills, oldest first."""
    query = sa.select(*COLUMNS).where(_bills.c.connection_id == connection_id, _bills.c.state == State.OPEN.value)
    return list(session.connection().execute(query.order_by(_bills.c.period)))


def owed(session: Session) -> int:
    """Return what all open bills ask for, in rupiah."""
    asked = sa.select(sa.cast(sa.func.coalesce(sa.func.sum(_bills.c.amount), 0), sa.BigInteger))
    return session.execute(asked.where(_bills.c.state == State.OPEN.value)).scalar_one()
