"""The frame tables: outbox, inbox, dead letters, idempotency keys."""

from alembic import op
from chassis import db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    db.create_frame(op)


def downgrade() -> None:
    db.drop_frame(op)
