"""People, the whole pipeline, proposals, the ledger, and a history that nobody can change."""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from shared.persistence.append_only import make_append_only, make_changeable

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LISTED_BY = (
    ("ix_enquiries_owner", ["owner", "received_at"], "owner IS NOT NULL"),
    ("ix_enquiries_standing", ["standing", "received_at"], "standing <> 'filed'"),
    ("ix_enquiries_waiting_on", ["waiting_on", "received_at"], "waiting_on <> 'us'"),
    ("ix_enquiries_unanswered", ["first_reply_due_at"], "first_reply_due_at IS NOT NULL AND first_reply_at IS NULL"),
)


def upgrade() -> None:
    op.create_table(
        "canaries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=True),
        sa.Column("reference", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canaries")),
    )
    op.create_table(
        "data_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("person_hash", sa.String(length=64), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_requests")),
    )
    with op.batch_alter_table("data_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_data_requests_person_hash"), ["person_hash"], unique=False)
    op.create_table(
        "ledger_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("filed", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("unaccounted", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quiet_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ledger_days")),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("bare_name", sa.String(length=200), nullable=False),
        sa.Column("nation", sa.String(length=20), nullable=True),
        sa.Column("establishment_id", sa.String(length=10), nullable=True),
        sa.Column("email_domain", sa.String(length=254), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("establishment_id", name=op.f("uq_organisations_establishment_id")),
    )
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organisations_bare_name"), ["bare_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_organisations_email_domain"), ["email_domain"], unique=False)
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("owner", "name", name=op.f("uq_saved_filters_owner_name")),
    )
    op.create_table(
        "suppressions",
        sa.Column("person_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("person_hash", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("preferred_channel", sa.String(length=10), server_default="email", nullable=False),
        sa.Column("status", sa.String(length=10), server_default="active", nullable=False),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_contacts_organisation_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["contacts.id"], name=op.f("fk_contacts_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contacts_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contacts_phone"), ["phone"], unique=False)
    op.create_table(
        "posts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("bare_title", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_posts_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("organisation_id", "bare_title", name=op.f("uq_posts_organisation_id_bare_title")),
    )
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posts_organisation_id"), ["organisation_id"], unique=False)
    op.create_table(
        "contact_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("was", sa.Text(), nullable=True),
        sa.Column("now", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_history_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_history")),
    )
    with op.batch_alter_table("contact_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_history_contact_id"), ["contact_id"], unique=False)
    op.create_table(
        "holdings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_holdings_contact_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_holdings_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holdings")),
    )
    with op.batch_alter_table("holdings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_holdings_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_holdings_now",
            ["contact_id", "post_id"],
            unique=True,
            sqlite_where=sa.text("until IS NULL"),
            postgresql_where=sa.text("until IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_holdings_post_id"), ["post_id"], unique=False)
    op.create_table(
        "checklists",
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["enquiries.reference"], name=op.f("fk_checklists_reference")),
        sa.PrimaryKeyConstraint("reference", "item", name=op.f("pk_checklists")),
    )
    op.create_table(
        "matches",
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="suggested", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["reference"], ["enquiries.reference"], name=op.f("fk_matches_reference")),
        sa.PrimaryKeyConstraint("reference", "kind", "target", name=op.f("pk_matches")),
    )
    with op.batch_alter_table("matches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_matches_target"), ["target"], unique=False)
    op.create_table(
        "not_duplicates",
        sa.Column("first", sa.String(length=20), nullable=False),
        sa.Column("second", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["first"], ["enquiries.reference"], name=op.f("fk_not_duplicates_first")),
        sa.ForeignKeyConstraint(["second"], ["enquiries.reference"], name=op.f("fk_not_duplicates_second")),
        sa.PrimaryKeyConstraint("first", "second", name=op.f("pk_not_duplicates")),
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("total_pence", sa.Integer(), nullable=False),
        sa.Column("cancellation_terms", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["reference"], ["enquiries.reference"], name=op.f("fk_proposals_reference")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("reference", "version", name=op.f("uq_proposals_reference_version")),
    )
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proposals_reference"), ["reference"], unique=False)
    op.create_table(
        "search_entries",
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["enquiries.reference"], name=op.f("fk_search_entries_reference")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_search_entries")),
    )
    op.create_index("ix_search_entries_received_at", "search_entries", ["received_at", "reference"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_search_entries_words",
            "search_entries",
            [sa.text("array_to_tsvector(string_to_array(ltrim(words), ' '))")],
            postgresql_using="gin",
        )
    op.create_table(
        "strikes",
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["enquiries.reference"], name=op.f("fk_strikes_reference")),
        sa.PrimaryKeyConstraint("reference", "clock", "step", "since", name=op.f("pk_strikes")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("reference", sa.String(length=20), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=100), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_tasks_contact_id")),
        sa.ForeignKeyConstraint(["reference"], ["enquiries.reference"], name=op.f("fk_tasks_reference")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("key", name=op.f("uq_tasks_key")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_tasks_open",
            ["due_on"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_tasks_reference"), ["reference"], unique=False)
    op.create_table(
        "agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("purchase_order", sa.String(length=60), nullable=True),
        sa.Column("cancellation_terms", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=12), nullable=False),
        sa.Column("agreed_units", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_agreements_proposal_id")),
        sa.ForeignKeyConstraint(["reference"], ["enquiries.reference"], name=op.f("fk_agreements_reference")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_agreements_proposal_id")),
    )
    with op.batch_alter_table("agreements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreements_reference"), ["reference"], unique=False)
    op.create_table(
        "timeline_words",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["timeline.id"], name=op.f("fk_timeline_words_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_timeline_words")),
    )
    op.create_table(
        "drawdowns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_drawdowns_agreement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drawdowns")),
    )
    with op.batch_alter_table("drawdowns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drawdowns_agreement_id"), ["agreement_id"], unique=False)
    op.create_table(
        "signatures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=120), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_signatures_agreement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint("agreement_id", "side", name=op.f("uq_signatures_agreement_id_side")),
    )
    with op.batch_alter_table("signatures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signatures_agreement_id"), ["agreement_id"], unique=False)
    with op.batch_alter_table("enquiries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("standing", sa.String(length=12), server_default="filed", nullable=False))
        batch_op.add_column(sa.Column("spam_score", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("spam_reasons", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("waiting_on", sa.String(length=10), server_default="us", nullable=False))
        batch_op.add_column(sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("first_reply_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("first_reply_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("last_word_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("contact_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("correspondent_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("organisation_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("stage_before_merge", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.alter_column("contact_email", existing_type=sa.VARCHAR(length=254), nullable=True)
        batch_op.drop_index(batch_op.f("ix_enquiries_received_at"))
        batch_op.create_index("ix_enquiries_received_at", ["received_at", "reference"], unique=False)
        batch_op.create_index(
            "ix_enquiries_contact_id",
            ["contact_id", "received_at"],
            unique=False,
            sqlite_where=sa.text("contact_id IS NOT NULL"),
            postgresql_where=sa.text("contact_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_enquiries_correspondent_id",
            ["correspondent_id"],
            unique=False,
            sqlite_where=sa.text("correspondent_id IS NOT NULL"),
            postgresql_where=sa.text("correspondent_id IS NOT NULL"),
        )
        batch_op.create_index("ix_enquiries_establishment_id", ["establishment_id", "received_at"], unique=False)
        batch_op.create_index(
            "ix_enquiries_merged_into",
            ["merged_into"],
            unique=False,
            sqlite_where=sa.text("merged_into IS NOT NULL"),
            postgresql_where=sa.text("merged_into IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_enquiries_organisation_id",
            ["organisation_id", "received_at"],
            unique=False,
            sqlite_where=sa.text("organisation_id IS NOT NULL"),
            postgresql_where=sa.text("organisation_id IS NOT NULL"),
        )
        for name, columns, filled in _LISTED_BY:
            where = sa.text(filled)
            batch_op.create_index(name, columns, unique=False, sqlite_where=where, postgresql_where=where)
        batch_op.create_index("ix_enquiries_standing_stage", ["standing", "stage", "received_at"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_enquiries_contact_id"), "contacts", ["contact_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_enquiries_correspondent_id"), "contacts", ["correspondent_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_enquiries_organisation_id"), "organisations", ["organisation_id"], ["id"]
        )
    with op.batch_alter_table("establishments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("other_names", sa.Text(), nullable=True))
    # The reason of a step goes where people's words are kept now.
    op.execute("INSERT INTO timeline_words (entry_id, words) SELECT id, reason FROM timeline WHERE reason IS NOT NULL")
    with op.batch_alter_table("timeline", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=20), server_default="moved", nullable=False))
        batch_op.add_column(sa.Column("about", sa.String(length=100), nullable=True))
        batch_op.alter_column("was", existing_type=sa.VARCHAR(length=20), type_=sa.String(length=100), nullable=True)
        batch_op.alter_column("now", existing_type=sa.VARCHAR(length=20), type_=sa.String(length=100), nullable=True)
        batch_op.drop_column("reason")
    op.create_index("ix_enquiries_contact_email", "enquiries", [sa.text("lower(contact_email)")])
    op.create_index("ix_contacts_email", "contacts", [sa.text("lower(email)")], unique=True)
    op.create_index("ix_organisations_opening", "organisations", [sa.text("substr(bare_name, 1, 3)")])
    _make_organisations_of_establishments()
    about = sa.text("about IS NOT NULL")
    op.create_index("ix_timeline_about", "timeline", ["about"], sqlite_where=about, postgresql_where=about)
    make_append_only(op, "timeline")


def _make_organisations_of_establishments() -> None:
    """Every establishment that is known already is an organisation, as those that come later will be."""
    connection = op.get_bind()
    known = connection.execute(sa.text("SELECT id, name, bare_name, nation, active FROM establishments")).all()
    now = datetime.now(UTC)
    organisations = sa.table(
        "organisations",
        sa.column("id", sa.Uuid()),
        sa.column("kind"),
        sa.column("name"),
        sa.column("bare_name"),
        sa.column("nation"),
        sa.column("establishment_id"),
        sa.column("active", sa.Boolean()),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("created_by"),
    )
    rows = [
        {
            "id": uuid4(),
            "kind": "establishment",
            "name": each.name,
            "bare_name": each.bare_name,
            "nation": each.nation,
            "establishment_id": each.id,
            "active": bool(each.active),
            "created_at": now,
            "created_by": "register",
        }
        for each in known
    ]
    if rows:
        op.bulk_insert(organisations, rows)


def downgrade() -> None:
    make_changeable(op, "timeline")
    op.drop_index("ix_timeline_about", table_name="timeline")
    op.drop_index("ix_organisations_opening", table_name="organisations")
    op.drop_index("ix_contacts_email", table_name="contacts")
    op.drop_index("ix_enquiries_contact_email", table_name="enquiries")
    op.execute("DELETE FROM timeline_words WHERE entry_id IN (SELECT id FROM timeline WHERE kind <> 'moved')")
    op.execute("DELETE FROM timeline WHERE kind <> 'moved'")
    with op.batch_alter_table("timeline", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.TEXT(), nullable=True))
        batch_op.alter_column("now", existing_type=sa.String(length=100), type_=sa.VARCHAR(length=20), nullable=False)
        batch_op.alter_column("was", existing_type=sa.String(length=100), type_=sa.VARCHAR(length=20), nullable=False)
        batch_op.drop_column("about")
        batch_op.drop_column("kind")
    op.execute("UPDATE timeline SET reason = (SELECT words FROM timeline_words WHERE entry_id = timeline.id)")
    with op.batch_alter_table("establishments", schema=None) as batch_op:
        batch_op.drop_column("other_names")
    op.execute("UPDATE enquiries SET contact_email = '' WHERE contact_email IS NULL")
    with op.batch_alter_table("enquiries", schema=None) as batch_op:
        batch_op.alter_column("contact_email", existing_type=sa.VARCHAR(length=254), nullable=False)
        batch_op.drop_constraint(batch_op.f("fk_enquiries_organisation_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_enquiries_correspondent_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_enquiries_contact_id"), type_="foreignkey")
        batch_op.drop_index("ix_enquiries_standing_stage")
        for name, _columns, filled in _LISTED_BY:
            batch_op.drop_index(name, sqlite_where=sa.text(filled), postgresql_where=sa.text(filled))
        batch_op.drop_index(
            "ix_enquiries_organisation_id",
            sqlite_where=sa.text("organisation_id IS NOT NULL"),
            postgresql_where=sa.text("organisation_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_enquiries_merged_into",
            sqlite_where=sa.text("merged_into IS NOT NULL"),
            postgresql_where=sa.text("merged_into IS NOT NULL"),
        )
        batch_op.drop_index("ix_enquiries_establishment_id")
        batch_op.drop_index(
            "ix_enquiries_correspondent_id",
            sqlite_where=sa.text("correspondent_id IS NOT NULL"),
            postgresql_where=sa.text("correspondent_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_enquiries_contact_id",
            sqlite_where=sa.text("contact_id IS NOT NULL"),
            postgresql_where=sa.text("contact_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_enquiries_received_at")
        batch_op.create_index(batch_op.f("ix_enquiries_received_at"), ["received_at"], unique=False)
        batch_op.drop_column("erased_at")
        batch_op.drop_column("stage_before_merge")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("organisation_id")
        batch_op.drop_column("correspondent_id")
        batch_op.drop_column("contact_id")
        batch_op.drop_column("last_word_at")
        batch_op.drop_column("first_reply_at")
        batch_op.drop_column("first_reply_due_at")
        batch_op.drop_column("waiting_since")
        batch_op.drop_column("waiting_on")
        batch_op.drop_column("owner")
        batch_op.drop_column("filed_at")
        batch_op.drop_column("spam_reasons")
        batch_op.drop_column("spam_score")
        batch_op.drop_column("standing")
    with op.batch_alter_table("signatures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signatures_agreement_id"))
    op.drop_table("signatures")
    with op.batch_alter_table("drawdowns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_drawdowns_agreement_id"))
    op.drop_table("drawdowns")
    op.drop_table("timeline_words")
    with op.batch_alter_table("agreements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreements_reference"))
    op.drop_table("agreements")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tasks_reference"))
        batch_op.drop_index(
            "ix_tasks_open", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_tasks_contact_id"))
    op.drop_table("tasks")
    op.drop_table("strikes")
    op.drop_table("search_entries")
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proposals_reference"))
    op.drop_table("proposals")
    op.drop_table("not_duplicates")
    with op.batch_alter_table("matches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_matches_target"))
    op.drop_table("matches")
    op.drop_table("checklists")
    with op.batch_alter_table("holdings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_holdings_post_id"))
        batch_op.drop_index(
            "ix_holdings_now", sqlite_where=sa.text("until IS NULL"), postgresql_where=sa.text("until IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_holdings_contact_id"))
    op.drop_table("holdings")
    with op.batch_alter_table("contact_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_history_contact_id"))
    op.drop_table("contact_history")
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posts_organisation_id"))
    op.drop_table("posts")
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contacts_phone"))
        batch_op.drop_index(batch_op.f("ix_contacts_organisation_id"))
    op.drop_table("contacts")
    op.drop_table("suppressions")
    op.drop_table("saved_filters")
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisations_email_domain"))
        batch_op.drop_index(batch_op.f("ix_organisations_bare_name"))
    op.drop_table("organisations")
    op.drop_table("ledger_days")
    with op.batch_alter_table("data_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_data_requests_person_hash"))
    op.drop_table("data_requests")
    op.drop_table("canaries")
