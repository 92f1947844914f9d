"""What a team would pick by habit: Flask, SQLAlchemy ORM entities, sessions in Redis, one database. B1 compares with it.

It answers the same request with the same rows as `GET /api/v1/bills?page_size=12`: the session is looked up in Redis,
the bills of that citizen's connections are read with the same condition, and the answer has the same fields.
"""

import datetime as dt
import json
import os
import uuid
from typing import Any

import redis
import sqlalchemy as sa
from flask import Flask, Response, abort, request
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column, sessionmaker


class Base(DeclarativeBase):
    """The monolith's tables."""


class Link(Base):
    """An account that may read a connection."""

    __tablename__ = "connection_links"
    link_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[uuid.UUID]
    citizen_id: Mapped[str]
    unlinked_at: Mapped[dt.datetime | None] = mapped_column(sa.DateTime(timezone=True))


class Bill(Base):
    """A bill."""

    __tablename__ = "bills"
    bill_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[uuid.UUID]
    connection_number: Mapped[str]
    period: Mapped[str]
    tariff_group: Mapped[str]
    volume: Mapped[int]
    amount: Mapped[int]
    previous_value: Mapped[int]
    current_value: Mapped[int]
    issued_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    paid_at: Mapped[dt.datetime | None] = mapped_column(sa.DateTime(timezone=True))
    due_on: Mapped[dt.date]
    state: Mapped[int]
    estimated: Mapped[bool]
    replaced: Mapped[bool]
    rolled_over: Mapped[bool]


STATES = {1: "open", 2: "paid", 3: "cancelled"}
app = Flask(__name__)
engine = sa.create_engine(os.environ["MONOLITH_DATABASE_URL"], pool_size=16)
make_session: sessionmaker[Session] = sessionmaker(engine)
cache = redis.Redis.from_url(os.environ["MONOLITH_REDIS_URL"])


def _shown(bill: Bill) -> dict[str, Any]:
    return {
        "bill_id": str(bill.bill_id), "connection_id": str(bill.connection_id), "connection_number": bill.connection_number,
        "number": f"{bill.period.replace('-', '')}-{bill.connection_number}", "period": bill.period, "volume": bill.volume, "amount": bill.amount,
        "due_on": bill.due_on.isoformat(), "state": STATES[bill.state], "issued_at": bill.issued_at.isoformat(),
        "paid_at": bill.paid_at.isoformat() if bill.paid_at else None, "tariff_group": bill.tariff_group,
        "previous_value": bill.previous_value, "current_value": bill.current_value, "estimated": bill.estimated,
        "replaced": bill.replaced, "rolled_over": bill.rolled_over,
    }  # fmt: skip


@app.get("/api/v1/bills")
def bills() -> Response:
    """Answer with the signed-in citizen's newest bills and what is open."""
    kept = cache.get(f"session:{request.cookies.get('session', '')}")
    if not kept:
        abort(401)
    citizen = json.loads(kept)["citizen_id"]
    size = min(int(request.args.get("page_size", 20)), 100)
    mine = sa.select(Link.connection_id).where(Link.citizen_id == citizen, Link.unlinked_at.is_(None))
    with make_session() as session:
        other = aliased(Bill)
        owed = sa.select(sa.func.coalesce(sa.func.sum(other.amount), 0)).where(other.connection_id.in_(mine), other.state == 1)
        newest = sa.select(Bill, owed.scalar_subquery()).where(Bill.connection_id.in_(mine))
        rows = session.execute(newest.order_by(Bill.period.desc(), Bill.bill_id.desc()).limit(size)).all()
        answer = {"bills": [_shown(bill) for bill, _ in rows], "open_amount": int(rows[0][1]) if rows else 0}
    return Response(json.dumps(answer), mimetype="application/json")
