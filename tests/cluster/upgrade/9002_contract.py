"""Nobody asks for `reporter_kind` any more."""

from alembic import op

revision = "9002"
down_revision = "9001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop trigger complaint_filed_as on complaint")
    op.execute("drop function complaint_filed_as()")
    op.execute("alter table complaint drop column reporter_kind")
    op.execute("alter table complaint alter column filed_as set not null")
