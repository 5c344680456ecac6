"""Tries to sign in, counted for all replicas together."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tries",
        sa.Column("key_hash", sa.String(64), primary_key=True),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("before", sa.Integer, nullable=False),
    )
    op.create_index("ix_tries_start", "tries", ["start"])


def downgrade() -> None:
    op.drop_table("tries")
