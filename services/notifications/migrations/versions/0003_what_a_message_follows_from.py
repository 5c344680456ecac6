"""What a message follows from: the ledger keeps the correlation id of the event that called for it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("correlation_id", sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "correlation_id")
