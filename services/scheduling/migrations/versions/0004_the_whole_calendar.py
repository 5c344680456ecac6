"""The whole calendar: dated windows, rooms, people's time, holds, changes, papers, and no double booking."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.persistence.no_overlap import forbid_overlap
from shared.persistence.work import new_id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SINCE_EVER = date(2000, 1, 1)


def upgrade() -> None:
    _change_programmes()
    _date_the_windows()
    _add_to_places_and_people()
    _create_rooms()
    _change_runs()
    _change_sessions()
    _create_what_is_new()
    _carry_over()
    for key in ("facilitator_id", "room_id"):
        forbid_overlap(op, "bookings", key, "starts_at", "ends_at")


def _change_programmes() -> None:
    known = list(op.get_bind().execute(sa.text("SELECT * FROM programmes")).mappings())
    with op.batch_alter_table("runs") as batch_op:
        batch_op.drop_constraint("fk_runs_programme", type_="foreignkey")
    op.drop_table("programmes")
    programmes = op.create_table(
        "programmes",
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
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
        sa.Column("minimum_dose", sa.Integer(), nullable=False),
        sa.Column("modes", sa.JSON(), nullable=False),
        sa.Column("accreditations", sa.JSON(), nullable=False),
        sa.Column("one_needs", sa.JSON(), nullable=False),
        sa.Column("kit", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("slug", "version", name="pk_programmes"),
    )
    # Nobody has said yet what else they need: a next version of a programme says it.
    blank = {"modes": ["in_person"], "accreditations": [], "one_needs": [], "kit": []}
    rows = [{**each, "version": 1, "state": "live", "minimum_dose": each["sessions"], **blank} for each in known]
    if rows:
        op.bulk_insert(programmes, rows)


def _date_the_windows() -> None:
    query = sa.text("SELECT * FROM regime_windows").columns(start=sa.Time(), end=sa.Time())
    known = list(op.get_bind().execute(query).mappings())
    op.drop_table("regime_windows")
    windows = op.create_table(
        "regime_windows",
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=4), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("start", sa.Time(), nullable=True),
        sa.Column("end", sa.Time(), nullable=True),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_regime_windows_establishment_id"),
        sa.PrimaryKeyConstraint("establishment_id", "weekday", "name", "valid_from", name="pk_regime_windows"),
    )
    if known:
        op.bulk_insert(windows, [{**each, "valid_from": SINCE_EVER, "valid_until": None} for each in known])


def _add_to_places_and_people() -> None:
    with op.batch_alter_table("blackouts") as batch_op:
        batch_op.add_column(sa.Column("reason", sa.String(length=30), nullable=True))
    with op.batch_alter_table("clearances") as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=10), server_default="granted", nullable=False))
        batch_op.add_column(sa.Column("ctc", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("site_access", sa.Boolean(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("keys_until", sa.Date(), nullable=True))
        batch_op.create_index("ix_clearances_establishment_id", ["establishment_id"])
    with op.batch_alter_table("establishments") as batch_op:
        batch_op.add_column(sa.Column("latitude", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("longitude", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("ctc_required", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("under_18", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("under_18_approved_by", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("under_18_approved_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("under_18_reason", sa.String(length=30), nullable=True))
        batch_op.add_column(sa.Column("set_by_hand", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("memo_lead_days", sa.Integer(), server_default="10", nullable=False))
        batch_op.add_column(sa.Column("kit_lead_days", sa.Integer(), server_default="15", nullable=False))
        batch_op.add_column(sa.Column("report_minutes", sa.Integer(), server_default="60", nullable=False))
        batch_op.add_column(sa.Column("exit_minutes", sa.Integer(), server_default="30", nullable=False))
    with op.batch_alter_table("facilitators") as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=12), server_default="active", nullable=False))
        batch_op.add_column(sa.Column("insured_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("latitude", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("longitude", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("travel_limit_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("max_sessions_a_week", sa.Integer(), server_default="4", nullable=False))
        batch_op.add_column(sa.Column("max_groups_a_day", sa.Integer(), server_default="2", nullable=False))
        batch_op.add_column(sa.Column("vehicle", sa.String(length=40), nullable=True))


def _create_rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_rooms_establishment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
        sa.UniqueConstraint("establishment_id", "name", name="uq_rooms_establishment_id_name"),
    )


def _change_runs() -> None:
    with op.batch_alter_table("runs") as batch_op:
        batch_op.add_column(sa.Column("programme_version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("told", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("mode", sa.String(length=10), server_default="in_person", nullable=False))
        batch_op.add_column(sa.Column("group_size", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("room_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("zone", sa.String(length=40), server_default="Europe/London", nullable=False))
        batch_op.add_column(sa.Column("slot_start", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("slot_weekday", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("slot_window", sa.String(length=4), nullable=True))
        batch_op.add_column(sa.Column("slot_time", sa.Time(), nullable=True))
        batch_op.create_foreign_key("fk_runs_room_id", "rooms", ["room_id"], ["id"])
        batch_op.create_foreign_key(
            "fk_runs_programme_programme_version",
            "programmes",
            ["programme", "programme_version"],
            ["slug", "version"],
        )
        batch_op.create_index("ix_runs_establishment_id", ["establishment_id"])
    op.execute("UPDATE runs SET told = 1 WHERE state = 'confirmed'")
    op.execute("UPDATE runs SET slot_start = (SELECT min(date) FROM sessions WHERE run_id = runs.id)")
    op.execute(
        "UPDATE runs SET slot_time = (SELECT start FROM sessions WHERE run_id = runs.id AND number = 1) "
        "WHERE EXISTS (SELECT 1 FROM sessions WHERE run_id = runs.id)"
    )
    op.execute("UPDATE runs SET slot_start = '2000-01-01' WHERE slot_start IS NULL")
    with op.batch_alter_table("runs") as batch_op:
        batch_op.alter_column("slot_start", existing_type=sa.Date(), nullable=False)


def _change_sessions() -> None:
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.drop_constraint("uq_sessions_run_id_number", type_="unique")
        batch_op.add_column(sa.Column("kind", sa.String(length=10), server_default="planned", nullable=False))
        batch_op.add_column(sa.Column("state", sa.String(length=14), server_default="planned", nullable=False))
        batch_op.add_column(sa.Column("room_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("supersedes", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("told", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_foreign_key("fk_sessions_room_id", "rooms", ["room_id"], ["id"])
        batch_op.create_index("ix_sessions_run_id", ["run_id"])
    live = sa.text("state NOT IN ('cancelled', 'superseded')")
    op.create_index(
        "uq_sessions_live_number",
        "sessions",
        ["run_id", "number"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def _create_what_is_new() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=100), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("token_hash", name="uq_feeds_token_hash"),
    )
    op.create_table(
        "travel_times",
        sa.Column("here", sa.String(length=36), nullable=False),
        sa.Column("there", sa.String(length=36), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("here", "there", name="pk_travel_times"),
    )
    op.create_table(
        "accreditations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_accreditations_facilitator_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accreditations"),
        sa.UniqueConstraint(
            "facilitator_id", "kind", "valid_from", name="uq_accreditations_facilitator_id_kind_valid_from"
        ),
    )
    op.create_table(
        "escorts",
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("agreed_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_escorts_establishment_id"),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_escorts_facilitator_id"),
        sa.PrimaryKeyConstraint("facilitator_id", "establishment_id", "date", name="pk_escorts"),
    )
    op.create_table(
        "expiry_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=13), nullable=False),
        sa.Column("of", sa.String(length=60), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_expiry_notices_facilitator_id"),
        sa.PrimaryKeyConstraint("id", name="pk_expiry_notices"),
        sa.UniqueConstraint(
            *("facilitator_id", "what", "of", "valid_until", "days"),
            name="uq_expiry_notices_facilitator_id_what_of_valid_until_days",
        ),
    )
    op.create_table(
        "kit_approvals",
        sa.Column("establishment_id", sa.String(length=10), nullable=False),
        sa.Column("item", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("approval", sa.String(length=100), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishments.id"], name="fk_kit_approvals_establishment_id"),
        sa.PrimaryKeyConstraint("establishment_id", "item", name="pk_kit_approvals"),
    )
    op.create_table(
        "leave",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_leave_facilitator_id"),
        sa.PrimaryKeyConstraint("id", name="pk_leave"),
    )
    op.create_index("ix_leave_facilitator_id_last", "leave", ["facilitator_id", "last"], unique=False)
    op.create_table(
        "working_hours",
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("end", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_working_hours_facilitator_id"),
        sa.PrimaryKeyConstraint("facilitator_id", "weekday", "start", name="pk_working_hours"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_by", sa.String(length=100), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_changes_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_group_id", "changes", ["group_id"], unique=False)
    op.create_index("ix_changes_run_id_applied_at", "changes", ["run_id", "applied_at", "reversed_at"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_feedback_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_run_id", "feedback", ["run_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.String(length=100), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("warned_for", sa.Date(), nullable=True),
        sa.Column("extended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extended_for", sa.String(length=30), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_holds_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_run_id", "holds", ["run_id"], unique=False)
    op.create_index("ix_holds_state", "holds", ["state"], unique=False)
    op.create_index(
        "uq_holds_active_run",
        "holds",
        ["run_id"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "left_out_kit",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(length=100), nullable=False),
        sa.Column("instead", sa.String(length=200), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_left_out_kit_run_id"),
        sa.PrimaryKeyConstraint("run_id", "item", name="pk_left_out_kit"),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("session_ids", sa.JSON(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("instead_of", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=100), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_offers_facilitator_id"),
        sa.ForeignKeyConstraint(["instead_of"], ["facilitators.id"], name="fk_offers_instead_of"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_offers_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
    )
    op.create_index("ix_offers_facilitator_id", "offers", ["facilitator_id"], unique=False)
    op.create_index("ix_offers_run_id", "offers", ["run_id"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_assignments_facilitator_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_assignments_session_id"),
        sa.PrimaryKeyConstraint("session_id", "facilitator_id", name="pk_assignments"),
    )
    op.create_index("ix_assignments_facilitator_id", "assignments", ["facilitator_id"], unique=False)
    op.create_table(
        "attendance",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("attended", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("left_early", sa.Integer(), nullable=False),
        sa.Column("absent", sa.JSON(), nullable=False),
        sa.Column("seats", sa.JSON(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(length=100), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_attendance_session_id"),
        sa.PrimaryKeyConstraint("session_id", name="pk_attendance"),
    )
    op.create_table(
        "bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("facilitator_id", sa.Uuid(), nullable=True),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["facilitator_id"], ["facilitators.id"], name="fk_bookings_facilitator_id"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_bookings_room_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_bookings_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bookings"),
    )
    op.create_index("ix_bookings_facilitator_id_starts_at", "bookings", ["facilitator_id", "starts_at"], unique=False)
    op.create_index("ix_bookings_room_id_starts_at", "bookings", ["room_id", "starts_at"], unique=False)
    op.create_index("ix_bookings_session_id", "bookings", ["session_id"], unique=False)
    op.create_table(
        "gate_memos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=100), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approval", sa.String(length=100), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_gate_memos_run_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_gate_memos_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_gate_memos"),
        sa.UniqueConstraint("run_id", "session_id", "version", name="uq_gate_memos_run_id_session_id_version"),
    )
    op.create_index("ix_gate_memos_run_id", "gate_memos", ["run_id"], unique=False)
    op.create_table(
        "kit_counts",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(length=100), nullable=False),
        sa.Column("counted_out", sa.Integer(), nullable=False),
        sa.Column("counted_in", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_kit_counts_session_id"),
        sa.PrimaryKeyConstraint("session_id", "item", name="pk_kit_counts"),
    )
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=14), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("party", sa.String(length=12), nullable=True),
        sa.Column("notice_minutes", sa.Integer(), nullable=True),
        sa.Column("held_minutes", sa.Integer(), nullable=True),
        sa.Column("remedy", sa.String(length=10), nullable=True),
        sa.Column("chargeable", sa.Boolean(), nullable=False),
        sa.Column("charge_reason", sa.String(length=200), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_outcomes_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_session_id", "outcomes", ["session_id"], unique=False)
    op.create_table(
        "overrides",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_overrides_run_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_overrides_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
    )
    op.create_index("ix_overrides_run_id", "overrides", ["run_id"], unique=False)


def _carry_over() -> None:
    """Give each session the team of its run, and book their time where the run is confirmed."""
    op.execute(
        "INSERT INTO assignments (session_id, facilitator_id, place, role) "
        "SELECT sessions.id, run_facilitators.facilitator_id, run_facilitators.place, 'regular' "
        "FROM sessions JOIN run_facilitators ON run_facilitators.run_id = sessions.run_id"
    )
    rows = list(_booked())
    if rows:
        op.bulk_insert(_BOOKINGS, rows)


_BOOKINGS = sa.table(
    "bookings",
    sa.column("id", sa.Uuid()),
    sa.column("session_id", sa.Uuid()),
    sa.column("facilitator_id", sa.Uuid()),
    sa.column("starts_at", sa.DateTime(timezone=True)),
    sa.column("ends_at", sa.DateTime(timezone=True)),
)


def _booked() -> Iterator[dict[str, Any]]:
    query = sa.text(
        "SELECT sessions.id AS session_id, facilitator_id, starts_at, ends_at FROM assignments "
        "JOIN sessions ON sessions.id = assignments.session_id "
        "JOIN runs ON runs.id = sessions.run_id WHERE runs.state = 'confirmed'"
    ).columns(session_id=sa.Uuid(), facilitator_id=sa.Uuid(), starts_at=sa.DateTime(), ends_at=sa.DateTime())
    for row in op.get_bind().execute(query).mappings():
        yield {"id": new_id(), **row}


def downgrade() -> None:
    raise NotImplementedError("What the calendar holds by now has no place in the tables before it: restore a backup.")
