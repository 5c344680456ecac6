"""The first tables of scheduling."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enquiries",
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("programme", sa.String(length=60), nullable=False),
        sa.Column("establishment_id", sa.String(length=10), nullable=True),
        sa.Column("group_size", sa.Integer(), nullable=True),
        sa.Column("preferred_start", sa.Date(), nullable=True),
        sa.Column("preferred_weekday", sa.String(length=3), nullable=True),
        sa.Column("preferred_window", sa.String(length=3), nullable=True),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_enquiries"),
    )
    op.create_table(
        "establishments",
        sa.Column("id", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("town", sa.String(length=100), nullable=False),
        sa.Column("nation", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("required_level", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_establishments"),
    )
    op.create_table(
        "facilitators",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facilitators"),
        sa.UniqueConstraint("email", name="uq_facilitators_email"),
    )
    op.create_table(
        "inbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("event_id", name="uq_inbox_event_id"),
    )
    op.create_index(
        "ix_inbox_unhandled",
        "inbox",
        ["subject", "seq"],
        unique=False,
        postgresql_where=sa.text("state != 'handled'"),
        sqlite_where=sa.text("state != 'handled'"),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("event_id", name="uq_outbox_event_id"),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
        sqlite_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "programmes",
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("cadence", sa.String(length=10), nullable=False),
        sa.Column("min_facilitators", sa.Integer(), nullable=False),
        sa.Column("min_group", sa.Integer(), nullable=False),
        sa.Column("max_group", sa.Integer(), nullable=False),
        sa.Column("price_pence", sa.Integer(), nullable=False),
        sa.Column("price_unit", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_programmes"),
    )
    op.create_table(
        "blackouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("yearly", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_blackouts_establishment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_blackouts"),
    )
    op.create_index("ix_blackouts_establishment_id", "blackouts", ["establishment_id"], unique=False)
    op.create_table(
        "clearances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_clearances_establishment_id"),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_clearances_facilitator_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clearances"),
        sa.UniqueConstraint(
            "facilitator_id",
            "establishment_id",
            "valid_from",
            name="uq_clearances_facilitator_id_establishment_id_valid_from",
        ),
    )
    op.create_table(
        "regime_windows",
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=3), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("end", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_regime_windows_establishment_id"),
        sa.PrimaryKeyConstraint("establishment_id", "weekday", "name", name="pk_regime_windows"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enquiry", sa.String(length=20), nullable=False),
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("programme", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_runs_establishment_id"),
        sa.ForeignKeyConstraint(["programme"], ["programmes.slug"], name="fk_runs_programme"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("enquiry", name="uq_runs_enquiry"),
    )
    op.create_table(
        "run_facilitators",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_run_facilitators_facilitator_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_facilitators_run_id"),
        sa.PrimaryKeyConstraint("run_id", "place", name="pk_run_facilitators"),
    )
    op.create_index("ix_run_facilitators_facilitator_id", "run_facilitators", ["facilitator_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("end", sa.Time(), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_sessions_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("run_id", "number", name="uq_sessions_run_id_number"),
    )
    op.create_index("ix_sessions_starts_at", "sessions", ["starts_at"], unique=False)
    op.create_table(
        "skipped_dates",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_skipped_dates_run_id"),
        sa.PrimaryKeyConstraint("run_id", "date", name="pk_skipped_dates"),
    )


def downgrade() -> None:
    op.drop_table("skipped_dates")
    op.drop_index("ix_sessions_starts_at", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_run_facilitators_facilitator_id", table_name="run_facilitators")
    op.drop_table("run_facilitators")
    op.drop_table("runs")
    op.drop_table("regime_windows")
    op.drop_table("clearances")
    op.drop_index("ix_blackouts_establishment_id", table_name="blackouts")
    op.drop_table("blackouts")
    op.drop_table("programmes")
    op.drop_index(
        "ix_outbox_unpublished",
        table_name="outbox",
        postgresql_where=sa.text("published_at IS NULL"),
        sqlite_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_index(
        "ix_inbox_unhandled",
        table_name="inbox",
        postgresql_where=sa.text("state != 'handled'"),
        sqlite_where=sa.text("state != 'handled'"),
    )
    op.drop_table("inbox")
    op.drop_table("facilitators")
    op.drop_table("establishments")
    op.drop_table("enquiries")
