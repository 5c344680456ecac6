"""Room for the secrets of authenticator apps as they are sealed. They are sealed when the gateway starts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("operators") as operators:
        operators.alter_column("totp_secret", existing_type=sa.String(64), type_=sa.String(300))


def downgrade() -> None:
    with op.batch_alter_table("operators") as operators:
        operators.alter_column("totp_secret", existing_type=sa.String(300), type_=sa.String(64))
