"""Complaints have `filed_as`, and each of it and `reporter_kind` follows the other: the version before goes on serving."""

from alembic import op

revision = "9001"
down_revision = "HEAD"
branch_labels = None
depends_on = None

FOLLOW = """
create function complaint_filed_as() returns trigger language plpgsql as $$
begin
  new.filed_as := coalesce(new.filed_as, new.reporter_kind);
  new.reporter_kind := coalesce(new.reporter_kind, new.filed_as);
  return new;
end $$
"""


def upgrade() -> None:
    op.execute("alter table complaint add column filed_as text")
    op.execute(FOLLOW)
    op.execute("create trigger complaint_filed_as before insert on complaint for each row execute function complaint_filed_as()")
    op.execute("update complaint set filed_as = reporter_kind")
