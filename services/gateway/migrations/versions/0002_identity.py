"""Identity: accounts, staff, challenges, sessions, tokens, signing keys, messages."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE account (
        id UUID NOT NULL,
        version BIGINT NOT NULL,
        nik_index BYTEA NOT NULL,
        phone_index BYTEA NOT NULL,
        nik_sealed BYTEA NOT NULL,
        kk_sealed BYTEA NOT NULL,
        name_sealed BYTEA NOT NULL,
        birth_date_sealed BYTEA NOT NULL,
        phone_sealed BYTEA NOT NULL,
        email_sealed BYTEA,
        profile_sealed BYTEA NOT NULL,
        password_hash TEXT NOT NULL,
        loa INTEGER NOT NULL,
        language TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        password_changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_account PRIMARY KEY (id),
        CONSTRAINT uq_account_nik_index UNIQUE (nik_index),
        CONSTRAINT uq_account_phone_index UNIQUE (phone_index)
    )
    """,
    """
    CREATE TABLE challenge (
        id UUID NOT NULL,
        purpose TEXT NOT NULL,
        owner UUID,
        code_hash BYTEA,
        payload_sealed BYTEA NOT NULL,
        tries INTEGER NOT NULL,
        sent INTEGER NOT NULL,
        sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        used_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_challenge PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX ix_challenge_expires_at ON challenge (expires_at)
    """,
    """
    CREATE TABLE message (
        id UUID NOT NULL,
        channel TEXT NOT NULL,
        to_index BYTEA NOT NULL,
        to_sealed BYTEA NOT NULL,
        subject TEXT NOT NULL,
        body_sealed BYTEA NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        good_until TIMESTAMP WITH TIME ZONE NOT NULL,
        next_try_at TIMESTAMP WITH TIME ZONE NOT NULL,
        tries INTEGER NOT NULL,
        state TEXT NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_message PRIMARY KEY (id),
        CONSTRAINT ck_message_state CHECK (state in ('waiting', 'sent', 'dropped'))
    )
    """,
    """
    CREATE INDEX ix_message_created_at ON message (created_at)
    """,
    """
    CREATE INDEX ix_message_to_index ON message (to_index)
    """,
    """
    CREATE INDEX ix_message_waiting ON message (next_try_at) WHERE state = 'waiting'
    """,
    """
    CREATE TABLE session (
        id UUID NOT NULL,
        token_hash BYTEA,
        kind TEXT NOT NULL,
        subject UUID NOT NULL,
        client TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        idle_seconds INTEGER NOT NULL,
        address TEXT NOT NULL,
        agent TEXT NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_session PRIMARY KEY (id),
        CONSTRAINT uq_session_token_hash UNIQUE (token_hash)
    )
    """,
    """
    CREATE INDEX ix_session_expires_at ON session (expires_at)
    """,
    """
    CREATE INDEX ix_session_open ON session (subject) WHERE ended_at is null
    """,
    """
    CREATE TABLE signing_key (
        kid TEXT NOT NULL,
        private_sealed BYTEA NOT NULL,
        public BYTEA NOT NULL,
        state TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        retired_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_signing_key PRIMARY KEY (kid),
        CONSTRAINT ck_signing_key_state CHECK (state in ('next', 'current', 'retired'))
    )
    """,
    """
    CREATE UNIQUE INDEX uq_signing_key_one ON signing_key (state) WHERE state <> 'retired'
    """,
    """
    CREATE TABLE staff (
        id UUID NOT NULL,
        version BIGINT NOT NULL,
        username TEXT NOT NULL,
        name TEXT NOT NULL,
        roles TEXT[] NOT NULL,
        areas TEXT[] NOT NULL,
        office TEXT NOT NULL,
        language TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        must_change_password BOOLEAN NOT NULL,
        totp_sealed BYTEA,
        totp_step BIGINT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_staff PRIMARY KEY (id),
        CONSTRAINT uq_staff_username UNIQUE (username)
    )
    """,
    """
    CREATE TABLE throttle (
        key BYTEA NOT NULL,
        failures INTEGER NOT NULL,
        last_at TIMESTAMP WITH TIME ZONE NOT NULL,
        blocked_until TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_throttle PRIMARY KEY (key)
    )
    """,
    """
    CREATE INDEX ix_throttle_last_at ON throttle (last_at)
    """,
    """
    CREATE TABLE phone_change (
        id UUID NOT NULL,
        account_id UUID NOT NULL,
        phone_index BYTEA NOT NULL,
        phone_sealed BYTEA NOT NULL,
        cancel_hash BYTEA NOT NULL,
        requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
        effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        outcome TEXT NOT NULL,
        CONSTRAINT pk_phone_change PRIMARY KEY (id),
        CONSTRAINT ck_phone_change_outcome CHECK (outcome in ('waiting', 'applied', 'cancelled')),
        CONSTRAINT fk_phone_change_account_id_account FOREIGN KEY(account_id) REFERENCES account (id),
        CONSTRAINT uq_phone_change_cancel_hash UNIQUE (cancel_hash)
    )
    """,
    """
    CREATE INDEX ix_phone_change_account_id ON phone_change (account_id)
    """,
    """
    CREATE INDEX ix_phone_change_due ON phone_change (effective_at) WHERE outcome = 'waiting'
    """,
    """
    CREATE UNIQUE INDEX uq_phone_change_waiting ON phone_change (account_id) WHERE outcome = 'waiting'
    """,
    """
    CREATE TABLE recovery_code (
        staff_id UUID NOT NULL,
        code_hash BYTEA NOT NULL,
        used_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_recovery_code PRIMARY KEY (staff_id, code_hash),
        CONSTRAINT fk_recovery_code_staff_id_staff FOREIGN KEY(staff_id) REFERENCES staff (id)
    )
    """,
    """
    CREATE TABLE refresh_token (
        token_hash BYTEA NOT NULL,
        session_id UUID NOT NULL,
        issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        used_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_refresh_token PRIMARY KEY (token_hash),
        CONSTRAINT fk_refresh_token_session_id_session FOREIGN KEY(session_id) REFERENCES session (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_refresh_token_session_id ON refresh_token (session_id)
    """,
    """
    CREATE TABLE staff_change (
        id UUID NOT NULL,
        staff_id UUID NOT NULL,
        admin_id TEXT NOT NULL,
        action TEXT NOT NULL,
        reason TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_staff_change PRIMARY KEY (id),
        CONSTRAINT fk_staff_change_staff_id_staff FOREIGN KEY(staff_id) REFERENCES staff (id)
    )
    """,
    """
    CREATE INDEX ix_staff_change_staff_id ON staff_change (staff_id)
    """,
)
TABLES = (
    "staff_change",
    "refresh_token",
    "recovery_code",
    "phone_change",
    "throttle",
    "staff",
    "signing_key",
    "session",
    "message",
    "challenge",
    "account",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
