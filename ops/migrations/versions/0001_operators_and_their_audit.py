"""Operators, how they are let in, and the record of what they did."""

import sqlalchemy as sa
from alembic import op

from shared.persistence.append_only import make_append_only, make_changeable
from shared.persistence.types import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operators",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("full_name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("stands_for", sa.String(40)),
        sa.Column("password_hash", sa.String(200)),
        sa.Column("totp_secret", sa.String(64)),
        sa.Column("totp_step", sa.Integer),
        sa.Column("disabled_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_seen_at", Moment),
        sa.UniqueConstraint("name", name="uq_operators_name"),
        sa.UniqueConstraint("email", name="uq_operators_email"),
    )
    op.create_table(
        "invitations",
        sa.Column("key_hash", sa.String(64), primary_key=True),
        _whose("invitations"),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
    )
    op.create_table(
        "sessions",
        sa.Column("key_hash", sa.String(64), primary_key=True),
        _whose("sessions"),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_seen_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid, primary_key=True),
        _whose("tokens"),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.Column("revoked_at", Moment),
        sa.UniqueConstraint("key_hash", name="uq_tokens_key_hash"),
    )
    for table in ("invitations", "sessions", "tokens"):
        op.create_index(f"ix_{table}_operator_id", table, ["operator_id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("operation", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(100)),
        sa.Column("reason", sa.Text),
        sa.Column("correlation_id", sa.String(100), nullable=False),
        sa.Column("changes", sa.Boolean, nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at", "id"])
    op.create_index("ix_audit_actor", "audit", ["actor", "at"])
    op.create_index("ix_audit_subject", "audit", ["subject", "at"])
    make_append_only(op, "audit")


def downgrade() -> None:
    make_changeable(op, "audit")
    for table in ("audit", "tokens", "sessions", "invitations", "operators"):
        op.drop_table(table)


def _whose(table: str) -> sa.Column:
    reference = sa.ForeignKey("operators.id", name=f"fk_{table}_operator_id")
    return sa.Column("operator_id", sa.Uuid, reference, nullable=False)
