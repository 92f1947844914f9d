"""Applications with their documents and timelines."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATES = ("draft", "submitted", "returned", "approved", "signing", "signed", "refused", "withdrawn")
MOMENT = sa.DateTime(timezone=True)
EMPTY = sa.text("''")


def upgrade() -> None:
    op.create_table(
        "application",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("citizen_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("kelurahan", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("checks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("claimed_by", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("due_on", sa.Date),
        sa.Column("days_left", sa.Integer),
        sa.Column("fields", sa.LargeBinary, nullable=False),
        sa.Column("applicant", sa.LargeBinary),
        sa.Column("initials", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("submitted_at", MOMENT),
        sa.Column("letter_id", sa.Uuid),
        sa.Column("signer_id", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("signer_name", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("signing_until", MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.UniqueConstraint("reference", name="uq_application_reference"),
        sa.CheckConstraint(sa.column("state").in_(STATES), name="state_known"),
        # What was handed in has an office and an applicant; a signed one has its letter.
        sa.CheckConstraint("state in ('draft') or (kelurahan <> '' and applicant is not null)", name="handed_in_whole"),
        sa.CheckConstraint("state <> 'signed' or letter_id is not null", name="signed_has_letter"),
        sa.CheckConstraint("(due_on is null) or (days_left is null)", name="clock_one_way"),
    )
    op.create_index("ix_application_citizen", "application", ["citizen_id", sa.text("created_at desc"), sa.text("id desc")])
    op.create_index(
        "ix_application_desk",
        "application",
        ["kelurahan", "state", sa.text("coalesce(due_on, date '9999-12-31')"), "id"],
        postgresql_where=sa.text("state in ('submitted', 'approved', 'signing', 'returned')"),
    )
    op.create_index("ix_application_claimed", "application", ["claimed_by"], postgresql_where=sa.text("claimed_by <> ''"))
    op.create_index("ix_application_signing", "application", ["signing_until"], postgresql_where=sa.text("state = 'signing'"))
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("application_id", sa.Uuid, sa.ForeignKey("application.id", ondelete="CASCADE"), nullable=False),
        sa.Column("requirement", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("application_id", "requirement", "sha256", name="uq_attachment_document"),
    )
    op.create_index("ix_attachment_path", "attachment", ["path"])
    op.create_table(
        "timeline_entry",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("application_id", sa.Uuid, sa.ForeignKey("application.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=EMPTY),
    )
    op.create_index("ix_timeline_entry_application_id", "timeline_entry", ["application_id"])


def downgrade() -> None:
    op.drop_table("timeline_entry")
    op.drop_table("attachment")
    op.drop_table("application")
