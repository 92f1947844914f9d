"""Connections with their links and proofs, meters and readings, tariffs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _col(name: str, kind: type[sa.types.TypeEngine[object]], *more: object, **options: object) -> sa.Column[object]:
    return sa.Column(name, kind, *more, **{"nullable": False, **options})


def _maybe(name: str, kind: type[sa.types.TypeEngine[object]]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=True)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _connections()
    _proofs()
    _meters()
    _readings()
    _previews()
    _tariffs()


def _connections() -> None:
    op.create_table(
        "connections",
        _col("connection_id", sa.Uuid), _col("number", sa.Text), _col("tariff_group", sa.Text), _col("zone", sa.Text),
        _col("kelurahan", sa.Text), _col("state", sa.SmallInteger), _col("version", sa.BigInteger),
        _col("holder_name", sa.LargeBinary), _col("address", sa.LargeBinary),
        _maybe("phone", sa.LargeBinary), _maybe("phone_index", sa.LargeBinary),
        sa.PrimaryKeyConstraint("connection_id", name="pk_connections"),
        sa.UniqueConstraint("number", name="uq_connections_number"),
        sa.CheckConstraint("state in (1, 2, 3)", name="known_state"),
    )  # fmt: skip
    op.create_index("ix_connections_phone_index", "connections", ["phone_index"])
    op.create_table(
        "connection_links",
        _col("link_id", sa.Uuid), _col("connection_id", sa.Uuid), _col("citizen_id", sa.Text), _col("proof", sa.Text),
        _instant("linked_at"), _instant("unlinked_at", nullable=True),
        sa.PrimaryKeyConstraint("link_id", name="pk_connection_links"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.connection_id"], name="fk_connection_links_connection_id_connections"
        ),
    )  # fmt: skip
    now = sa.text("unlinked_at is null")
    op.create_index(
        "ix_connection_links_active", "connection_links", ["citizen_id", "connection_id"], unique=True, postgresql_where=now
    )
    op.create_index("ix_connection_links_connection", "connection_links", ["connection_id"], postgresql_where=now)


def _proofs() -> None:
    op.create_table(
        "phone_proofs",
        _col("proof_id", sa.Uuid), _col("citizen_id", sa.Text), _col("number", sa.Text), _maybe("connection_id", sa.Uuid),
        _col("code_hash", sa.LargeBinary), _maybe("code_sealed", sa.LargeBinary), _col("tries", sa.SmallInteger),
        _instant("expires_at"), _instant("used_at", nullable=True),
        sa.PrimaryKeyConstraint("proof_id", name="pk_phone_proofs"),
    )  # fmt: skip
    op.create_index("ix_phone_proofs_expires_at", "phone_proofs", ["expires_at"])
    op.create_table(
        "proof_tries",
        _col("who", sa.Text), _col("what", sa.Text), _col("count", sa.Integer), _instant("until"),
        sa.PrimaryKeyConstraint("who", "what", name="pk_proof_tries"),
    )  # fmt: skip


def _meters() -> None:
    op.create_table(
        "meters",
        _col("meter_id", sa.Uuid), _col("connection_id", sa.Uuid), _col("serial", sa.Text), _col("digits", sa.SmallInteger),
        _col("initial_value", sa.BigInteger), _col("installed_on", sa.Date),
        _maybe("final_value", sa.BigInteger), _maybe("removed_on", sa.Date),
        sa.PrimaryKeyConstraint("meter_id", name="pk_meters"),
        sa.UniqueConstraint("serial", name="uq_meters_serial"),
        sa.CheckConstraint("digits between 4 and 9", name="digits"),
        sa.CheckConstraint("(removed_on is null) = (final_value is null)", name="removed_has_final"),
    )  # fmt: skip
    op.create_index("ix_meters_standing", "meters", ["connection_id"], unique=True, postgresql_where=sa.text("removed_on is null"))
    op.create_table(
        "registers",
        _col("connection_id", sa.Uuid), _col("meter_id", sa.Uuid), _col("digits", sa.SmallInteger),
        _col("base_value", sa.BigInteger), _col("carried", sa.BigInteger), _col("shown_value", sa.BigInteger),
        _col("replaced", sa.Boolean), _maybe("last_period", sa.Text), _col("last_day", sa.Date),
        sa.PrimaryKeyConstraint("connection_id", name="pk_registers"),
        sa.ForeignKeyConstraint(["meter_id"], ["meters.meter_id"], name="fk_registers_meter_id_meters"),
    )  # fmt: skip


def _readings() -> None:
    op.create_table(
        "readings",
        _col("connection_id", sa.Uuid), _col("period", sa.Text), _col("reading_id", sa.Uuid), _col("meter_id", sa.Uuid),
        _col("previous_value", sa.BigInteger), _col("value", sa.BigInteger), _col("volume", sa.BigInteger),
        _col("rolled_over", sa.Boolean), _col("replaced", sa.Boolean), _col("estimated", sa.Boolean),
        _col("read_on", sa.Date), _col("entered_by", sa.Text), _instant("entered_at"), _col("warnings", sa.SmallInteger),
        sa.PrimaryKeyConstraint("connection_id", "period", name="pk_readings"),
        sa.CheckConstraint("volume >= 0 and value >= 0", name="not_negative"),
    )  # fmt: skip


def _previews() -> None:
    op.create_table(
        "readings_previews",
        _col("preview_id", sa.Uuid), _col("created_by", sa.Text), _col("file_name", sa.Text), _col("lines", sa.Integer),
        _col("accepted", sa.Integer), _col("error_count", sa.Integer), _col("errors", JSONB),
        _instant("created_at"), _instant("expires_at"), _instant("imported_at", nullable=True),
        sa.PrimaryKeyConstraint("preview_id", name="pk_readings_previews"),
    )  # fmt: skip
    op.create_table(
        "readings_preview_lines",
        _col("preview_id", sa.Uuid), _col("line", sa.Integer), _col("number", sa.Text), _col("period", sa.Text),
        _col("value", sa.BigInteger), _col("read_on", sa.Date), _col("estimated", sa.Boolean),
        _maybe("problem", sa.Text), _maybe("connection_id", sa.Uuid), _maybe("meter_id", sa.Uuid),
        _maybe("previous_value", sa.BigInteger), _maybe("raw_volume", sa.BigInteger), _maybe("rolled_over", sa.Boolean),
        _maybe("replaced", sa.Boolean), _maybe("warnings", sa.SmallInteger),
        sa.PrimaryKeyConstraint("preview_id", "line", name="pk_readings_preview_lines"),
        sa.ForeignKeyConstraint(
            ["preview_id"], ["readings_previews.preview_id"],
            name="fk_readings_preview_lines_preview_id_readings_previews", ondelete="CASCADE",
        ),
    )  # fmt: skip


def _tariffs() -> None:
    op.create_table(
        "tariffs",
        _col("tariff_id", sa.Uuid), _col("group", sa.Text), _col("effective_from", sa.Date), _col("name_id", sa.Text),
        _col("name_en", sa.Text), _col("demo", sa.Boolean), _col("source", sa.Text),
        sa.PrimaryKeyConstraint("tariff_id", name="pk_tariffs"),
        sa.UniqueConstraint("group", "effective_from", name="uq_tariffs_group_effective_from"),
    )  # fmt: skip
    op.create_table(
        "tariff_blocks",
        _col("tariff_id", sa.Uuid), _col("block_no", sa.SmallInteger), _col("from_m3", sa.BigInteger),
        _maybe("to_m3", sa.BigInteger), _col("price", sa.BigInteger),
        sa.PrimaryKeyConstraint("tariff_id", "block_no", name="pk_tariff_blocks"),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariffs.tariff_id"], name="fk_tariff_blocks_tariff_id_tariffs"),
        sa.CheckConstraint("price >= 0", name="price_not_negative"),
        sa.CheckConstraint("from_m3 >= 1 and to_m3 >= from_m3", name="range"),
    )  # fmt: skip
    op.create_table(
        "tariff_fixed_parts",
        _col("tariff_id", sa.Uuid), _col("position", sa.SmallInteger), _col("code", sa.Text),
        _col("name_id", sa.Text), _col("name_en", sa.Text), _col("amount", sa.BigInteger),
        sa.PrimaryKeyConstraint("tariff_id", "position", name="pk_tariff_fixed_parts"),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariffs.tariff_id"], name="fk_tariff_fixed_parts_tariff_id_tariffs"),
        sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
    )  # fmt: skip


def downgrade() -> None:
    for table in (
        "tariff_fixed_parts", "tariff_blocks", "tariffs", "readings_preview_lines", "readings_previews", "readings",
        "registers", "meters", "proof_tries", "phone_proofs", "connection_links", "connections",
    ):  # fmt: skip
        op.drop_table(table)
