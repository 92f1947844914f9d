"""Complaints with their photos, steps and followers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATES = ("filed", "assigned", "answered", "resolved", "reopened", "refused", "withdrawn")
ENDED = "state in ('resolved', 'refused', 'withdrawn')"
MOMENT = sa.DateTime(timezone=True)
EMPTY = sa.text("''")
FALSE = sa.text("false")
OPEN = sa.text("due_on is not null")
NEWEST = (sa.text("filed_at desc"), sa.text("id desc"))


def upgrade() -> None:
    op.create_table(
        "complaint",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("reporter_id", sa.Text, nullable=False),
        sa.Column("reporter_kind", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("kelurahan", sa.Text, nullable=False),
        sa.Column("water", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("address", sa.LargeBinary),
        sa.Column("photos", sa.Integer, nullable=False, server_default="0"),
        sa.Column("assigned_to", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("responded", sa.Boolean, nullable=False, server_default=FALSE),
        sa.Column("respond_by", sa.Date, nullable=False),
        sa.Column("resolve_by", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("visit", sa.Integer, nullable=False, server_default="1"),
        sa.Column("visit_at", MOMENT, nullable=False),
        sa.Column("followers", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rating", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rating_text", sa.LargeBinary),
        sa.Column("water_reference", sa.Text, nullable=False, server_default=EMPTY),
        sa.Column("water_sequence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("filed_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT),
        sa.Column("reopen_until", MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.UniqueConstraint("number", name="uq_complaint_number"),
        sa.CheckConstraint(sa.column("state").in_(STATES), name="state_known"),
        sa.CheckConstraint("reporter_kind in ('citizen', 'guest')", name="reporter_known"),
        sa.CheckConstraint("(latitude is null) = (longitude is null)", name="position_whole"),
        sa.CheckConstraint("rating between 0 and 5", name="rating_counts"),
        # A clock runs for what is open and for nothing else; what was resolved can be reopened for a while.
        sa.CheckConstraint(f"(due_on is null) = ({ENDED})", name="clock_of_open"),
        sa.CheckConstraint("state <> 'resolved' or (resolved_at is not null and reopen_until is not null)", name="resolved_whole"),
    )
    op.create_index("ix_complaint_reporter", "complaint", ["reporter_id", *NEWEST])
    op.create_index("ix_complaint_newest", "complaint", [*NEWEST])
    op.create_index("ix_complaint_newest_of_kelurahan", "complaint", ["kelurahan", *NEWEST])
    op.create_index("ix_complaint_newest_of_category", "complaint", ["category", *NEWEST])
    op.create_index("ix_complaint_newest_open", "complaint", [*NEWEST], postgresql_where=OPEN)
    op.create_index("ix_complaint_due", "complaint", ["due_on", "id"], postgresql_where=OPEN)
    op.create_index("ix_complaint_due_of_kelurahan", "complaint", ["kelurahan", "due_on", "id"], postgresql_where=OPEN)
    op.create_index(
        "ix_complaint_assigned", "complaint", ["assigned_to"], postgresql_where=sa.text("assigned_to <> '' and due_on is not null")
    )
    _parts()


def _parts() -> None:
    owner = {"nullable": False}
    op.create_table(
        "complaint_photo",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id", ondelete="CASCADE"), **owner),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.UniqueConstraint("complaint_id", "ordinal", name="uq_complaint_photo_complaint_id_ordinal"),
    )
    op.create_table(
        "complaint_step",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id", ondelete="CASCADE"), **owner),
        sa.Column("ordinal", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("note", sa.LargeBinary),
        sa.PrimaryKeyConstraint("complaint_id", "ordinal", name="pk_complaint_step"),
    )
    op.create_table(
        "complaint_follower",
        sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id", ondelete="CASCADE"), **owner),
        sa.Column("citizen_id", sa.Text, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("complaint_id", "citizen_id", name="pk_complaint_follower"),
    )
    op.create_index(
        "ix_complaint_follower_citizen", "complaint_follower", ["citizen_id", sa.text("since desc"), sa.text("complaint_id desc")]
    )


def downgrade() -> None:
    for name in ("complaint_follower", "complaint_step", "complaint_photo", "complaint"):
        op.drop_table(name)
