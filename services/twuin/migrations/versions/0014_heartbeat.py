"""What processes write of themselves: heartbeats, how jobs ended, interventions."""

from __future__ import annotations

from alembic import op
from chassis import db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    db.create_heartbeat(op)


def downgrade() -> None:
    db.drop_heartbeat(op)
