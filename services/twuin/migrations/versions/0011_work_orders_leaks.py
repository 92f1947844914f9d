"""Crews, work orders, leaks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _uuid(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number(name: str, kind: type[sa.types.TypeEngine[int]] = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind, nullable=False)


def _position() -> tuple[sa.Column[float], sa.Column[float]]:
    return sa.Column("latitude", sa.Double, nullable=True), sa.Column("longitude", sa.Double, nullable=True)


def upgrade() -> None:
    _work_orders()
    _work()
    _leaks()
    _reports()


def _work_orders() -> None:
    op.execute("create sequence work_order_numbers")
    op.create_table(
        "crews",
        _text("name"), sa.Column("zones", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.SmallInteger), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_crews"),
    )  # fmt: skip
    op.create_table(
        "work_orders",
        _uuid("work_order_id"), _text("number"), _number("kind", sa.SmallInteger), _number("state", sa.SmallInteger),
        _uuid("subject_id"), _text("subject_number"), _text("citizen_id"), _text("zone"), _text("kelurahan"), *_position(),
        sa.Column("place", sa.LargeBinary, nullable=True), _text("crew"), _text("accepted_by"),
        sa.Column("due_on", sa.Date, nullable=False), _number("visit"), _number("reports"),
        sa.Column("materials", postgresql.JSONB, nullable=False), _text("outcome"), _text("note"),
        sa.Column("result", postgresql.JSONB, nullable=True), _instant("created_at"), _instant("ended_at", nullable=True),
        _number("version", sa.BigInteger),
        sa.PrimaryKeyConstraint("work_order_id", name="pk_work_orders"),
        sa.UniqueConstraint("number", name="uq_work_orders_number"),
        sa.UniqueConstraint("subject_id", "kind", "visit", name="uq_work_orders_subject_id_kind_visit"),
        sa.CheckConstraint("(state = 1) = (crew = '') or state in (5, 6)", name="assigned_has_crew"),
        sa.CheckConstraint("state not in (3, 4, 5) or accepted_by <> ''", name="begun_has_worker"),
        sa.CheckConstraint("(state = 5) = (outcome <> '')", name="completed_has_outcome"),
    )  # fmt: skip
    is_open, ended = sa.text("state in (1, 2, 3, 4)"), sa.text("ended_at is not null")
    op.create_index("ix_work_orders_open", "work_orders", ["due_on", "work_order_id"], postgresql_where=is_open)
    op.create_index("ix_work_orders_crew_open", "work_orders", ["crew", "due_on", "work_order_id"], postgresql_where=is_open)
    op.create_index("ix_work_orders_crew_ended", "work_orders", ["crew", "ended_at", "work_order_id"], postgresql_where=ended)
    op.create_index("ix_work_orders_ended", "work_orders", ["ended_at", "work_order_id"], postgresql_where=ended)


def _work() -> None:
    op.create_table(
        "work_steps",
        sa.Column("step_id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        _uuid("work_order_id"), _instant("at"), _text("event"), _text("actor"), _text("actor_id"), _text("note"),
        sa.PrimaryKeyConstraint("step_id", name="pk_work_steps"),
        sa.ForeignKeyConstraint(["work_order_id"], ["work_orders.work_order_id"], name="fk_work_steps_work_order_id_work_orders"),
    )  # fmt: skip
    op.create_index("ix_work_steps_work_order_id", "work_steps", ["work_order_id"])
    op.create_table(
        "work_photos",
        _uuid("work_order_id"), _text("photo_id"), _uuid("complaint_id", nullable=True), _text("media_type"),
        _number("size", sa.BigInteger), _text("sha256"), _text("path"), _instant("at"),
        sa.PrimaryKeyConstraint("work_order_id", "photo_id", name="pk_work_photos"),
        sa.ForeignKeyConstraint(["work_order_id"], ["work_orders.work_order_id"], name="fk_work_photos_work_order_id_work_orders"),
        sa.CheckConstraint("(path = '') = (complaint_id is not null)", name="kept_here_or_there"),
    )  # fmt: skip
    op.create_index("ix_work_photos_path", "work_photos", ["path"], postgresql_where=sa.text("path <> ''"))


def _leaks() -> None:
    op.execute("create sequence leak_numbers")
    op.create_table(
        "leaks",
        _uuid("leak_id"), _text("number"), _number("state", sa.SmallInteger), _text("zone"), _text("kelurahan"), *_position(),
        _instant("opened_at"), _instant("closed_at", nullable=True), sa.Column("resolve_by", sa.Date, nullable=False),
        _text("progress"), _uuid("work_order_id"), _text("work_order_number"), _text("crew"), _number("visits"),
        _instant("changed_at"), _number("version", sa.BigInteger),
        sa.PrimaryKeyConstraint("leak_id", name="pk_leaks"),
        sa.UniqueConstraint("number", name="uq_leaks_number"),
        sa.CheckConstraint("(state in (1, 2)) = (closed_at is null)", name="closed_has_instant"),
    )  # fmt: skip
    op.create_index("ix_leaks_open", "leaks", ["zone", "opened_at", "leak_id"], postgresql_where=sa.text("state in (1, 2)"))
    op.create_index("ix_leaks_closed_at", "leaks", ["closed_at"], postgresql_where=sa.text("closed_at is not null"))


def _reports() -> None:
    op.create_table(
        "leak_reports",
        _uuid("complaint_id"), _uuid("leak_id"), _text("complaint_number"),
        sa.Column("photo_ids", postgresql.ARRAY(sa.Text), nullable=False), _instant("at"), _number("visit"),
        _instant("withdrawn_at", nullable=True),
        sa.PrimaryKeyConstraint("complaint_id", name="pk_leak_reports"),
        sa.ForeignKeyConstraint(["leak_id"], ["leaks.leak_id"], name="fk_leak_reports_leak_id_leaks"),
    )  # fmt: skip
    op.create_index("ix_leak_reports_leak_id", "leak_reports", ["leak_id"])
    op.create_table(
        "leak_steps",
        sa.Column("step_id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        _uuid("leak_id"), _instant("at"), _text("event"), _text("note"),
        sa.PrimaryKeyConstraint("step_id", name="pk_leak_steps"),
        sa.ForeignKeyConstraint(["leak_id"], ["leaks.leak_id"], name="fk_leak_steps_leak_id_leaks"),
    )  # fmt: skip
    op.create_index("ix_leak_steps_leak_id", "leak_steps", ["leak_id"])


def downgrade() -> None:
    for table in ("leak_steps", "leak_reports", "leaks", "work_photos", "work_steps", "work_orders", "crews"):
        op.drop_table(table)
    op.execute("drop sequence leak_numbers")
    op.execute("drop sequence work_order_numbers")
