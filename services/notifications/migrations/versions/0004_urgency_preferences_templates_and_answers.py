"""How urgent a message is and what came back; how people wish to be written to; words and rules that ops can edit."""

import sqlalchemy as sa
from alembic import op

from shared.persistence.types import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("urgency", sa.String(12), nullable=False, server_default="ordinary"))
    op.add_column("messages", sa.Column("person", sa.String(80)))
    op.add_column("messages", sa.Column("answered_at", Moment))
    op.add_column("messages", sa.Column("template_version", sa.Integer))
    op.add_column("messages", sa.Column("resend_of", sa.Uuid))
    op.add_column("messages", sa.Column("told_in", sa.Uuid))
    sending = sa.text("state = 'sending'")
    op.create_index("ix_messages_sending", "messages", ["claimed_at"], postgresql_where=sending, sqlite_where=sending)
    op.create_index("ix_messages_subject_ref", "messages", ["subject_ref"])
    op.create_index("ix_messages_told_in", "messages", ["told_in"])
    proven = sa.text(
        "template IN ('run_confirmed_contact', 'run_changed_contact', 'enquiry_received', 'reply_written', "
        "'proposal_sent', 'proposal_accepted', 'proposal_declined', 'proposal_withdrawn', 'agreement_signed')"
    )
    op.create_index("ix_messages_proven", "messages", ["template", "due_at"], postgresql_where=proven)
    op.create_index("ix_messages_template", "messages", ["template", "id"])
    again = sa.text("resend_of IS NOT NULL")
    op.create_index("ix_messages_resend_of", "messages", ["resend_of"], postgresql_where=again, sqlite_where=again)
    op.create_table(
        "preferences",
        sa.Column("person", sa.String(80), primary_key=True),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("digest", sa.Boolean, nullable=False),
        sa.Column("non_critical", sa.Boolean, nullable=False),
        sa.Column("quiet", sa.Boolean, nullable=False),
        sa.Column("quiet_from", sa.Time, nullable=False),
        sa.Column("quiet_until", sa.Time, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.String(64), primary_key=True),
        sa.Column("since", Moment, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("message", sa.Uuid),
        sa.Column("lifted_at", Moment),
        sa.Column("lifted_by", sa.String(100)),
        sa.Column("lifted_because", sa.Text),
    )
    op.create_table(
        "template_versions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("template", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("published_at", Moment),
        sa.Column("published_by", sa.String(100)),
        sa.UniqueConstraint("template", "version"),
    )
    live = sa.text("state = 'live'")
    op.create_index(
        "ux_template_versions_live",
        "template_versions",
        ["template"],
        unique=True,
        postgresql_where=live,
        sqlite_where=live,
    )
    op.create_table(
        "reminder_rules",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("offsets", sa.JSON, nullable=False),
        sa.Column("at", sa.Time, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
    )
    op.create_table(
        "registers",
        sa.Column("session", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("settled", sa.Text),
    )
    op.create_table(
        "answers_read",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("mark", sa.String(64), nullable=False, unique=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("message", sa.Uuid),
        sa.Column("about", sa.String(80)),
        sa.Column("outcome", sa.Text),
        sa.Column("read_at", Moment, nullable=False),
    )
    op.create_table(
        "mailbox_positions",
        sa.Column("mailbox", sa.String(200), primary_key=True),
        sa.Column("uid_validity", sa.BigInteger, nullable=False),
        sa.Column("last_uid", sa.BigInteger, nullable=False),
        sa.Column("read_at", Moment, nullable=False),
    )
    op.create_table(
        "places",
        sa.Column("id", sa.String(20), primary_key=True),
        sa.Column("nation", sa.String(20), nullable=False),
        sa.Column("report_minutes", sa.Integer),
    )


def downgrade() -> None:
    for table in (
        "places",
        "mailbox_positions",
        "answers_read",
        "registers",
        "reminder_rules",
        "template_versions",
        "suppressions",
        "preferences",
    ):
        op.drop_table(table)
    op.drop_index("ix_messages_resend_of", "messages")
    op.drop_index("ix_messages_template", "messages")
    op.drop_index("ix_messages_proven", "messages")
    op.drop_index("ix_messages_told_in", "messages")
    op.drop_index("ix_messages_subject_ref", "messages")
    op.drop_index("ix_messages_sending", "messages")
    for column in ("told_in", "resend_of", "template_version", "answered_at", "person", "urgency"):
        op.drop_column("messages", column)
