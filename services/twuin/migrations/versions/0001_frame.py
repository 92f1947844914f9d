"""The frame that every service has: outbox, inbox, dead letters, idempotency."""

from __future__ import annotations

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
