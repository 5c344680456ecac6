"""Why a mailbox could not be read, for whoever asks."""

import sqlalchemy as sa
from alembic import op

from shared.persistence.types import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailbox_faults",
        sa.Column("mailbox", sa.String(200), primary_key=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("mailbox_faults")
