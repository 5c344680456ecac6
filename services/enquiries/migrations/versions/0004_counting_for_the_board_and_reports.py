"""Indexes from which the board, the reports and what is due today are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STAGES = "ix_enquiries_standing_stage"
_BEFORE = ["standing", "stage", "received_at"]
_FILTERED_BY = ["reference", "programme", "owner", "waiting_on", "establishment_id"]
_PARTIAL = (
    ("ix_timeline_moved", "timeline", ["reference", "now"], "kind = 'moved'"),
    ("ix_proposals_waiting", "proposals", ["valid_until"], "state = 'sent'"),
)


def upgrade() -> None:
    op.drop_index(_STAGES, table_name="enquiries")
    op.create_index(_STAGES, "enquiries", [*_BEFORE, *_FILTERED_BY])
    for name, table, columns, filled in _PARTIAL:
        where = sa.text(filled)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, table, _columns, _filled in reversed(_PARTIAL):
        op.drop_index(name, table_name=table)
    op.drop_index(_STAGES, table_name="enquiries")
    op.create_index(_STAGES, "enquiries", _BEFORE)
