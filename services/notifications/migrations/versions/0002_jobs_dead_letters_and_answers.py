"""Jobs, dead letters that an operator can settle, and answers that are safe to ask for again."""

from alembic import op

from shared.messaging.migrations import add_second_shape, remove_second_shape, schedule_rows

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_second_shape(op)
    schedule_rows(op, "send_messages", "messages", "id", "next_attempt_at", "state IN ('scheduled', 'sending')")


def downgrade() -> None:
    remove_second_shape(op)
