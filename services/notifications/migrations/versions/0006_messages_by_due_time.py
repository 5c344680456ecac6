"""Messages found by when they are or were due, for the lists of operators."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_messages_due_at", "messages", ["due_at"])


def downgrade() -> None:
    op.drop_index("ix_messages_due_at", table_name="messages")
