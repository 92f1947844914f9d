"""Letters can be taken back; the register is read by office, number, code and reference."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
EMPTY = sa.text("''")
ISSUED = sa.text("state = 'issued'")
NEWEST = (sa.text("signed_at desc"), sa.text("id desc"))


def upgrade() -> None:
    op.add_column("letter", sa.Column("revoked_at", MOMENT))
    op.add_column("letter", sa.Column("revoked_by", sa.Text, nullable=False, server_default=EMPTY))
    op.add_column("letter", sa.Column("revocation_reason", sa.Text, nullable=False, server_default=EMPTY))
    # What was taken back had been issued, and somebody said why.
    op.create_check_constraint(
        "revoked_whole", "letter", "revoked_at is null or (state = 'issued' and revoked_by <> '' and revocation_reason <> '')"
    )
    op.create_index("ix_letter_register", "letter", [*NEWEST], postgresql_where=ISSUED)
    op.create_index("ix_letter_office_register", "letter", ["kelurahan", *NEWEST], postgresql_where=ISSUED)
    op.create_index("ix_letter_reference", "letter", ["reference"])


def downgrade() -> None:
    for name in ("ix_letter_reference", "ix_letter_office_register", "ix_letter_register"):
        op.drop_index(name, "letter")
    op.drop_constraint("revoked_whole", "letter")
    for name in ("revocation_reason", "revoked_by", "revoked_at"):
        op.drop_column("letter", name)
