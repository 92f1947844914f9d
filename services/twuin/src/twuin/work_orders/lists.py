"""Pages of work orders: open ones by their day, ended ones from the newest on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from twuin import keyset
from twuin.work_orders.tables import WorkOrderRow

COUNTED = 1000  # a total above it says this


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, the token of the next page (empty at the end), and how many there are in all."""

    rows: list[WorkOrderRow]
    next_page_token: str
    total: int


def due_first(session: Session, query: sa.Select[WorkOrderRow], size: int, token: str) -> Page:
    """Return a page of open orders, those that are due first first."""
    size, after, place = keyset.size_of(size), keyset.after(token), (WorkOrderRow.due_on, WorkOrderRow.work_order_id)
    total = _total(session, query)
    if after is not None:
        query = query.where(sa.tuple_(*place) > sa.tuple_(_day(after[0]), after[1]))
    rows = list(session.scalars(query.order_by(*place).limit(size + 1)))
    more = keyset.token_of(rows[size - 1].due_on.isoformat(), rows[size - 1].work_order_id) if len(rows) > size else ""
    return Page(rows[:size], more, total)


def newest_first(session: Session, query: sa.Select[WorkOrderRow], size: int, token: str) -> Page:
    """Return a page of ended orders, the newest first."""
    size, after, place = keyset.size_of(size), keyset.after(token), (WorkOrderRow.ended_at, WorkOrderRow.work_order_id)
    total = _total(session, query)
    if after is not None:
        query = query.where(sa.tuple_(*place) < sa.tuple_(_instant(after[0]), after[1]))
    rows = list(session.scalars(query.order_by(*(column.desc() for column in place)).limit(size + 1)))
    more = keyset.token_of(str(rows[size - 1].ended_at), rows[size - 1].work_order_id) if len(rows) > size else ""
    return Page(rows[:size], more, total)


def _total(session: Session, query: sa.Select[WorkOrderRow]) -> int:
    some = query.with_only_columns(sa.literal(1)).limit(COUNTED).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise keyset.unknown() from None


def _instant(text: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise keyset.unknown() from None
    if instant.tzinfo is None:
        raise keyset.unknown()
    return instant
