"""New connections with the letters that prove a home, planned connections, and bills of their cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ACCOUNTS_BEFORE = "1100, 1210, 1220, 2100, 2200, 4100, 4200, 4300"
_ACCOUNTS = "1100, 1210, 1220, 2100, 2200, 2300, 4100, 4200, 4300, 4400"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _uuid(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Date, nullable=True)


def _number(name: str, kind: type[sa.types.TypeEngine[int]] = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind, nullable=False)


def _sealed(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def upgrade() -> None:
    _below()
    _letters()
    _applications()
    _parts()


def _below() -> None:
    op.execute("create sequence connection_numbers start 40000001")
    _states("1, 2, 3, 4")
    _accounts(_ACCOUNTS)
    op.alter_column("bills", "run_id", nullable=True)
    op.alter_column("bills", "tariff_id", nullable=True)


def _states(known: str) -> None:
    # Rows that are there are known to fit: they are not read again under the lock.
    op.execute("alter table connections drop constraint known_state")
    op.execute(f"alter table connections add constraint known_state check (state in ({known})) not valid")


def _accounts(known: str) -> None:
    op.execute("alter table transfers drop constraint known_accounts")
    op.execute(f"alter table transfers add constraint known_accounts check (debit in ({known}) and credit in ({known})) not valid")


def _letters() -> None:
    op.create_table(
        "proof_letters",
        _uuid("letter_id"), _text("citizen_id"), _text("kind"), _text("reference"), _text("sha256"),
        _instant("signed_at", nullable=True), _day("valid_until"), _text("address_hash"),
        _instant("revoked_at", nullable=True), _number("sequence", sa.BigInteger),
        sa.PrimaryKeyConstraint("letter_id", name="pk_proof_letters"),
    )  # fmt: skip
    op.create_index("ix_proof_letters_citizen_id", "proof_letters", ["citizen_id"])


def _applications() -> None:
    op.execute("create sequence new_connection_numbers")
    op.create_table(
        "new_connections",
        _uuid("application_id"), _text("number"), _text("citizen_id"), _number("state", sa.SmallInteger),
        _number("version", sa.BigInteger), _uuid("letter_id"), _text("letter_reference"), _text("address_hash"),
        _text("kelurahan"), _text("zone"), _sealed("home"), _sealed("applicant"), _text("initials"),
        sa.Column("latitude", sa.Double, nullable=True), sa.Column("longitude", sa.Double, nullable=True),
        _number("main_distance_m"), _text("tariff_group"), _day("due_on"), _text("reason"),
        sa.Column("reason_text", sa.LargeBinary, nullable=True), _uuid("work_order_id", nullable=True),
        _text("work_order_number"), _number("visits"), sa.Column("cost", postgresql.JSONB, nullable=False),
        _number("amount", sa.BigInteger), _uuid("bill_id", nullable=True), _uuid("connection_id", nullable=True),
        _text("connection_number"), sa.Column("meter", postgresql.JSONB, nullable=True),
        _instant("applied_at"), _instant("updated_at"),
        sa.PrimaryKeyConstraint("application_id", name="pk_new_connections"),
        sa.UniqueConstraint("number", name="uq_new_connections_number"),
        sa.CheckConstraint("state between 1 and 8", name="known_state"),
        sa.CheckConstraint("(state <= 5) = (due_on is not null)", name="open_has_due_day"),
    )  # fmt: skip
    op.create_index("ix_new_connections_citizen", "new_connections", ["citizen_id", "applied_at", "application_id"])
    is_open = sa.text("state <= 5")
    op.create_index(
        "ix_new_connections_queue", "new_connections", ["state", "applied_at", "application_id"], postgresql_where=is_open
    )
    op.create_index(
        "uq_new_connections_home", "new_connections", ["citizen_id", "address_hash"], unique=True, postgresql_where=is_open
    )
    op.create_index("ix_new_connections_bill_id", "new_connections", ["bill_id"], postgresql_where=sa.text("bill_id is not null"))


def _parts() -> None:
    whose = ["application_id"], ["new_connections.application_id"]
    op.create_table(
        "new_connection_steps",
        _uuid("application_id"), _number("position"), _instant("at"), _text("event"), _text("actor"),
        sa.Column("note", sa.LargeBinary, nullable=True),
        sa.PrimaryKeyConstraint("application_id", "position", name="pk_new_connection_steps"),
        sa.ForeignKeyConstraint(*whose, name="fk_new_connection_steps_application_id_new_connections"),
    )  # fmt: skip
    op.create_table(
        "new_connection_documents",
        _uuid("document_id"), _uuid("application_id"), _text("kind"), _text("file_name"), _text("media_type"),
        _number("size", sa.BigInteger), _sealed("content"),
        sa.PrimaryKeyConstraint("document_id", name="pk_new_connection_documents"),
        sa.UniqueConstraint("application_id", "kind", name="uq_new_connection_documents_application_id_kind"),
        sa.ForeignKeyConstraint(*whose, name="fk_new_connection_documents_application_id_new_connections"),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("new_connection_documents", "new_connection_steps", "new_connections", "proof_letters"):
        op.drop_table(table)
    op.execute("drop sequence new_connection_numbers")
    op.execute("drop sequence connection_numbers")
    _states("1, 2, 3")
    _accounts(_ACCOUNTS_BEFORE)
    op.alter_column("bills", "run_id", nullable=False)
    op.alter_column("bills", "tariff_id", nullable=False)
