"""Bills, ledger, payments, and the local payment provider of the demo."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0002"
branch_labels = None
depends_on = None

_ACCOUNTS = "1100, 1210, 1220, 2100, 2200, 4100, 4200, 4300"


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False)


def _text(name: str, **more: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, **more)


def _uuid(name: str, **more: object) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid, **{"nullable": False, **more})


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _ledger()
    _bills()
    _runs()
    _payments()
    _money()
    _local_provider()


def _ledger() -> None:
    op.create_table(
        "transfers",
        _uuid("reference"), _text("kind"), _uuid("entry_id"), _small("debit"), _small("credit"), _big("amount"), _instant("booked_at"),
        sa.PrimaryKeyConstraint("reference", "kind", name="pk_transfers"),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
        sa.CheckConstraint("debit <> credit", name="two_accounts"),
        sa.CheckConstraint(f"debit in ({_ACCOUNTS}) and credit in ({_ACCOUNTS})", name="known_accounts"),
    )  # fmt: skip
    op.create_index("ix_transfers_entry_id", "transfers", ["entry_id"], postgresql_where=sa.text("entry_id <> reference"))
    op.execute(
        "create function transfers_are_final() returns trigger language plpgsql as $$ begin "
        "raise exception 'transfers are never changed or deleted' using errcode = 'integrity_constraint_violation'; end $$"
    )
    op.execute(
        "create trigger transfers_are_final before update or delete or truncate on transfers "
        "for each statement execute function transfers_are_final()"
    )


def _bills() -> None:
    op.create_table(
        "bills",
        # Wide fixed columns first: rows of 180,000 a month lie without padding.
        _uuid("bill_id"), _uuid("connection_id"), _uuid("run_id"), _uuid("tariff_id"), _text("connection_number"), _text("period"),
        _text("tariff_group"), _big("volume"), _big("amount"), _big("previous_value"), _big("current_value"), _big("version"),
        _instant("issued_at"), _instant("paid_at", nullable=True), _uuid("payment_id", nullable=True),
        sa.Column("due_on", sa.Date, nullable=False), _small("state"), _flag("estimated"), _flag("replaced"), _flag("rolled_over"),
        sa.PrimaryKeyConstraint("bill_id", name="pk_bills"),
        sa.UniqueConstraint("connection_id", "period", name="uq_bills_connection_id_period"),
        sa.CheckConstraint("amount >= 0 and volume >= 0", name="not_negative"),
        sa.CheckConstraint("(state = 2) = (paid_at is not null)", name="paid_has_instant"),
        # Paying changes `state` only, which no index holds: room on the page makes that update cheap.
        postgresql_with={"fillfactor": 90},
    )  # fmt: skip
    op.create_table(
        "bill_lines",
        _uuid("bill_id"), _small("position"), _text("code"), _big("quantity"), _big("unit_price"), _big("from_m3"), _big("to_m3"),
        sa.PrimaryKeyConstraint("bill_id", "position", name="pk_bill_lines"),
        sa.CheckConstraint("quantity > 0 and unit_price >= 0", name="quantity_and_price"),
    )  # fmt: skip


def _runs() -> None:
    op.create_table(
        "billing_runs",
        _uuid("run_id"), _text("period"), sa.Column("due_on", sa.Date, nullable=False), _small("state"),
        _big("penalty"), _big("stamp_duty"), _big("stamp_duty_above"), _text("started_by"),
        _instant("started_at"), _instant("issued_at"), _instant("finished_at", nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_billing_runs"),
    )  # fmt: skip
    op.create_index("ix_billing_runs_unfinished", "billing_runs", ["period"], unique=True, postgresql_where=sa.text("state <> 2"))
    op.create_table(
        "billing_batches",
        _uuid("run_id"), sa.Column("position", sa.Integer, nullable=False),
        _uuid("low", nullable=True), _uuid("high", nullable=True),
        _big("expected"), _big("issued"), _big("skipped"), _big("amount"), _instant("done_at", nullable=True),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_billing_batches"),
        sa.ForeignKeyConstraint(["run_id"], ["billing_runs.run_id"], name="fk_billing_batches_run_id_billing_runs"),
    )  # fmt: skip


def _payments() -> None:
    op.execute("create sequence receipt_numbers")
    op.create_table(
        "payments",
        _uuid("payment_id"), _text("citizen_id"), _small("channel"), _small("state"), _big("amount"), _text("provider"),
        _text("va_number", server_default=""), _text("va_bank", server_default=""), _text("qris_payload", server_default=""),
        _instant("created_at"), _instant("expires_at"), _instant("paid_at", nullable=True),
        sa.Column("receipt_number", sa.Text, nullable=True), _big("version"),
        sa.PrimaryKeyConstraint("payment_id", name="pk_payments"),
        sa.UniqueConstraint("receipt_number", name="uq_payments_receipt_number"),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
        sa.CheckConstraint("(state = 3) = (receipt_number is not null)", name="paid_has_receipt"),
    )  # fmt: skip
    op.create_index("ix_payments_citizen_id_created_at", "payments", ["citizen_id", "created_at", "payment_id"])
    op.create_index("ix_payments_waiting", "payments", ["state", "created_at"], postgresql_where=sa.text("state in (1, 2)"))
    op.create_table(
        "payment_bills",
        _uuid("payment_id"), _uuid("bill_id"), _big("amount"), sa.Column("holder", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("payment_id", "bill_id", name="pk_payment_bills"),
        sa.UniqueConstraint("bill_id", "holder", name="uq_payment_bills_bill_id_holder"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name="fk_payment_bills_payment_id_payments"),
    )  # fmt: skip


def _money() -> None:
    op.create_table(
        "payment_money",
        _uuid("money_id"), _text("provider"), _text("request_id"), _uuid("payment_id"), _big("amount"),
        _instant("paid_at"), _instant("received_at"), sa.Column("reason", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("money_id", name="pk_payment_money"),
        sa.UniqueConstraint("provider", "request_id", name="uq_payment_money_provider_request_id"),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name="fk_payment_money_payment_id_payments"),
    )  # fmt: skip
    op.create_index("ix_payment_money_payment_id", "payment_money", ["payment_id"])
    op.create_table(
        "payment_callbacks",
        _text("provider"), _text("external_id"), _instant("received_at"), sa.Column("body_sha256", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("provider", "external_id", name="pk_payment_callbacks"),
    )  # fmt: skip


def _local_provider() -> None:
    op.execute("create sequence local_customer_numbers")
    op.create_table(
        "local_orders",
        _uuid("payment_id"), _small("channel"), _big("amount"), _text("va_number"), _text("qris_payload"),
        _small("state"), _instant("created_at"), _instant("expires_at"),
        sa.PrimaryKeyConstraint("payment_id", name="pk_local_orders"),
    )  # fmt: skip
    op.create_index(
        "ix_local_orders_va_number", "local_orders", ["va_number"], unique=True, postgresql_where=sa.text("va_number <> ''")
    )
    op.create_table(
        "local_deliveries",
        sa.Column("delivery_id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        _text("external_id"), sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False), _instant("next_at"), _instant("delivered_at", nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_local_deliveries"),
    )  # fmt: skip
    op.create_index(
        "ix_local_deliveries_waiting", "local_deliveries", ["next_at"], postgresql_where=sa.text("delivered_at is null")
    )


def downgrade() -> None:
    for table in (
        "local_deliveries", "local_orders", "payment_callbacks", "payment_money", "payment_bills", "payments",
        "billing_batches", "billing_runs", "bill_lines", "bills", "transfers",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("drop function transfers_are_final()")
    op.execute("drop sequence receipt_numbers")
    op.execute("drop sequence local_customer_numbers")
