"""Proved e-mail addresses, how a person wants to be told, and the time line over both agencies."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE account ADD COLUMN email_proved_at TIMESTAMP WITH TIME ZONE
    """,
    """
    CREATE TABLE delivery_choice (
        citizen_id UUID NOT NULL,
        about TEXT NOT NULL,
        channel TEXT NOT NULL,
        chosen_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_delivery_choice PRIMARY KEY (citizen_id, about),
        CONSTRAINT ck_delivery_choice_about CHECK (about in ('errands', 'bills', 'water')),
        CONSTRAINT ck_delivery_choice_channel CHECK (channel in ('sms', 'email'))
    )
    """,
    """
    CREATE TABLE errand (
        id UUID NOT NULL,
        citizen_id UUID NOT NULL,
        agency TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject_id UUID NOT NULL,
        reference TEXT NOT NULL,
        detail TEXT NOT NULL,
        state TEXT NOT NULL,
        open BOOLEAN NOT NULL,
        with_whom TEXT NOT NULL,
        due_on TEXT NOT NULL,
        rank INTEGER NOT NULL,
        sequence BIGINT NOT NULL,
        began_at TIMESTAMP WITH TIME ZONE NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_errand PRIMARY KEY (id),
        CONSTRAINT uq_errand_subject_id_kind_citizen_id UNIQUE (subject_id, kind, citizen_id)
    )
    """,
    """
    CREATE INDEX ix_errand_page ON errand (citizen_id, updated_at, id)
    """,
    """
    CREATE TABLE errand_step (
        errand_id UUID NOT NULL,
        fact TEXT NOT NULL,
        sequence BIGINT NOT NULL,
        state TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_errand_step PRIMARY KEY (errand_id, fact, sequence),
        CONSTRAINT fk_errand_step_errand_id_errand FOREIGN KEY(errand_id) REFERENCES errand (id) ON DELETE CASCADE
    )
    """,
)
TABLES = ("errand_step", "errand", "delivery_choice")


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE account DROP COLUMN email_proved_at")
