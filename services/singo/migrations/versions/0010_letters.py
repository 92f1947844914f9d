"""Letters with their numbers: a counter for each series and year, and the letters themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
EMPTY = sa.text("''")
FALSE = sa.text("false")


def upgrade() -> None:
    op.create_table(
        "letter_counter",
        sa.Column("series", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name="pk_letter_counter"),
        sa.CheckConstraint("last >= 0", name="last_counts"),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("application_id", sa.Uuid, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("citizen_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("kelurahan", sa.Text, nullable=False),
        sa.Column("series", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("signatory", sa.Text, nullable=False),
        sa.Column("page", sa.LargeBinary, nullable=False),
        sa.Column("reserved_at", MOMENT, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("signed_at", MOMENT),
        sa.Column("signed_by", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("signer", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("certified", sa.Boolean, nullable=False, server_default=FALSE),
        sa.Column("timestamped", sa.Boolean, nullable=False, server_default=FALSE),
        sa.Column("sha256", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("path", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.UniqueConstraint("application_id", name="uq_letter_application_id"),
        sa.UniqueConstraint("series", "year", "ordinal", name="uq_letter_series_year_ordinal"),
        sa.UniqueConstraint("number", name="uq_letter_number"),
        sa.UniqueConstraint("code", name="uq_letter_code"),
        sa.CheckConstraint("ordinal > 0", name="ordinal_counts"),
        sa.CheckConstraint("state in ('reserved', 'issued')", name="state_known"),
        # An issued letter exists as a document, and somebody signed it.
        sa.CheckConstraint(
            "state <> 'issued' or (signed_at is not null and signed_by <> '' and sha256 ~ '^[0-9a-f]{64}$' and size > 0 and path <> '')",
            name="issued_whole",
        ),
    )
    op.create_index("ix_letter_citizen_id_signed_at_id", "letter", ["citizen_id", "signed_at", "id"])
    op.create_index("ix_letter_path", "letter", ["path"])


def downgrade() -> None:
    op.drop_table("letter")
    op.drop_table("letter_counter")
