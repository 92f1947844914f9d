"""The tables that every service has: facts out, facts in, facts that failed, answers already given."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from alembic.operations import Operations

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

FRAME = sa.MetaData(naming_convention=NAMING)
_Instant = sa.DateTime(timezone=True)

outbox = sa.Table(
    "outbox",
    FRAME,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("time", _Instant, nullable=False),
    sa.Column("traceparent", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("sent_at", _Instant),
    # Status per row: ids are handed out before commit, so a remembered highest id would miss rows.
    sa.Index("ix_outbox_unsent", "topic", "id", postgresql_where=sa.text("sent_at is null")),
    comment="Facts that this service says, written with the change they report",
)

inbox = sa.Table(
    "inbox",
    FRAME,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("received_at", _Instant, nullable=False),
    sa.Index("ix_inbox_received_at", "received_at", postgresql_using="brin"),
    comment="Facts whose effect is committed; remembered for longer than the bus keeps facts",
)

projection = sa.Table(
    "projection",
    FRAME,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    comment="Highest version of an aggregate that a projection has seen",
)

dead_letter = sa.Table(
    "dead_letter",
    FRAME,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("consumer", sa.Text, nullable=False),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("time", _Instant, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("traceparent", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failed_at", _Instant, nullable=False),
    sa.Column("resolved_at", _Instant),
    sa.UniqueConstraint("consumer", "event_id"),
    sa.Index("ix_dead_letter_open", "consumer", "topic", "key", postgresql_where=sa.text("resolved_at is null")),
    comment="Facts that could not be handled, and those parked behind one of the same key",
)

idempotency = sa.Table(
    "idempotency",
    FRAME,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("method", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("created_at", _Instant, nullable=False),
    sa.Index("ix_idempotency_created_at", "created_at", postgresql_using="brin"),
    comment="Answers already given to a client's idempotency key",
)

# Rows die young here: without this the index of unsent facts fills with dead entries between two vacuums.
_STORAGE = "alter table outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000)"


def frame_tables(metadata: sa.MetaData) -> None:
    """Add the frame's tables to a service's metadata."""
    for table in FRAME.sorted_tables:
        table.to_metadata(metadata)


def create_frame(op: Operations) -> None:
    """Create the frame's tables, in the first migration of a service."""
    FRAME.create_all(op.get_bind(), checkfirst=False)
    op.execute(_STORAGE)


def drop_frame(op: Operations) -> None:
    """Drop the frame's tables."""
    FRAME.drop_all(op.get_bind(), checkfirst=False)


def trim_frame(
    session: Session, now: dt.datetime, *, outbox_days: int = 7, inbox_days: int = 45, answer_days: int = 7, most: int = 5000
) -> int:
    """Forget what is old enough, at most `most` rows a table; return how many rows went."""
    # Only the oldest rows are looked at: ids grow with time, and a scan for sent_at would read the whole table.
    oldest = sa.select(outbox.c.id, outbox.c.sent_at).order_by(outbox.c.id).limit(most).subquery()
    sent = sa.select(oldest.c.id).where(oldest.c.sent_at < now - dt.timedelta(days=outbox_days))
    gone = session.execute(sa.delete(outbox).where(outbox.c.id.in_(sent)))
    rows = int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE's result is a CursorResult
    for table, instant, days in ((inbox, inbox.c.received_at, inbox_days), (idempotency, idempotency.c.created_at, answer_days)):
        ctid: sa.ColumnClause[object] = sa.literal_column("ctid")
        old = sa.select(ctid).select_from(table).where(instant < now - dt.timedelta(days=days)).limit(most)
        # ctid = any(array) becomes a direct row fetch; ctid in (subquery) a join over the whole table.
        gone = session.execute(sa.delete(table).where(ctid == sa.any_(sa.func.array(old.scalar_subquery()))))
        rows += int(gone.rowcount)  # type: ignore[attr-defined]  # as above
    return rows
