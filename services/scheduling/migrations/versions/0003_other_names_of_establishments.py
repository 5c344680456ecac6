"""What people may also call an establishment: its Welsh name, names it had before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("establishments") as batch_op:
        batch_op.add_column(sa.Column("other_names", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("establishments") as batch_op:
        batch_op.drop_column("other_names")
